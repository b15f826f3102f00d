"""Another payment method takes money for an order too: M-PESA counts what is left to pay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.reconciliation import reconcile
from tests.services.money import (
    FIRST,
    balance,
    books,
    change_total,
    entries,
    money,
    order_of,
    paid_order,
    row,
    signals,
)
from tests.shop import CANCELS, failure, later, new_payment, pay, post

pytestmark = pytest.mark.django_db(transaction=True)

Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")

A_DAY = 86_400


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def pay_by_card(order: Any, amount: int) -> Any:
    """Debit a card as another payment method does."""
    card, _ = SourceType.objects.get_or_create(code="card", defaults={"name": "Card"})
    source = Source(order=order, source_type=card, currency="KES", amount_allocated=amount)
    source.debit(Decimal(amount))
    return source


def part_paid_order() -> Any:
    """Create an order of KSh 2,500 of which M-PESA paid 1,500."""
    payment = new_payment()
    change_total(order_of(payment), "2500.00", at=1)
    return order_of(pay(payment, number=FIRST))


def test_card_that_pays_the_rest_keeps_the_order_open() -> None:
    order = part_paid_order()

    pay_by_card(order, 1000)
    for day in range(1, 7):
        list(reconcile(lambda day=day: later(day * A_DAY)))  # type: ignore[misc]

    assert (balance(order), row(order).is_closed, signals(order)) == ((True, 0), False, ["order_paid 1"])
    assert (entries(order), order_of(order).status) == ([(FIRST, 1500)], "Being processed")


def test_card_that_pays_again_leaves_the_money_overpaid() -> None:
    order = paid_order()

    pay_by_card(order, 1500)

    assert (money(), entries(order), books(order)) == (("overpaid", 1500, "order_paid"), [], 0)
    assert (row(order).unpaid_since, signals(order), list(check_ledger())) == (None, ["order_paid 1"], [])


@pytest.mark.parametrize("how", ["refund", "delete"])
def test_order_misses_what_a_card_gives_back(how: str) -> None:
    order = part_paid_order()
    source = pay_by_card(order, 1000)

    if how == "refund":
        source.refund(Decimal(400))
    else:
        source.delete()

    assert balance(order) == (False, 400 if how == "refund" else 1000)


def test_pending_order_that_a_card_pays_alone_is_not_closed() -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(9))
    pay_by_card(order_of(payment), 1500)

    list(reconcile(lambda: later(A_DAY)))

    order = row(order_of(payment))
    assert (order.is_closed, order.order.status, order.balance) == (False, "Pending payment", 0)


def test_card_recorded_without_a_signal_counts_before_closing() -> None:
    order = part_paid_order()
    card = SourceType.objects.create(code="card", name="Card")
    Source.objects.bulk_create([Source(order=order, source_type=card, currency="KES", amount_debited=1000)])

    list(reconcile(lambda: later(2 * A_DAY)))

    assert (balance(order), row(order).is_closed) == ((True, 0), False)
