"""Reviews say when other money of the order takes the place of what it loses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.money.deciding import entry_url, look, refund_values
from tests.dashboard.staff import ALL, decision_url, staff_client
from tests.services.money import FIRST, paid_order, receipt, twice_paid
from tests.shop import new_order

pytestmark = pytest.mark.django_db

REPLACED = "Other money that arrived for order {} takes its place."


def refund_review(purpose: str) -> str:
    url = decision_url("refund", receipt(FIRST))
    return look(staff_client(*ALL), url, **refund_values(receipt(FIRST), 1500, purpose=purpose))


def test_refund_of_the_first_of_two_payments_lets_the_second_pay() -> None:
    order = twice_paid()

    seen = refund_review("payment_returned")

    assert f"Order {order.number} still owes nothing." in seen and REPLACED.format(order.number) in seen
    assert REPLACED.format(order.number) not in refund_review("credit")


@pytest.mark.parametrize("name", ["unmatch", "move"])
def test_money_taken_from_a_twice_paid_order_is_replaced(name: str) -> None:
    order, other = twice_paid(), new_order()
    sent: dict[str, Any] = {"note": "typing error"} | ({"order": other.number} if name == "move" else {})

    seen = look(staff_client(*ALL), entry_url(name, receipt(FIRST)), **sent)

    assert REPLACED.format(order.number) in seen and REPLACED.format(other.number) not in seen


def test_money_of_an_order_paid_once_is_not_replaced() -> None:
    order = paid_order()

    seen = refund_review("payment_returned")

    assert f"Order {order.number} is no longer paid: KSh 1,500 will be missing." in seen
    assert REPLACED.format(order.number) not in seen
