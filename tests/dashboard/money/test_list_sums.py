"""What the list of receipts adds up, and the customers that it names."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from tests.bulk_rows import many_receipts
from tests.dashboard.staff import new_allocation, new_receipt, staff_client
from tests.shop import NOON, new_order

pytestmark = pytest.mark.django_db

LIST = reverse("dashboard:mpesa-receipts")


def sums(**asked: str) -> list[str]:
    """Return the lines above the table."""
    response = staff_client().get(LIST, asked)
    return re.findall(r'<p class="mpesa-sums">(.*?)</p>', response.content.decode())


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        pytest.param({}, "Payments: 2 · KSh 2,200 received · KSh 1,900 of it unmatched", id="needs attention"),
        pytest.param({"status": ""}, "Payments: 3 · KSh 3,700 received · KSh 1,900 of it unmatched", id="all"),
        pytest.param({"status": "matched"}, "Payments: 1 · KSh 1,500 received", id="status"),
        pytest.param({"code": "OD00EARLY0"}, "Payments: 1 · KSh 700 received · KSh 400 of it unmatched", id="code"),
        pytest.param({"amount": "1500"}, "Payments: 2 · KSh 3,000 received · KSh 1,500 of it unmatched", id="amount"),
        pytest.param({"until": "2026-11-22"}, "Payments: 1 · KSh 700 received · KSh 400 of it unmatched", id="days"),
    ],
)
def test_sums_are_of_what_is_filtered(asked: dict[str, str], line: str) -> None:
    new_receipt("OD00EARLY0", paid_at=NOON - timedelta(days=1), amount=700, status="unmatched", unallocated=400)
    new_receipt("OD00FIRST0")
    new_receipt("OD00LATE00", paid_at=NOON + timedelta(hours=9), status="overpaid")

    assert sums(**asked) == [line]


def test_sums_are_of_the_order_that_is_searched() -> None:
    order = new_order()
    new_receipt("OD00OWN000", order=order)
    new_receipt("OD00OTHER0")

    assert sums(order=order.number) == ["Payments: 1 · KSh 1,500 received"]


def test_sums_leave_out_repeated_money_and_too_many_refunds() -> None:
    own = new_receipt("OD00OWN000")
    new_receipt(None, same_as=own)
    new_receipt("OD00BACK00", status="unmatched", unallocated=-500)

    assert sums(status="") == ["Payments: 2 · KSh 3,000 received"]


def test_test_money_is_summed_apart() -> None:
    new_receipt("OD00REAL00")
    new_receipt("OD00TEST00", environment="sandbox", amount=10)

    assert sums(status="") == ["Payments: 1 · KSh 1,500 received", "TEST · Payments: 1 · KSh 10 received"]
    assert sums(code="OD00ABSENT") == []


def test_more_than_10_000_payments_are_not_added_up() -> None:
    many_receipts(10_000)
    at_limit = sums(status="")
    new_receipt("OD00LAST00")

    assert "Payments: 10,000 · " in at_limit[0]
    assert sums(status="") == ["More than 10,000 payments match: narrow the dates to see their sums."]


def customers(client: Any) -> list[str]:
    """Return the cells of the customers."""
    return [str(row.get_cell("customer")) for row in client.get(LIST).context["table"].rows]


def test_customer_of_each_receipt_is_named_by_name_or_email() -> None:
    buyer = get_user_model().objects.create_user("wanjiru", first_name="Wanjiru", last_name="Kamau")
    new_receipt("OD000GUEST", order=new_order())
    new_receipt("OD000OWNER", order=new_order(user=buyer), status="refunded")
    new_receipt("OD000NONE0")

    response = staff_client().get(LIST)

    page = response.content.decode()
    assert customers(staff_client()) == ["", "Wanjiru Kamau", "guest@example.com"]
    assert "Wanjiru Kamau</small>" in page and "guest@example.com</small>" in page


def test_receipt_for_orders_of_several_customers_names_each_once() -> None:
    buyer = get_user_model().objects.create_user("wanjiru", first_name="Wanjiru", last_name="Kamau")
    receipt = new_receipt("OD000SPLIT")
    for user in (buyer, buyer, None):
        new_allocation(receipt, new_order(user=user), amount=500)

    assert customers(staff_client()) == ["Wanjiru Kamau, guest@example.com"]


def test_phone_in_a_customers_name_is_masked() -> None:
    buyer = get_user_model().objects.create_user("wanjiru", first_name="Wanjiru", last_name="0708374149")
    new_receipt(order=new_order(user=buyer))

    assert customers(staff_client("view_full_phone")) == ["Wanjiru 0708374149"]
    assert customers(staff_client()) == ["Wanjiru •••149"]
