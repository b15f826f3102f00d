"""Questions of staff on their first day: set-up, search, export, blocked phones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.money.views import month_to_export
from oscar_mpesa.dashboard.setup.views import SetupView
from oscar_mpesa.models import MpesaBlockedPhone, MpesaCallback, MpesaEvent, MpesaJobRun, MpesaPayment
from oscar_mpesa.models.receipts import MpesaReceipt
from oscar_mpesa.services.blocked_phones import block_phone
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.reconciliation import RECONCILE
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.steps import steps
from tests.dashboard.staff import (
    ALL,
    TAGS,
    decision_url,
    new_receipt,
    orders_staff_client,
    page_text,
    staff_client,
    url_of,
    use_production,
)
from tests.services.unmatched import surplus
from tests.setup_check.probes import set_up
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return page_text((client or staff_client()).get(url_of(name, *args), asked))


# Set-up


def steps_of(client: Client | None = None) -> list[str]:
    """Return the steps of the set-up page with their marks."""
    page = (client or staff_client()).get(url_of("setup")).content.decode()
    listed = page.partition("mpesa-steps")[2].partition("</ol>")[0].split("<li")[1:]
    return [" ".join(TAGS.sub(" ", step.partition("<p>")[2].partition("</p>")[0]).split()) for step in listed]


def test_setup_page_in_test_mode_shows_the_first_step() -> None:
    text = seen("setup", client=staff_client("act_on_payment"))

    assert "Next Make an app on Safaricom's developer portal, and set its key and secret." in text
    assert "Test mode: Safaricom's keys are not set, and no real money moves." in text
    assert "The settings are there and fit together." not in text
    assert "MPESA_CONSUMER_KEY not set" in text and "missing" not in text
    assert "sandbox, once Safaricom's keys are set; the simulator until then" in text
    assert "In test mode there is nothing to test." in text and "Run the test" not in text


def test_setup_page_shows_the_callback_url_and_the_cron_line() -> None:
    text = page_text(staff_client().get(url_of("setup"), headers={"host": "duka.co.ke"}))

    assert "MPESA_CALLBACK_URL=https://duka.co.ke/api/payments/hooks" in text
    assert "* * * * * cd /srv/shop && .venv/bin/python manage.py mpesa_reconcile" in text
    assert "docs/set-up.md" in text


def test_setup_page_opens_without_mounted_callback_urls(settings: Any) -> None:
    urls = ModuleType("urls_without_hooks")
    config: Any = apps.get_app_config("dashboard")
    urls.urlpatterns = [path("dashboard/", config.urls)]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls
    request = RequestFactory().get("/", headers={"host": "duka.co.ke"})
    request.user = new_staff_user("view_mpesapayment")

    assert "https://duka.co.ke/api/payments/hooks" in str(SetupView(request=request).get_context_data()["steps"])


def test_setup_steps_are_marked_as_done_or_next(settings: Any) -> None:
    set_up(settings, CALLBACK_URL="https://duka.example.com/api/payments/hooks")

    before = steps_of()
    MpesaJobRun.objects.create(job=RECONCILE, last_run_at=timezone.now())
    after = steps_of()

    assert [step.split()[0] for step in before] == ["Done", "Done", "Done", "Next", "Try", "Go", "Offer"]
    assert [step.split()[0] for step in after] == ["Done", "Done", "Done", "Done", "Next", "Go", "Offer"]


def test_setup_steps_are_folded_in_a_live_shop(settings: Any) -> None:
    use_production(settings)
    MpesaPayment.objects.filter(pk=pay(new_payment()).pk).update(environment="production")
    MpesaJobRun.objects.create(job=RECONCILE, last_run_at=NOON)
    MpesaJobRun.objects.update(last_run_at=timezone.now())

    text = seen("setup")

    assert "From zero to live – all done" in text and "Next " not in text.partition("What can be seen")[0]


def test_optional_secret_is_not_shown_as_missing(settings: Any) -> None:
    set_up(settings)

    text = seen("setup")

    assert "MPESA_HEALTH_TOKEN not set; optional" in text and "MPESA_SUPPORT_CONTACT not set; optional" in text
    assert "MPESA_SHORTCODE_TYPE not set MPESA" in text


def test_shortcode_is_missing_once_credentials_are_set(settings: Any) -> None:
    set_up(settings, SHORTCODE="", CALLBACK_URL="")

    text = seen("setup")

    assert "MPESA_SHORTCODE missing" in text and "MPESA_CALLBACK_URL missing" in text


def test_step_is_not_done_if_payments_fail_with_its_error(settings: Any) -> None:
    failed = MpesaPayment.objects.filter(pk=new_payment().pk)
    ours = {"environment": "sandbox", "shortcode": "174379"}
    failed.update(status="failed", result_code="2028", created_at=timezone.now(), **ours)
    set_up(settings)

    assert "Till and paybill are probably mixed up" in seen("setup")
    assert [step.split()[0] for step in steps_of()][:3] == ["Done", "Next", "Done"]


@pytest.mark.parametrize(("name", "place"), [("token-refused", 0), ("passkey-refused", 1), ("callback-missing", 2)])
def test_failed_check_reverts_its_step(settings: Any, name: str, place: int) -> None:
    set_up(settings)
    finding = Finding(name=name, level=Level.ERROR, sentence="wrong")

    marks = [step.is_done for step in steps([finding], hooks="", is_tried=True)]

    assert marks[:3] == [place != 0, place != 1, place != 2]


def test_setup_page_translates_simulated(settings: Any) -> None:
    with translation.override("sw"):
        said = page_text(staff_client().get(url_of("setup")))
        of_tests = translation.pgettext("choice", "simulated")

    assert f"mazingira ya {of_tests}" in said and of_tests != "simulated"


@pytest.mark.parametrize("name", ["overview", "payments", "receipts", "record", "callbacks", "setup", "blocked-phones"])
def test_each_page_of_a_test_shop_says_test_once(name: str) -> None:
    text = seen(name, client=staff_client("record_claim"))

    assert text.count("TEST No real money moves in this shop: nothing here is income.") == 1


def test_test_payment_in_a_live_shop_is_marked_as_test(settings: Any) -> None:
    payment = pay(new_payment())
    use_production(settings)

    assert "TEST: this is not real money." in seen("payment", payment.pk)
    assert "TEST" not in seen("overview")


# Search


@pytest.mark.parametrize("typed", ["h000042", " #H000042 ", "# h000042", "wanjiru.k", "Wanjiru.K@"])
def test_payment_is_found_by_order_number_and_start_of_email(typed: str) -> None:
    payment, other = new_payment(), new_payment(phone=ANOTHER)
    Order.objects.filter(pk=payment.order_id).update(number="H000042", guest_email="wanjiru.k@example.com")

    page = staff_client().get(url_of("payments"), {"q": typed}).content.decode()

    assert url_of("payment", payment.pk) in page
    assert url_of("payment", other.pk) not in page


def test_list_shows_failure_reasons_and_other_codes_of_the_order() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first, code=1), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    post(second, failure(second, code=2001), now=later(30))
    clerk = new_staff_user("record_claim")
    record_claim("OD555EEE55", Decimal(1500), order=order, by=clerk, note="M-PESA portal", now=later(600))

    text = seen("payments")

    assert "failed wrong M-PESA PIN" in text and "failed balance too low" in text
    assert text.count("( OD555EEE55 )") == 2


def test_callback_links_to_its_order_or_payment_by_permission() -> None:
    payment, sees_orders = pay(new_payment()), orders_staff_client()
    message = ("callback", MpesaCallback.objects.get().pk)
    of_payment = f'href="{url_of("payment", payment.pk)}"'
    of_order = f'href="{reverse("dashboard:order-detail", args=[payment.mpesa_order.order.number])}"'

    def links(client: Client, *page: Any) -> tuple[bool, bool]:
        shown = client.get(url_of(*page)).content.decode()
        return of_order in shown, of_payment in shown

    assert (links(staff_client(), "callbacks"), links(sees_orders, "callbacks")) == ((False, True), (True, False))
    assert (links(staff_client(), *message), links(sees_orders, *message)) == ((False, True), (True, True))


# Exports


def test_default_export_month_is_the_last_one_in_its_first_days() -> None:
    assert month_to_export(date(2026, 12, 10)) == date(2026, 11, 30)
    assert month_to_export(date(2026, 12, 11)) == date(2026, 12, 11)
    assert month_to_export(date(2027, 1, 1)) == date(2026, 12, 22)


# Blocked phones


def test_blocked_phone_is_shown_with_who_blocked_it_and_why() -> None:
    payment = pay(new_payment())
    block_phone(payment.phone_number, by=new_staff_user("block_phone"), note="rang us", now=NOON)

    assert "0708 •••149 blocked: no more prompts to it" in seen("payment", payment.pk)
    text = seen("blocked-phones")
    assert "0708 •••149 Since 23 Nov 2026, 15:00, by Achieng Were: rang us" in text
    assert "Allow prompts again" not in text
    assert "0708 374 149" in seen("blocked-phones", client=staff_client("view_full_phone"))


def test_phone_is_unblocked_with_a_note_and_a_name() -> None:
    blocked = block_phone(ANOTHER, by=new_staff_user("block_phone"), note="rang us", now=NOON)
    client = staff_client("block_phone")

    refused = page_text(client.post(url_of("unblock-phone", blocked.pk), follow=True))
    text = page_text(client.post(url_of("unblock-phone", blocked.pk), {"block-note": "has a new owner"}, follow=True))

    assert "Write a note: why prompts may be sent again." in refused
    assert "Prompts can be sent to this number again." in text and "No number is blocked." in text
    assert not MpesaBlockedPhone.objects.exists()
    event = MpesaEvent.objects.get(type="phone_unblocked")
    assert event.params == {"phone": ANOTHER.masked, "note": "has a new owner"}
    assert event.by_name == "Achieng Were"


def test_second_click_on_unblock_changes_nothing() -> None:
    blocked = block_phone(ANOTHER, by=new_staff_user("block_phone"), note="rang us", now=NOON)
    client = staff_client("block_phone")
    client.post(url_of("unblock-phone", blocked.pk), {"block-note": "has a new owner"})

    text = page_text(client.post(url_of("unblock-phone", blocked.pk), {"block-note": "has a new owner"}, follow=True))

    assert "Prompts can be sent to this number again." in text
    assert MpesaEvent.objects.filter(type="phone_unblocked").count() == 1


def test_alert_about_the_server_says_whom_to_ask() -> None:
    surplus()

    assert "The automatic check is not running. Forward this to your developer: mpesa_reconcile" in seen("overview")


def test_receipt_without_a_payment_shows_no_phone() -> None:
    receipt = new_receipt(environment="simulated", status="unmatched", order=new_order())

    text = page_text(staff_client(*ALL).get(decision_url("refund", receipt)))

    assert "to the number that paid. Then record it here." in text
    assert MpesaReceipt.objects.get() == receipt
