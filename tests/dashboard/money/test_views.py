"""The list of receipts: undecided receipts first, filters, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.refunds import record_refund
from tests.bulk_rows import many_receipts
from tests.commit_hooks import commit_hooks
from tests.dashboard.staff import new_claim, new_receipt, orders_staff_client, page_text, staff_client, use_production
from tests.query_counts import counted
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import NOON, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

LIST = reverse("dashboard:mpesa-receipts")


def shown(response: Any) -> list[str]:
    """Return the codes of the rows, in order."""
    return re.findall(r'/money/\d+/">([A-Z0-9]{10}|code missing)<', response.content.decode())


def test_undecided_receipts_are_shown_oldest_first() -> None:
    new_receipt("OD000USED0")
    new_receipt("OD000NEWER", status="overpaid", paid_at=NOON + timedelta(hours=1))
    new_receipt("OD000OLDER", status="unmatched")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD000OLDER", "OD000NEWER"]
    assert "This money needs attention. Open each row to see what you can do." in response.content.decode()


def test_all_receipts_are_shown_newest_first_if_none_is_undecided() -> None:
    new_receipt("OD000OLDER")
    new_receipt("OD000NEWER", paid_at=NOON + timedelta(days=1), status="refunded")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD000NEWER", "OD000OLDER"]
    assert "No money needs attention." in response.content.decode()


def test_empty_list_has_a_message() -> None:
    page = staff_client().get(LIST).content.decode()

    assert "No money needs attention." in page
    assert "No money matches this." in page


@pytest.mark.parametrize(
    ("hours_ago", "status", "needs_attention"),
    [
        pytest.param(49, "Pending payment", True, id="not confirmed for two days"),
        pytest.param(47, "Pending payment", False, id="recorded recently"),
        pytest.param(1, "Cancelled", True, id="counts for nothing"),
    ],
)
def test_recorded_payment_with_an_alert_needs_attention(hours_ago: int, status: str, needs_attention: bool) -> None:
    claim = new_claim(new_order(), at=timezone.now() - timedelta(hours=hours_ago))
    if status == "Cancelled":
        with commit_hooks():
            claim.order.set_status(status)

    page = staff_client().get(LIST).content.decode()

    assert ("Recorded payments need attention." in page) is needs_attention
    assert ("No money needs attention." in page) is not needs_attention


def test_receipt_of_a_cancelled_order_needs_a_decision() -> None:
    with commit_hooks():
        pay(new_payment()).mpesa_order.order.set_status("Cancelled")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD123ABC45"]
    assert "needs attention</span>" in response.content.decode()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({"status": ""}, ["OD00LATE00", "OD00FIRST0", "OD00EARLY0"], id="all"),
        pytest.param({"status": "refunded"}, ["OD00FIRST0"], id="status"),
        pytest.param({"status": "needs-decision"}, ["OD00LATE00"], id="needs attention"),
        pytest.param({"code": " od00 first0 "}, ["OD00FIRST0"], id="code, as it is typed"),
        pytest.param({"amount": "700"}, ["OD00EARLY0"], id="amount"),
        pytest.param({"amount": "700.50"}, [], id="another amount"),
        pytest.param({"since": "2026-11-24", "until": "2026-11-24"}, ["OD00LATE00"], id="a day"),
        pytest.param({"until": "2026-11-22"}, ["OD00EARLY0"], id="until a day"),
        pytest.param({"order": "100042"}, [], id="an order without money"),
        pytest.param({"code": "OD00FIRST0", "status": "overpaid"}, [], id="both have to fit"),
    ],
)
def test_receipts_are_filtered(asked: dict[str, str], found: list[str]) -> None:
    new_receipt("OD00EARLY0", paid_at=NOON - timedelta(hours=15, seconds=1), amount=700)  # 23:59:59 on the 22nd
    new_receipt("OD00FIRST0", paid_at=NOON - timedelta(hours=15), status="refunded")  # midnight in Nairobi
    new_receipt("OD00LATE00", paid_at=NOON + timedelta(hours=9), status="overpaid")

    response = staff_client().get(LIST, asked)

    assert shown(response) == found


def test_receipt_is_found_by_its_order() -> None:
    payment = pay(new_payment())
    new_receipt("OD00OTHER0")

    response = orders_staff_client().get(LIST, {"order": f" #{payment.mpesa_order.order.number}"})

    assert shown(response) == ["OD123ABC45"]
    assert f"/dashboard/orders/{payment.mpesa_order.order.number}/" in response.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"code": "SHORT"},
        {"amount": "much"},
        {"amount": "-5"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"status": "stolen"},
        {"code": "\x00"},
        {"order": "\x00"},
        {"page": "many"},
        {"page": "99"},
        {"per_page": "0"},
    ],
    ids=str,
)
def test_invalid_filters_do_not_crash(asked: dict[str, str]) -> None:
    new_receipt()

    assert staff_client().get(LIST, asked).status_code == 200


def test_invalid_filter_shows_its_error() -> None:
    page = staff_client().get(LIST, {"code": "SHORT"}).content.decode()

    assert "An M-PESA code has ten capital letters and digits" in page
    assert 'value="SHORT"' in page


def test_only_test_receipts_are_marked_as_test(settings: Any) -> None:
    use_production(settings)
    new_receipt("OD00REAL00")
    real = staff_client().get(LIST, {"status": ""}).content.decode()
    new_receipt("OD00TEST00", environment="sandbox")

    both = staff_client().get(LIST, {"status": ""}).content.decode()

    assert "TEST<" not in real
    assert both.count("TEST</span>") == 1 and "no real money moves in this shop" not in both


@pytest.mark.parametrize(
    ("money", "words"), [(mismatch, "wrong amount"), (surplus, "overpaid"), (unallocated, "unmatched")]
)
def test_status_is_shown_with_its_label(money: Any, words: str) -> None:
    money()

    page = staff_client().get(LIST).content.decode()

    assert f"{words} <span" in page


def test_status_shows_unmatched_and_refunded_parts() -> None:
    receipt, order = surplus(), new_order(total="900.00")
    clerk = new_staff_user("match_receipt", "record_refund")
    allocate(receipt, order, by=clerk, now=later(60))
    record_refund(receipt, amount=Decimal(200), code="R1", by=clerk, now=later(90))

    text = page_text(staff_client().get(LIST))

    assert "overpaid · KSh 400 unmatched · KSh 200 refunded needs attention" in text
    assert order.number in text


# Recorded payments


def test_open_recorded_payments_are_listed_newest_first() -> None:
    older, newer = new_claim(new_order(), number="OD00OLDER0"), new_claim(new_order(), number="OD00NEWER0")

    page = staff_client().get(LIST).content.decode()

    assert "Recorded, not seen yet" in page and f"/money/recorded/{older.pk}/" in page
    assert page.index(f"/money/recorded/{newer.pk}/") < page.index(f"/money/recorded/{older.pk}/")


def test_confirmed_payment_is_no_more_among_the_recorded_ones() -> None:
    payment = new_payment()
    new_claim(payment.mpesa_order.order, number="OD123ABC45")
    pay(payment, number="OD123ABC45")

    page = staff_client().get(LIST, {"status": ""}).content.decode()

    assert "Recorded, not seen yet" not in page
    assert page.count("OD123ABC45") == 1


def test_search_by_code_finds_recorded_payments_too() -> None:
    claim, other = new_claim(new_order(), number="OD777KKK77"), new_claim(new_order(), number="OD888KKK88")
    withdraw_claim(claim, by=new_staff_user("record_claim"), note="typing error", now=later(60))

    text = page_text(staff_client().get(LIST, {"code": "OD777KKK77"}))

    assert "Recorded payments" in text and "OD777KKK77 TEST · withdrawn" in text
    assert other.number not in text


def test_recorded_payments_follow_the_other_filters() -> None:
    claim = new_claim(new_order(), amount=1234)
    client = staff_client()

    asked: list[dict[str, str]] = [
        {"amount": "1234"},
        {"order": claim.order.number},
        {"amount": "99"},
        {"since": "2026-11-24"},
        {"status": "matched"},
    ]
    found = ["OD777KKK77" in page_text(client.get(LIST, each)) for each in asked]

    assert found == [True, True, False, False, False]


def test_at_most_ten_recorded_payments_are_shown() -> None:
    order = new_order()
    for number in range(11):
        new_claim(order, number=f"OD0000KK{number:02}")

    text = page_text(staff_client().get(LIST))

    assert "OD0000KK10" in text and "OD0000KK01" in text and "OD0000KK00" not in text
    assert "Showing the newest 10: search by code or order to see others." in text


def test_page_has_25_rows_and_costs_at_most_16_queries() -> None:
    client = staff_client("export_payments", "record_claim")
    buyer = get_user_model().objects.create_user("wanjiru", first_name="Wanjiru", last_name="Kamau")
    for number in range(30):
        new_receipt(f"OD00000{number:03}", order=new_order(user=buyer) if number < 3 else None)
    for number in range(3):
        new_claim(new_order(), number=f"OD00000K{number:02}")
    client.get(LIST)  # what is remembered once

    with counted() as count:
        response = client.get(LIST)

    assert len(shown(response)) == 25
    assert len(count) <= 16, str(count)


def test_long_list_is_counted_to_its_limit_only() -> None:
    many_receipts(2_510)

    first, last, beyond = (staff_client().get(LIST, {"page": page}) for page in ("1", "100", "101"))

    assert len(shown(first)) == len(shown(last)) == 25
    assert shown(beyond) == shown(last) != shown(first)
    assert "Showing the first 2,500" in last.content.decode()


def test_links_to_export_and_record_need_permission() -> None:
    plain, full = staff_client(), staff_client("export_payments", "record_claim")

    without, with_both = (client.get(LIST).content.decode() for client in (plain, full))

    for address in (reverse("dashboard:mpesa-receipts-export"), reverse("dashboard:mpesa-record")):
        assert address not in without
        assert address in with_both
