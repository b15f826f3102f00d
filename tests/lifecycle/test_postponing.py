"""A shopper who pays later: the things are kept for a day, once, and a link is owed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F

from oscar_mpesa.lifecycle.postponing import is_payable, pay_later
from oscar_mpesa.lifecycle.refusals import NotPayable
from oscar_mpesa.lifecycle.releasing import Release, release_overdue
from oscar_mpesa.models import DueKind, MpesaDue, MpesaEvent, MpesaOrder
from tests.endings import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import NOON, later, new_clerk, new_payment, pay

pytestmark = pytest.mark.django_db

A_DAY = 24 * 60 * 60


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def test_the_things_are_kept_for_a_day_from_now_and_a_link_is_owed() -> None:
    order = cancelled().mpesa_order.order

    pay_later(order, now=later(60))

    kept = row(order)
    assert (kept.pay_before, kept.release_at, kept.paying_later_at) == (later(60 + A_DAY), later(60 + A_DAY), later(60))
    assert MpesaDue.objects.filter(kind=DueKind.LATER_MAIL, mpesa_order=kept).count() == 1
    assert release_overdue(kept, now=later(HALF_AN_HOUR)) is Release.LEFT_ALONE


def test_a_second_wish_changes_nothing() -> None:
    order = cancelled().mpesa_order.order
    pay_later(order, now=later(60))

    pay_later(order, now=later(600))

    assert row(order).pay_before == later(60 + A_DAY)
    assert MpesaEvent.objects.filter(type="pay_later_chosen").count() == 1


def test_nothing_is_kept_for_less_long_than_it_was() -> None:
    order = cancelled().mpesa_order.order
    MpesaOrder.objects.update(pay_before=later(3 * A_DAY), release_at=F("pay_before"))

    pay_later(order, now=later(60))

    assert row(order).pay_before == later(3 * A_DAY)


def test_an_order_that_was_kept_for_later_is_released_after_it() -> None:
    order = cancelled().mpesa_order.order
    pay_later(order, now=NOON)

    assert release_overdue(row(order), now=later(A_DAY)) is Release.RELEASED


def test_an_order_that_awaits_no_money_is_not_kept() -> None:
    orders = [
        pay(new_payment()).mpesa_order.order,
        overdue(cancelled()).mpesa_order.order,
        closed_by_staff(cancelled(), by=new_clerk("release_order")).mpesa_order.order,
    ]

    for order in orders:
        with pytest.raises(NotPayable):
            pay_later(order, now=later(HALF_AN_HOUR))
        assert not is_payable(row(order))
    assert not MpesaDue.objects.filter(kind=DueKind.LATER_MAIL).exists()
