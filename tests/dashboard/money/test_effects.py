"""What a decision would do, in sentences made from its preview."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from oscar_mpesa.dashboard.money.effects import effects_of
from oscar_mpesa.models import MessageKind
from oscar_mpesa.services.preview import MoneyEffect, OrderEffect, OrderState, Preview, ReceiptState

NO_EMAIL = "No email is sent."

OPEN = OrderState(balance=Decimal(1500), is_paid=False, is_closed=False, is_canceled=False)
PART = OrderState(balance=Decimal(500), is_paid=False, is_closed=False, is_canceled=False)
PAID = OrderState(balance=Decimal(0), is_paid=True, is_closed=False, is_canceled=False)
TOO_MUCH = OrderState(balance=Decimal(-200), is_paid=True, is_closed=False, is_canceled=False)
CLOSED = OrderState(balance=Decimal(1500), is_paid=False, is_closed=True, is_canceled=False)
CANCELED = OrderState(balance=Decimal(0), is_paid=False, is_closed=True, is_canceled=True)


def effect(before: OrderState, after: OrderState, *kinds: MessageKind, number: str = "7", email: str = "a@b.c") -> Any:
    order: Any = SimpleNamespace(number=number, email=email)
    return OrderEffect(order=order, before=before, after=after, messages=kinds)


def money(before: int, after: int, *, reason: str = "no_order", status: str = "unmatched") -> MoneyEffect:
    def state(unallocated: int) -> ReceiptState:
        left = reason if unallocated else ""
        return ReceiptState(unallocated=Decimal(unallocated), status=status, unmatched_reason=left, refunded=Decimal(0))

    return MoneyEffect(receipt=SimpleNamespace(pk=1), before=state(before), after=state(after))  # type: ignore[arg-type]


def sentences(*orders: Any, left: MoneyEffect | None = None) -> list[str]:
    return effects_of(Preview(orders=orders, money=left, result=None, fingerprint=""))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(OPEN, PAID, ["This pays order 7."], id="paid"),
        pytest.param(
            OPEN, PART, ["This is a part payment: KSh 500 will still be missing from order 7."], id="partly paid"
        ),
        pytest.param(PAID, PART, ["Order 7 is no longer paid: KSh 500 will be missing."], id="unpaid"),
        pytest.param(PART, OPEN, ["KSh 1,500 will be missing from order 7."], id="more is missing"),
        pytest.param(PAID, PAID, ["Order 7 still owes nothing."], id="still paid"),
        pytest.param(CLOSED, PAID, ["Order 7 is reopened.", "This pays order 7."], id="reopened"),
        pytest.param(CLOSED, CLOSED, ["Order 7 stays closed: no money counts for it."], id="still closed"),
        pytest.param(CANCELED, CANCELED, ["Order 7 is canceled: no money counts for it."], id="canceled"),
        pytest.param(PAID, TOO_MUCH, ["Order 7 still owes nothing.", "Order 7 gets KSh 200 too much."], id="too much"),
    ],
)
def test_order_says_what_it_owes_then(before: OrderState, after: OrderState, expected: list[str]) -> None:
    assert sentences(effect(before, after)) == [*expected, NO_EMAIL]


def test_unchanged_order_is_not_named_beside_a_changed_one() -> None:
    assert sentences(effect(PAID, PAID, number="6"), effect(OPEN, PAID)) == ["This pays order 7.", NO_EMAIL]


def test_unchanged_order_is_not_named_if_only_the_money_changes() -> None:
    changed, same = money(1500, 0), money(1500, 1500)

    assert sentences(effect(PAID, PAID), left=changed) == ["None of this money stays unmatched.", NO_EMAIL]
    assert sentences(effect(PAID, PAID), left=same)[0] == "Order 7 still owes nothing."


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(money(1500, 0), ["None of this money stays unmatched."], id="all used"),
        pytest.param(money(0, 0), [], id="nothing left before and after"),
        pytest.param(money(1500, 600), ["KSh 600 stays unmatched: it names no order that can take it."], id="a rest"),
        pytest.param(
            money(0, 600, reason="unmatched_by_staff"),
            ["KSh 600 will be unmatched: staff took it from its order."],
            id="unmatched",
        ),
        pytest.param(money(900, 600, status="overpaid"), ["KSh 600 stays overpaid."], id="still overpaid"),
        pytest.param(money(0, 600, status="overpaid"), ["KSh 600 will be overpaid."], id="overpaid"),
        pytest.param(money(0, -100), ["KSh 100 more was refunded of this money than arrived."], id="below nothing"),
    ],
)
def test_money_says_what_is_left_of_it(left: MoneyEffect, expected: list[str]) -> None:
    assert sentences(left=left) == [*expected, NO_EMAIL]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(MessageKind.PAID_EMAIL, "The customer gets an email that order 7 is paid.", id="paid"),
        pytest.param(
            MessageKind.PART_PAID_EMAIL,
            "The customer gets an email that says what is missing from order 7.",
            id="partly paid",
        ),
        pytest.param(
            MessageKind.UNMATCHED_EMAIL,
            "The customer of order 7 gets an email that money waits for a decision.",
            id="unmatched",
        ),
        pytest.param(MessageKind.CLOSED_EMAIL, "The customer gets an email that order 7 is closed.", id="closed"),
        pytest.param(
            MessageKind.REFUND_EMAIL, "The customer of order 7 gets an email about the refund.", id="refunded"
        ),
        pytest.param(MessageKind.ORDER_UNPAID, NO_EMAIL, id="for the shop's code"),
    ],
)
def test_each_email_is_named(kind: MessageKind, expected: str) -> None:
    assert sentences(effect(OPEN, PAID, kind)) == ["This pays order 7.", expected]


def test_order_without_an_address_asks_to_tell_the_customer() -> None:
    found = sentences(effect(OPEN, PAID, MessageKind.PAID_EMAIL, email=""))

    assert found[-1] == "Order 7 has no email address: tell the customer yourself."
    assert NO_EMAIL not in found
