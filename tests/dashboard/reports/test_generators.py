"""The M-PESA report: matched receipts of the shop's environment, by days in Nairobi."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_class
from oscar.test.factories import UserFactory

from oscar_mpesa.dashboard.reports import generators
from tests.dashboard.staff import new_allocation, new_receipt, new_refund, use_production
from tests.query_counts import counted
from tests.shop import NOON, later, new_order, new_payment, pay

pytestmark = pytest.mark.django_db

#: The permissions that the report needs.
REPORT = ("view_mpesapayment", "view_turnover")

DAYS = {"report_type": "mpesa_report", "date_from": "2026-11-23", "date_to": "2026-11-24"}


def somebody(*permissions: str, is_staff: bool = True) -> Client:
    """Return the client of a user with all of Oscar's permissions and these of ours."""
    user, client = UserFactory(is_staff=is_staff), Client()
    ours = Permission.objects.filter(content_type__app_label="oscar_mpesa", codename__in=permissions)
    others = Permission.objects.exclude(content_type__app_label="oscar_mpesa")
    user.user_permissions.set([*ours, *others])
    client.force_login(user)
    return client


def asked(client: Client, **changes: str) -> Any:
    return client.get(reverse("dashboard:reports-index"), {**DAYS, **changes})


def html(**changes: str) -> str:
    return str(asked(somebody(*REPORT), **changes).content.decode())


def rows(**changes: str) -> list[list[str]]:
    response = asked(somebody(*REPORT, "export_payments"), download="on", **changes)
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_report_is_registered_once() -> None:
    generators.install()
    generators.install()

    form = get_class("dashboard.reports.forms", "ReportForm")()
    codes = [code for code, _ in form.fields["report_type"].choices]
    assert codes.count("mpesa_report") == 1 and "order_report" in codes
    registered = get_class("dashboard.reports.utils", "GeneratorRepository").generators
    assert registered.count(generators.MpesaReportGenerator) == 1


def test_report_lists_what_counts_for_orders_only(settings: Any) -> None:
    use_production(settings)
    order = new_order()
    new_receipt("OD00USED01", order=order)
    new_receipt("OD00USED02", order=new_order(), amount=700)
    new_receipt("OD00TEST00", environment="sandbox", order=new_order())
    for number, status in enumerate(("overpaid", "unmatched", "wrong_amount", "refunded")):
        new_receipt(f"OD00OTHER{number}", status=status)
    new_allocation(new_receipt("OD00OTHER9", status="resolved"), None)

    page = html()

    assert "OD00USED01" in page and order.number in page and "OD00USED02" in page
    assert "OD00OTHER" not in page and "OD00TEST00" not in page and "TEST" not in page
    assert "M-PESA: KSh 2,200 (matched to orders: KSh 2,200, refunded: KSh 0)" in page
    assert "23 Nov 2026 to 24 Nov 2026" in page and "before Safaricom" in page


def test_refunds_and_reversals_are_rows_of_their_own_days(settings: Any) -> None:
    use_production(settings)
    first, second = (new_receipt(number, order=new_order()) for number in ("OD00USED01", "OD00USED02"))
    days: dict[str, Any] = {
        "happened_at": NOON + timedelta(days=2),
        "voided_on": date(2026, 11, 26),
        "voided_at": NOON + timedelta(days=3, hours=1),
    }
    new_refund(first, 500, allocation=first.allocations.get(), status="voided", **days)
    second.allocations.update(reversed_at=NOON + timedelta(days=3), reversed_on=date(2026, 11, 26))

    that_day, later_on = rows(), rows(date_from="2026-11-25", date_to="2026-11-26")

    assert [row[3:5] for row in that_day[1:]] == [["matched to the order", "1500.00"]] * 2
    assert [[row[0], *row[2:5]] for row in later_on[1:]] == [
        ["2026-11-25", "OD00USED01", "refunded", "-500.00"],
        ["2026-11-26", "OD00USED02", "no longer counts for the order", "-1500.00"],
        ["2026-11-26", "OD00USED01", "refund voided", "500.00"],
    ]
    assert "M-PESA: KSh -1,500" not in html()
    assert "M-PESA: -KSh 1,500 (matched to orders: -KSh 1,500, refunded: KSh 0)" in html(
        date_from="2026-11-25", date_to="2026-11-26"
    )


def test_rows_of_a_day_are_sorted_by_their_moment(settings: Any) -> None:
    use_production(settings)
    first, second = (new_receipt(number, order=new_order()) for number in ("OD00USED01", "OD00USED02"))
    new_refund(second, 500, allocation=second.allocations.get(), happened_at=later(60))
    new_refund(first, 300, allocation=first.allocations.get(), happened_at=later(90))
    first.allocations.update(reversed_at=later(30), reversed_on=NOON.date())

    assert [row[2:5] for row in rows()[1:]] == [
        ["OD00USED01", "matched to the order", "1500.00"],
        ["OD00USED02", "matched to the order", "1500.00"],
        ["OD00USED01", "no longer counts for the order", "-1500.00"],
        ["OD00USED02", "refunded", "-500.00"],
        ["OD00USED01", "refunded", "-300.00"],
    ]
    assert "M-PESA: income by day" in html()


def test_days_are_in_nairobi_in_any_shop_time_zone(settings: Any) -> None:
    use_production(settings)
    settings.TIME_ZONE = "America/New_York"
    for number, hours in [("OD00BEFORE", -15.001), ("OD00FIRST0", -15), ("OD00LAST00", 32.999), ("OD00AFTER0", 33)]:
        new_receipt(number, paid_at=NOON + timedelta(hours=hours), order=new_order())

    page = html()

    assert "OD00FIRST0" in page and "OD00LAST00" in page
    assert "OD00BEFORE" not in page and "OD00AFTER0" not in page
    assert "23 Nov 2026, 00:00" in page


def test_file_has_the_same_rows(settings: Any) -> None:
    use_production(settings)
    order = new_order()
    new_receipt(order=order)
    new_receipt("OD00TEST00", environment="sandbox", order=order)

    header, *lines = rows()

    assert header[:3] == ["Posted on", "M-PESA time (Nairobi)", "M-PESA code"]
    values = ["2026-11-23", "2026-11-23 15:00:00", "OD123ABC45", "matched to the order", "1500.00", order.number]
    assert lines == [[*values, "Production"]]


def test_test_shop_says_test() -> None:
    pay(new_payment())

    page = html()
    response = asked(somebody(*REPORT, "export_payments"), download="on")

    assert "TEST, no real money: M-PESA: KSh 1,500 (matched to orders: KSh 1,500," in page and "TEST</span>" in page
    assert "TEST-mpesa-paid-2026-11-23-to-2026-11-24.csv" in response["Content-Disposition"]
    assert "Simulated (test)" in response.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date_from": "", "date_to": ""}, "refunded: KSh 0)</h3>"),
        ({"date_to": ""}, "refunded: KSh 0): from 23 Nov 2026"),
        ({"date_from": ""}, "refunded: KSh 0): until 24 Nov 2026"),
    ],
    ids=["always", "from", "until"],
)
def test_days_are_optional(settings: Any, changes: dict[str, str], words: str) -> None:
    use_production(settings)
    new_receipt(order=new_order())

    assert words in " ".join(html(**changes).split()).replace(" </h3>", "</h3>")
    assert len(rows(**changes)) == 2


def test_report_and_file_need_their_permissions() -> None:
    viewer = somebody(*REPORT)

    assert asked(somebody()).status_code == 403
    assert asked(somebody("view_mpesapayment")).status_code == 403
    assert asked(somebody("view_mpesapayment", "export_payments"), download="on").status_code == 403
    assert asked(viewer).status_code == 200
    assert asked(viewer, download="on").status_code == 403


def test_report_is_paginated_at_constant_cost(settings: Any) -> None:
    use_production(settings)
    order, client = new_order(), somebody(*REPORT)
    for number in range(30):
        new_receipt(f"OD{number:08}", order=order)
    asked(client)

    with counted() as count:
        page = asked(client).content.decode()

    assert page.count("OD0000") == settings.OSCAR_DASHBOARD_ITEMS_PER_PAGE
    assert len(count) <= 12, str(count)
