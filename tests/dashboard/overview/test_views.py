"""The overview: to whom M-PESA is offered, the alerts, and the statistics."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.alerts import rules
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.overview.views import LINK_LABELS
from oscar_mpesa.models import MpesaJobRun
from oscar_mpesa.services import reconciliation
from tests.alerts.connectivity_rows import (
    UNREACHABLE,
    new_ended_payments,
    new_waiting_payments,
    record_call,
    with_credentials,
)
from tests.dashboard.staff import new_receipt
from tests.query_counts import counted
from tests.services.unmatched import surplus, surplus_of_today
from tests.shop import new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk() -> Client:
    client = Client()
    client.force_login(new_staff_user("view_mpesapayment", "view_turnover"))
    return client


@pytest.fixture(autouse=True)
def _reconcile_runs() -> None:
    reconciliation.record_job_run(reconciliation.RECONCILE, now=timezone.now())


def page(client: Client) -> str:
    """Return the page's HTML with single spaces."""
    response = client.get(reverse("dashboard:mpesa-overview"))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def a_production_shop(settings: Any, **changes: Any) -> None:
    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False, **changes)


def test_new_shop_has_no_alerts_and_no_payments(clerk: Client) -> None:
    words = page(clerk)

    assert "Nothing needs attention." in words
    assert "No payments by M-PESA in these 30 days yet." in words
    assert "<svg" not in words


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        pytest.param({"AVAILABLE_TO": "everyone"}, "Everyone", id="everyone"),
        pytest.param({"AVAILABLE_TO": "staff"}, "Staff only", id="staff"),
        pytest.param({"AVAILABLE_TO": "nobody"}, "Off", id="nobody"),
        pytest.param({"PASSKEY": ""}, "Off", id="wrong settings"),
    ],
)
def test_page_shows_to_whom_mpesa_is_offered(clerk: Client, settings: Any, changes: dict[str, str], word: str) -> None:
    a_production_shop(settings, **changes)

    words = page(clerk)

    assert f"M-PESA is offered to: <strong>{word}</strong>" in words
    assert ("its settings are wrong (E003)" in words) is ("PASSKEY" in changes)


def test_alert_is_a_sentence(clerk: Client) -> None:
    surplus_of_today()

    assert "Refund KSh 1,500, or match it to another order: it arrived for an order that was already paid." in page(
        clerk
    )


def test_page_opens_without_a_cache(clerk: Client, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "CACHE": "gone"}

    assert "M-PESA overview" in page(clerk)


def test_urgent_alert_is_marked(clerk: Client) -> None:
    MpesaJobRun.objects.all().delete()
    pay(new_payment())

    assert "<strong>Urgent:</strong> The automatic check is not running." in page(clerk)


def test_page_shows_totals_and_statistics(clerk: Client, settings: Any) -> None:
    new_receipt(order=new_order(), paid_at=timezone.now(), amount=48200)
    new_ended_payments(3, status="completed", at=timezone.now(), environment="production")
    new_ended_payments(1, status="cancelled", at=timezone.now(), environment="production", code="1032")
    a_production_shop(settings)

    words = page(clerk)

    assert "TEST" not in words
    assert "<strong>KSh 48,200</strong> taken" in words
    assert "<dt>Success rate</dt><dd>75 %</dd>" in words
    assert "<dt>Typical time to pay</dt><dd>12 seconds</dd>" in words
    assert "canceled, closed or ignored on the phone" in words
    assert 'role="img"' in words


def test_test_shop_shows_totals_as_test_payments(clerk: Client) -> None:
    new_receipt(order=new_order(), paid_at=timezone.now(), environment="simulated")

    words = page(clerk)

    assert "<strong>TEST</strong>" in words
    assert "<strong>KSh 1,500</strong> in test payments" in words
    assert "taken" not in words


def test_production_shop_shows_no_test_receipts(clerk: Client, settings: Any) -> None:
    surplus()
    new_receipt("OD999JJJ99", order=new_order(), paid_at=timezone.now(), environment="simulated")
    a_production_shop(settings)

    words = page(clerk)

    assert "1,500" not in words
    assert "Nothing needs attention." in words


def test_link_is_empty_without_permission() -> None:
    may, may_not = new_staff_user("view_mpesapayment"), new_staff_user()

    assert link(may, "dashboard:mpesa-overview") == reverse("dashboard:mpesa-overview")
    assert link(may_not, "dashboard:mpesa-overview") == ""
    assert link(may, "dashboard:mpesa-nowhere") == ""


def test_page_has_no_inline_styles_or_scripts(clerk: Client) -> None:
    new_ended_payments(3, status="completed", at=timezone.now())
    new_ended_payments(1, status="cancelled", at=timezone.now(), code="1032")

    words = page(clerk)
    ours = words[words.index("mpesa-dashboard") : words.rindex("</section>")]

    assert "<svg" in ours
    assert "style=" not in ours
    assert "<script" not in ours


def test_page_costs_at_most_eighteen_queries(clerk: Client, settings: Any) -> None:
    surplus()
    new_ended_payments(3, status="completed", at=timezone.now(), environment="sandbox")
    new_ended_payments(2, status="failed", at=timezone.now(), environment="sandbox", code="1")
    with_credentials(settings)
    new_waiting_payments(2)
    record_call("push", UNREACHABLE, at=timezone.now())
    page(clerk)

    with counted() as count:
        page(clerk)

    questions = [sql for sql in count if sql.startswith("SELECT")]
    assert len(questions) <= 18, str(count)


def test_every_alert_url_has_a_link_label() -> None:
    places = {value for value in vars(rules).values() if str(value).startswith("dashboard:mpesa-")}

    assert set(LINK_LABELS) == places


def test_page_costs_at_most_eighteen_queries_without_cached_days(clerk: Client) -> None:
    surplus()
    caches["default"].clear()

    with counted() as count:
        page(clerk)

    assert len([sql for sql in count if sql.startswith("SELECT")]) <= 18, str(count)


def test_page_says_what_oscars_revenue_counts(clerk: Client) -> None:
    pay(new_payment())

    words = " ".join(page(clerk).split())

    assert "Oscar's dashboard adds up all orders: also orders that are not paid, closed or canceled" in words
    assert f'href="{reverse("dashboard:mpesa-month")}#sum-bridge"' in words
