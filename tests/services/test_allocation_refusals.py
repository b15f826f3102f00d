"""Money that cannot be matched to an order, with the reason (M18, M20)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from oscar.core.loading import get_model

from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.exceptions import (
    DecisionRefused,
    NoDecisionNeeded,
    OrderCancelled,
    OrderPaid,
    OrderReturnedToBasket,
    OtherCurrency,
    OutOfStock,
)
from oscar_mpesa.services.order_closure import close_order, mark_basket_restored
from tests.services.money import (
    FIRST,
    SECOND,
    books,
    canceled_twice,
    entries,
    expired_order,
    money,
    order_of,
    paid_order,
    receipt,
    row,
    twice_paid,
)
from tests.services.refunds import request_refund
from tests.services.unmatched import events
from tests.shop import ANOTHER, OWNER, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


def closed_by_staff(staff: Any) -> Any:
    """Create an order that staff closed before its money came."""
    payment, _ = canceled_twice()
    close_order(order_of(payment), by=staff, now=later(200))
    pay(payment, number=FIRST, now=later(300))
    return order_of(payment)


def test_matching_needs_permission(staff: Any) -> None:
    order = closed_by_staff(staff)
    others = new_staff_user("record_refund", "resolve_receipt", "record_claim", "close_order")

    with pytest.raises(PermissionDenied):
        allocate(receipt(), order, by=others, now=later(400))

    assert (money(), events(order)) == (("unmatched", 1500, "order_closed"), [])


def test_money_is_matched_once(staff: Any) -> None:
    order = paid_order()

    with pytest.raises(NoDecisionNeeded):
        allocate(receipt(), new_order(status="Pending"), by=staff, now=later(800))

    assert (entries(order), books(order)) == ([(FIRST, 1500)], 1500)


def test_reserved_money_is_not_matched(staff: Any) -> None:
    twice_paid()
    request_refund(receipt(SECOND), 1500)

    with pytest.raises(NoDecisionNeeded):
        allocate(receipt(SECOND), new_order(status="Pending"), by=staff, now=later(800))


def assert_refused(staff: Any, order: Any, error: type[DecisionRefused], *, number: str = SECOND) -> None:
    """Assert that the service refuses a match, and that this changes nothing."""
    before = money(number)
    with pytest.raises(error):
        allocate(receipt(number), order, by=staff, now=later(4000))
    assert money(number) == before


@pytest.mark.parametrize("is_own", [True, False], ids=["its own", "another"])
def test_paid_order_takes_no_more_money(staff: Any, is_own: bool) -> None:
    order = twice_paid()

    assert_refused(staff, order if is_own else order_of(pay(new_payment(phone=ANOTHER))), OrderPaid)


def test_canceled_order_takes_no_money(staff: Any) -> None:
    twice_paid()

    assert_refused(staff, new_order(status="Cancelled"), OrderCancelled)


def test_order_in_another_currency_takes_no_money(staff: Any) -> None:
    twice_paid()

    assert_refused(staff, new_order(currency="USD"), OtherCurrency)


def test_order_whose_items_are_back_in_the_basket_takes_no_money(staff: Any) -> None:
    payment = expired_order()
    mark_basket_restored(order_of(payment), actor=OWNER, now=later(2000))
    pay(payment, number=FIRST, now=later(3000))

    assert_refused(staff, order_of(payment), OrderReturnedToBasket, number=FIRST)


def test_sold_out_order_is_not_reopened(staff: Any) -> None:
    order = closed_by_staff(staff)
    StockRecord.objects.update(num_in_stock=0)

    with pytest.raises(OutOfStock):
        allocate(receipt(), order, by=staff, now=later(400))

    assert (money(), row(order).is_closed) == (("unmatched", 1500, "order_closed"), True)


def test_every_refusal_has_a_sentence() -> None:
    def kinds(base: type[DecisionRefused]) -> list[type[DecisionRefused]]:
        return [base, *(kind for each in base.__subclasses__() for kind in kinds(each))]

    assert len(kinds(DecisionRefused)) >= 18
    assert all(str(kind.sentence).endswith(".") for kind in kinds(DecisionRefused))
