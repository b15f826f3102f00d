"""A shopper pays later: stock is kept for a day, once, and a link is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F

from oscar_mpesa.models import MessageKind, MpesaEvent, MpesaOrder, MpesaOutboxMessage
from oscar_mpesa.services.exceptions import NotPayable, PaymentUnconfirmed
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.pay_later import is_payable, pay_later
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import NOON, later, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

A_DAY = 24 * 60 * 60


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def test_items_are_kept_for_a_day_and_a_link_is_queued() -> None:
    order = cancelled().mpesa_order.order

    pay_later(order, now=later(60))

    kept = row(order)
    assert (kept.pay_before, kept.close_check_at, kept.pay_later_at) == (
        later(60 + A_DAY),
        later(60 + A_DAY),
        later(60),
    )
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PAY_LATER_EMAIL, mpesa_order=kept).count() == 1
    assert close_expired_order(kept, now=later(HALF_AN_HOUR)) is CloseResult.UNCHANGED


def test_second_request_changes_nothing() -> None:
    order = cancelled().mpesa_order.order
    pay_later(order, now=later(60))

    pay_later(order, now=later(600))

    assert row(order).pay_before == later(60 + A_DAY)
    assert MpesaEvent.objects.filter(type="pay_later_chosen").count() == 1


def test_time_to_pay_never_gets_shorter() -> None:
    order = cancelled().mpesa_order.order
    MpesaOrder.objects.update(pay_before=later(3 * A_DAY), close_check_at=F("pay_before"))

    pay_later(order, now=later(60))

    assert row(order).pay_before == later(3 * A_DAY)


def test_order_kept_for_later_closes_after_that_time() -> None:
    order = cancelled().mpesa_order.order
    pay_later(order, now=NOON)

    assert close_expired_order(row(order), now=later(A_DAY)) is CloseResult.CLOSED


def test_order_that_awaits_no_payment_is_not_kept() -> None:
    orders = [
        pay(new_payment()).mpesa_order.order,
        overdue(cancelled()).mpesa_order.order,
        closed_by_staff(cancelled(), by=new_staff_user("close_order")).mpesa_order.order,
    ]

    for order in orders:
        with pytest.raises(NotPayable):
            pay_later(order, now=later(HALF_AN_HOUR))
        assert not is_payable(row(order))
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.PAY_LATER_EMAIL).exists()


def test_order_whose_money_is_being_confirmed_is_not_kept() -> None:
    payment = cancelled()
    post(payment, success(payment), now=later(60), confirmed=False)

    with pytest.raises(PaymentUnconfirmed):
        pay_later(payment.mpesa_order.order, now=later(61))

    assert row(payment.mpesa_order.order).pay_later_at is None
    pay_later(payment.mpesa_order.order, now=later(61 + A_DAY))  # Safaricom never confirmed it
    assert row(payment.mpesa_order.order).pay_later_at == later(61 + A_DAY)
