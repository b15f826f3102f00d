"""The month report: its figures, the choice of days, and the list of entries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import oscar
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone as django_timezone
from django.utils.formats import date_format

from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.money.months import PER_PAGE, EntryPaginator
from oscar_mpesa.dashboard.money.views import month_to_export
from oscar_mpesa.dashboard.xlsx_export import has_xlsx
from oscar_mpesa.reports.entries import PostedEntries
from oscar_mpesa.services.refunds import void_refund
from tests.dashboard.staff import (
    VIEW,
    claim_url,
    new_allocation,
    new_claim,
    new_receipt,
    orders_staff_client,
    page_text,
    receipt_url,
    staff_client,
    url_of,
    use_production,
)
from tests.query_counts import counted
from tests.reports.bridge_month import BridgeMonth
from tests.services.money import FIRST, PERMISSIONS, SECOND, receipt, twice_paid
from tests.services.refunds import refund
from tests.shop import NOON, later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

NOVEMBER = {"month": "2026-11"}
DAYS = 24 * 3600


def page(query: dict[str, str] | None = None, *permissions: str) -> Any:
    response = staff_client(*permissions).get(url_of("month"), NOVEMBER if query is None else query)
    assert response.status_code == 200
    return response


def text(query: dict[str, str] | None = None) -> str:
    return page_text(page(query))


def html(query: dict[str, str] | None = None, *permissions: str) -> str:
    return str(page(query, *permissions).content.decode())


def test_page_shows_the_own_sums_of_a_month() -> None:
    BridgeMonth()

    shown = text()

    taken = 1500 + 400 + 1500 + 800 + 1550 + 1100 + 2 * 650 + 110
    assert f"November 2026 TEST KSh {taken:,} in test payments" in shown
    assert "Orders placed, as Oscar counts them 15 KSh 12,336.50" in shown
    assert "Not paid, order still open 2 -KSh 1,400" in shown
    assert "Rounding and other differences 1 KSh 0.50" in shown
    assert "Taken on these days for orders of other days KSh 1,100" in shown
    assert "Orders in USD are left out: 1, together 120.00." in shown
    assert "Unmatched at the end KSh 0" in shown


def test_page_of_a_real_shop_says_taken(settings: Any) -> None:
    use_production(settings)
    new_receipt(order=new_order())

    shown = text()

    assert "November 2026 KSh 1,500 taken" in shown
    assert "TEST" not in shown


def test_page_shows_the_month_that_accountants_work_on() -> None:
    expected = month_to_export(today(django_timezone.now()))

    assert date_format(expected, "F Y") in text({})


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"month": "November"}, "Enter a month such as 2026-11."),
        ({"month": "2026-13"}, "Enter a month such as 2026-11."),
        ({"month": "1999-12"}, "Enter a month such as 2026-11."),
        ({"month": ""}, "This field is required."),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "Choose a day that is not before the first one."),
        ({"from": "2026-11-02"}, "This field is required."),
        ({"from": "2026-11-02", "to": "9999-12-31"}, "Ensure this value is less than or equal to"),
        ({"to": "tomorrow", "from": "2026-11-01"}, "Enter a valid date."),
    ],
)
def test_days_that_are_not_valid_show_an_error_and_no_figures(query: dict[str, str], error: str) -> None:
    shown, of_month = text(query), text()

    assert error in shown and "nothing is shown" in shown
    assert "Money in" in of_month and "Money in" not in shown


def test_two_days_show_what_was_posted_between_them() -> None:
    twice_paid()
    refund(receipt(FIRST), new_staff_user(*PERMISSIONS), amount=700, at=2 * DAYS)

    both, after = (text({"from": first, "to": "2026-11-25"}) for first in ("2026-11-23", "2026-11-24"))

    assert "23 Nov 2026 to 25 Nov 2026 TEST" in both
    assert "Money in 2 KSh 3,000" in both and "Money in 0 KSh 0" in after
    assert "Refunds of orders' money 1 -KSh 700" in after


def test_whole_month_as_two_days_is_called_a_month() -> None:
    assert "November 2026" in text({"from": "2026-11-01", "to": "2026-11-30"})


def test_one_day_is_named_once() -> None:
    shown = text({"from": "2026-11-23", "to": "2026-11-23"})

    assert "23 Nov 2026 TEST" in shown and "23 Nov 2026 to" not in shown


def test_links_lead_to_the_months_around() -> None:
    shown, first = html({"month": "2025-03"}), html({"month": "2000-01"})

    assert 'href="?month=2025-02"' in shown and 'href="?month=2025-04"' in shown
    assert 'href="?month=2000-02"' in first and 'rel="prev"' not in first


def test_no_link_leads_to_a_month_to_come() -> None:
    current = today(django_timezone.now())

    shown = html({"month": f"{current:%Y-%m}"})

    assert 'rel="prev"' in shown and 'rel="next"' not in shown
    assert "not closed yet" in shown and "not closed yet" not in html({"month": "2025-03"})


def test_entries_are_listed_by_pages_oldest_first() -> None:
    numbers = [f"OD00ROW{number:03}" for number in range(PER_PAGE + 3)]
    for index, number in enumerate(numbers):
        new_receipt(number, environment="simulated", paid_at=later(index))

    first, second = html(), html({**NOVEMBER, "page": "2"})

    assert [number in first for number in numbers] == [True] * PER_PAGE + [False] * 3
    assert [number in second for number in numbers] == [False] * PER_PAGE + [True] * 3
    assert first.index(numbers[0]) < first.index(numbers[1])
    assert "?month=2026-11&amp;page=2#entries" in first and "?month=2026-11&amp;page=1#entries" in second
    assert "Page 2 of 2" in second


def test_pages_end_before_the_database_reads_too_much() -> None:
    entries = PostedEntries("simulated", date(2026, 11, 1), date(2026, 11, 30))

    many, few = (EntryPaginator(entries, PER_PAGE, found=found) for found in (2_501, 2_500))

    assert (many.num_pages, many.ends_early) == (50, True)
    assert (few.num_pages, few.ends_early) == (50, False)


def test_entries_link_to_their_money_and_order() -> None:
    claim = new_claim(new_order())
    order = new_order()
    money = new_receipt(None, environment="simulated", order=order)

    shown = orders_staff_client().get(url_of("month"), NOVEMBER).content.decode()

    assert f'<a href="{claim_url(claim)}">OD777KKK77</a>' in shown
    assert f'<a href="{receipt_url(money)}">code missing</a>' in shown
    assert f'/orders/{order.number}/">{order.number}</a>' in shown


def test_money_sent_out_is_below_zero_in_the_list() -> None:
    twice_paid()
    staff = new_staff_user(*PERMISSIONS)
    sent, *_ = refund(receipt(SECOND), staff, amount=700, at=2 * DAYS)
    void_refund(sent, by=staff, note="not sent", now=later(3 * DAYS))

    shown = text()

    assert f"unmatched money refunded {SECOND}" in shown and "-KSh 700" in shown
    assert f"refund of unmatched money voided {SECOND}" in shown and " KSh 700" in shown


def test_entry_posted_later_shows_the_time_of_mpesa() -> None:
    paid_at = NOON - timedelta(days=40)
    new_receipt("OD00LATE01", environment="simulated", paid_at=paid_at, posted_on=NOON.date(), status="unmatched")
    new_receipt("OD00SOON01", environment="simulated", status="unmatched")

    shown = text()

    assert "23 Nov 2026 M-PESA: 14 Oct 2026, 15:00 received OD00LATE01" in shown
    assert "23 Nov 2026 received OD00SOON01" in shown
    assert "Posted on a later day than M-PESA's: 1" in shown


def test_files_are_offered_to_those_who_may_export() -> None:
    may_not, may = html(), html(None, "export_payments")

    assert "from=2026-11-01&amp;to=2026-11-30&amp;format=csv" in may and "Download: CSV" in may
    assert ("Download: Excel (XLSX)" in may) is has_xlsx()
    assert "from=2026-11-01" not in may_not and "Download" not in may_not


def test_bridge_links_to_oscars_own_report_of_the_orders() -> None:
    address = "?report_type=order_report&amp;date_from=2026-11-01&amp;date_to=2026-11-30"
    client, clerk = Client(), new_staff_user(VIEW, "view_turnover")
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="analytics"))
    client.force_login(clerk)

    linked = client.get(url_of("month"), NOVEMBER).content.decode()

    assert f'href="{reverse("dashboard:reports-index")}{address}"' in linked
    if oscar.VERSION >= (4, 2):
        assert address not in html()


def test_numbers_in_names_are_masked_without_the_permission() -> None:
    money = new_receipt(environment="simulated")
    new_allocation(money, new_order(), by_name="Juma 0708 374 149")

    masked, full = html(), html(None, "view_full_phone")

    assert "Juma •••149" in masked and "0708 374 149" not in masked
    assert "Juma 0708 374 149" in full


def test_other_environments_are_left_out() -> None:
    new_receipt("OD00REAL01")
    new_receipt("OD00TEST01", environment="simulated")

    assert "OD00TEST01" in text() and "OD00REAL01" not in text()


def test_queries_do_not_grow_with_entries() -> None:
    client = staff_client()
    counts = []
    for number in (1, 10):
        for index in range(number):
            money = new_receipt(f"OD{number:02}ROW{index:03}", environment="simulated", order=new_order())
            new_allocation(money, None, posted_on=date(2026, 12, 1))
        with counted() as count:
            client.get(url_of("month"), NOVEMBER)
        counts.append(len(count))

    assert counts[0] == counts[1] <= 20
