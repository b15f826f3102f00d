"""The list of receipts: undecided receipts first, filters, limits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.dashboard.money.queries import undecided_receipt_ids
from oscar_mpesa.models import MpesaReceipt
from tests.bulk_rows import many_receipts
from tests.dashboard.staff import new_receipt, staff_client, use_production
from tests.query_counts import counted
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import NOON, new_order, new_payment, pay

pytestmark = pytest.mark.django_db

LIST = reverse("dashboard:mpesa-receipts")
Order = get_model("order", "Order")


def shown(response: Any) -> list[str]:
    """Return the codes of the rows, in order."""
    return re.findall(r'/money/\d+/">([A-Z0-9]{10}|code missing)<', response.content.decode())


def test_undecided_receipts_are_shown_oldest_first() -> None:
    new_receipt("OD000USED0")
    new_receipt("OD000NEWER", allocation="surplus", paid_at=NOON + timedelta(hours=1))
    new_receipt("OD000OLDER", allocation="unallocated")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD000OLDER", "OD000NEWER"]
    assert "This money needs attention" in response.content.decode()


def test_all_receipts_are_shown_newest_first_if_none_is_undecided() -> None:
    new_receipt("OD000OLDER")
    new_receipt("OD000NEWER", paid_at=NOON + timedelta(days=1), allocation="returned")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD000NEWER", "OD000OLDER"]
    assert "No money needs attention." in response.content.decode()


def test_empty_list_has_a_message() -> None:
    page = staff_client().get(LIST).content.decode()

    assert "No money needs attention." in page
    assert "No money matches this." in page


def test_receipt_of_a_cancelled_order_needs_a_decision() -> None:
    payment = pay(new_payment())
    Order.objects.filter(pk=payment.order_id).update(status="Cancelled")

    response = staff_client().get(LIST)

    assert shown(response) == ["OD123ABC45"]
    assert "needs attention</span>" in response.content.decode()


def test_undecided_ids_match_the_queryset() -> None:
    mismatch(), new_receipt("OD000USED0")
    pay(new_payment(), number="OD999CANCE").mpesa_order.order.set_status("Cancelled")

    known = set(MpesaReceipt.objects.needing_decision().values_list("pk", flat=True))

    assert set(undecided_receipt_ids()) == known and len(known) == 2


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param({"allocation": ""}, ["OD00LATE00", "OD00FIRST0", "OD00EARLY0"], id="all"),
        pytest.param({"allocation": "returned"}, ["OD00FIRST0"], id="allocation"),
        pytest.param({"allocation": "needs-decision"}, ["OD00LATE00"], id="needs attention"),
        pytest.param({"code": " od00 first0 "}, ["OD00FIRST0"], id="code, as it is typed"),
        pytest.param({"amount": "700"}, ["OD00EARLY0"], id="amount"),
        pytest.param({"amount": "700.50"}, [], id="another amount"),
        pytest.param({"since": "2026-11-24", "until": "2026-11-24"}, ["OD00LATE00"], id="a day"),
        pytest.param({"until": "2026-11-22"}, ["OD00EARLY0"], id="until a day"),
        pytest.param({"order": "100042"}, [], id="an order without money"),
        pytest.param({"code": "OD00FIRST0", "allocation": "surplus"}, [], id="both have to fit"),
    ],
)
def test_receipts_are_filtered(asked: dict[str, str], found: list[str]) -> None:
    new_receipt("OD00EARLY0", paid_at=NOON - timedelta(hours=15, seconds=1), amount=700)  # 23:59:59 on the 22nd
    new_receipt("OD00FIRST0", paid_at=NOON - timedelta(hours=15), allocation="returned")  # midnight in Nairobi
    new_receipt("OD00LATE00", paid_at=NOON + timedelta(hours=9), allocation="surplus")

    response = staff_client().get(LIST, asked)

    assert shown(response) == found


def test_receipt_is_found_by_its_order() -> None:
    payment = pay(new_payment())
    new_receipt("OD00OTHER0")

    response = staff_client().get(LIST, {"order": f" #{payment.mpesa_order.order.number}"})

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
        {"allocation": "stolen"},
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
    real = staff_client().get(LIST, {"allocation": ""}).content.decode()
    new_receipt("OD00TEST00", environment="sandbox")

    both = staff_client().get(LIST, {"allocation": ""}).content.decode()

    assert "TEST<" not in real
    assert both.count("TEST</span>") == 1 and "no real money moves in this shop" not in both


@pytest.mark.parametrize("money", [mismatch, surplus, unallocated])
def test_allocation_is_shown_with_its_label(money: Any) -> None:
    receipt = money()

    page = staff_client().get(LIST).content.decode()

    words = {"mismatch": "wrong amount", "surplus": "overpaid", "unallocated": "unmatched"}
    assert f"{words[receipt.allocation]} <span" in page


def test_page_has_25_rows_and_costs_at_most_twelve_queries() -> None:
    client = staff_client("export_payments", "record_receipt")
    for number in range(30):
        new_receipt(f"OD00000{number:03}", order=new_order() if number < 3 else None)
    client.get(LIST)  # what is remembered once

    with counted() as count:
        response = client.get(LIST)

    assert len(shown(response)) == 25
    assert len(count) <= 12, str(count)


def test_long_list_is_counted_to_its_limit_only() -> None:
    many_receipts(2_510)

    first, last, beyond = (staff_client().get(LIST, {"page": page}) for page in ("1", "100", "101"))

    assert len(shown(first)) == len(shown(last)) == 25
    assert shown(beyond) == shown(last) != shown(first)
    assert "Showing the first 2,500" in last.content.decode()


def test_links_to_export_and_record_need_permission() -> None:
    plain, full = staff_client(), staff_client("export_payments", "record_receipt")

    without, with_both = (client.get(LIST).content.decode() for client in (plain, full))

    for address in (reverse("dashboard:mpesa-receipts-export"), reverse("dashboard:mpesa-record")):
        assert address not in without
        assert address in with_both
