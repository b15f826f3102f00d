"""An order that staff move on without money is watched until it is paid, canceled or waits for payment again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from oscar.core.loading import get_class, get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.allocation import allocate, move_allocation, reverse_allocation
from oscar_mpesa.services.reconciliation import Kind, reconcile
from tests.services.money import (
    FIRST,
    PERMISSIONS,
    SECOND,
    change_total,
    claim_for,
    order_of,
    paid_order,
    pay_amount,
    receipt,
    row,
    set_status,
    twice_paid,
)
from tests.services.refunds import CREDIT, RETURNED, refund
from tests.shop import ANOTHER, CANCELS, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")


@pytest.fixture(autouse=True)
def _without_thread(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def unpaid_since(subject: Any) -> Any:
    return row(order_of(subject)).unpaid_since


def moved_on(*, amount: int = 0) -> MpesaPayment:
    """Create an order that staff move on by hand, with this much money."""
    payment = new_payment(phone=CANCELS)
    if amount:
        allocate(pay_amount(payment, amount), order_of(payment), by=new_staff_user("match_receipt"), now=later(20))
    set_status(order_of(payment), "Being processed")
    return payment


def followed(at: float) -> list[int]:
    """Run one pass; return the orders whose changes it followed."""
    return [step.pk for step in reconcile(lambda: later(at)) if step.kind is Kind.CHANGE]


def pay_by_card(order: Any, amount: int) -> Any:
    card, _ = SourceType.objects.get_or_create(code="card", name="Card")
    return Source.objects.create(order=order, source_type=card, amount_allocated=amount, amount_debited=amount)


@pytest.mark.parametrize("how", ["EventHandler", "set_status"])
def test_order_that_is_moved_on_by_hand_is_watched(how: str) -> None:
    order = order_of(new_payment())
    before = unpaid_since(order)
    if how == "EventHandler":
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Being processed")
    else:
        order.set_status("Being processed")

    assert (before, row(order).balance, row(order).is_paid) == (None, 1500, False)
    assert unpaid_since(order) is not None


@pytest.mark.parametrize("has_money", [False, True], ids=["never assessed", "assessed"])
@pytest.mark.parametrize("how", ["update", "save"])
def test_status_that_nobody_heard_of_is_followed_once(how: str, has_money: bool) -> None:
    payment = new_payment(phone=CANCELS)
    if has_money:
        pay_amount(payment, 600)
    order = order_of(payment)
    before = followed(30)
    if how == "update":
        Order.objects.filter(pk=order.pk).update(status="Being processed")
    else:
        order.status = "Being processed"
        order.save()

    first, second = followed(60), followed(90)

    assert (before, first, second) == ([], [order.pk], [])
    assert unpaid_since(order) == later(60)


def test_order_that_waits_for_its_payment_is_not_watched() -> None:
    waiting, going_on = new_payment(phone=ANOTHER), moved_on()

    assert (followed(60), unpaid_since(waiting)) == ([], None)
    assert unpaid_since(going_on) is not None


def test_money_that_pays_the_order_ends_it() -> None:
    payment = moved_on(amount=600)
    before = unpaid_since(payment)

    claim_for(order_of(payment), new_staff_user(*PERMISSIONS), number="OD333CCC33", amount=900)

    assert before is not None
    assert (unpaid_since(payment), row(order_of(payment)).is_paid) == (None, True)


def test_payment_of_the_prompt_ends_it() -> None:
    payment = moved_on()
    before = unpaid_since(payment)

    pay(payment, number=FIRST)

    assert (before is None, unpaid_since(payment), order_of(payment).status) == (False, None, "Being processed")


def test_canceling_the_order_ends_it() -> None:
    payment = moved_on()
    before = unpaid_since(payment)

    set_status(order_of(payment), "Cancelled")

    assert before is not None
    assert (unpaid_since(payment), row(order_of(payment)).balance) == (None, 0)


def test_order_that_waits_for_payment_again_is_not_watched() -> None:
    payment = moved_on()
    before = unpaid_since(payment)
    Order.objects.update(status="Pending payment")

    heard = followed(90)

    assert (before is None, heard, unpaid_since(payment)) == (False, [payment.order_id], None)
    assert row(order_of(payment)).is_awaiting_payment


def test_what_other_methods_paid_counts() -> None:
    payment = moved_on()
    order = order_of(payment)

    pay_by_card(order, 1000)
    part = (unpaid_since(order) is not None, row(order).balance)
    source = pay_by_card(order, 500)
    whole = (unpaid_since(order), row(order).balance)
    source.delete()

    assert (part, whole) == ((True, 500), (None, 0))
    assert unpaid_since(order) is not None


def test_enrolled_order_is_watched_only_once_it_was_paid() -> None:
    staff, order = new_staff_user(*PERMISSIONS), new_order(status="Being processed")

    claim_for(order, staff, amount=600)
    part: Any = (row(order).is_enrolled, row(order).balance, unpaid_since(order))
    claim_for(order, staff, number="OD333CCC33", amount=900)
    Order.objects.update(total_incl_tax=Decimal(2000))
    followed(500)

    assert part == (True, 900, None)
    assert (row(order).balance, bool(unpaid_since(order))) == (500, True)


@pytest.mark.parametrize(("purpose", "is_watched"), [(CREDIT, False), (RETURNED, True)])
def test_refunded_order_that_goes_on_is_watched_if_its_payment_went_back(purpose: Any, is_watched: bool) -> None:
    order = paid_order()

    refund(receipt(), new_staff_user(*PERMISSIONS), purpose=purpose)

    assert (unpaid_since(order) is not None) is is_watched


@pytest.mark.parametrize("is_moved", [False, True], ids=["unmatched", "moved"])
def test_corrected_mistake_leaves_a_cash_order_unwatched(is_moved: bool) -> None:
    staff, cash, right = new_staff_user(*PERMISSIONS), new_order(status="Being processed"), new_order()
    twice_paid()
    entry = allocate(receipt(SECOND), cash, by=staff, now=later(1000))
    if is_moved:
        move_allocation(entry, right, by=staff, note="the wrong order", now=later(2000))
    else:
        reverse_allocation(entry, by=staff, note="the wrong order", now=later(2000))

    assert (row(cash).is_enrolled, row(cash).balance, unpaid_since(cash)) == (True, 1500, None)


def test_dearer_cash_order_is_watched_after_a_mistake_made_good() -> None:
    staff, cash = new_staff_user(*PERMISSIONS), new_order(status="Being processed")
    twice_paid()
    for at in (1000, 2000):
        entry = allocate(receipt(SECOND), cash, by=staff, now=later(at))
        reverse_allocation(entry, by=staff, note="the wrong order", now=later(at + 100))
    allocate(receipt(SECOND), cash, by=staff, now=later(3000))
    before = unpaid_since(cash)

    with transaction.atomic():
        change_total(cash, "2000.00", at=4000)

    assert (before, unpaid_since(cash)) == (None, later(4000))


def test_refunded_cash_order_is_watched_although_staff_matched_it() -> None:
    staff, cash = new_staff_user(*PERMISSIONS), new_order(status="Being processed")
    twice_paid()
    allocate(receipt(SECOND), cash, by=staff, now=later(1000))

    refund(receipt(SECOND), staff, at=2000, purpose=RETURNED)

    assert unpaid_since(cash) == later(2000)
