"""A shopper pays later: stock is kept for a day, once, and a link is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import F

from oscar_mpesa.models import MessageKind, MpesaEvent, MpesaOrder, MpesaOutboxMessage
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import NotPayable, PaymentInProgress, PaymentUnconfirmed
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.pay_later import PayLaterRefused, is_payable, pay_later
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

A_DAY = 24 * 60 * 60


#: The kept order's guest, and another one.
GUEST, OTHER_GUEST = "guest@example.com", "other@example.com"


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def test_items_are_kept_for_a_day_and_a_link_is_queued() -> None:
    order = cancelled().mpesa_order.order

    pay_later(order, actor=Actor(), now=later(60))

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
    pay_later(order, actor=Actor(), now=later(60))

    pay_later(order, actor=Actor(), now=later(600))

    assert row(order).pay_before == later(60 + A_DAY)
    assert MpesaEvent.objects.filter(type="pay_later_chosen").count() == 1


def test_time_to_pay_never_gets_shorter() -> None:
    order = cancelled().mpesa_order.order
    MpesaOrder.objects.update(pay_before=later(3 * A_DAY), close_check_at=F("pay_before"))

    pay_later(order, actor=Actor(), now=later(60))

    assert row(order).pay_before == later(3 * A_DAY)


def test_order_kept_for_later_closes_after_that_time() -> None:
    order = cancelled().mpesa_order.order
    pay_later(order, actor=Actor(), now=NOON)

    assert close_expired_order(row(order), now=later(A_DAY)) is CloseResult.CLOSED


def test_order_that_awaits_no_payment_is_not_kept() -> None:
    orders = [
        pay(new_payment()).mpesa_order.order,
        overdue(cancelled()).mpesa_order.order,
        closed_by_staff(cancelled(), by=new_staff_user("close_order")).mpesa_order.order,
    ]

    for order in orders:
        with pytest.raises(NotPayable):
            pay_later(order, actor=Actor(), now=later(HALF_AN_HOUR))
        assert not is_payable(row(order))
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.PAY_LATER_EMAIL).exists()


def test_order_whose_money_is_being_confirmed_is_not_kept() -> None:
    payment = cancelled()
    post(payment, success(payment), now=later(60), confirmed=False)

    with pytest.raises(PaymentUnconfirmed):
        pay_later(payment.mpesa_order.order, actor=Actor(), now=later(61))

    assert row(payment.mpesa_order.order).pay_later_at is None
    pay_later(payment.mpesa_order.order, actor=Actor(), now=later(61 + A_DAY))  # Safaricom never confirmed it
    assert row(payment.mpesa_order.order).pay_later_at == later(61 + A_DAY)


def kept(*, session: str = "", **buyer: Any) -> Any:
    """Create an unpaid order whose shopper chose to pay later at noon."""
    order = unpaid(session=session, **buyer)
    pay_later(order, actor=Actor(), now=NOON)
    return order


def unpaid(*, session: str = "", guest: str = GUEST, user: Any = None, **about: Any) -> Any:
    """Create an order whose prompt was canceled."""
    payment = new_payment(new_order(user=user, **about))
    post(payment, failure(payment))
    MpesaOrder.objects.filter(pk=payment.order_id).update(session_digest=session)
    order = payment.mpesa_order.order
    order.guest_email = "" if user else guest
    order.save()
    return order


def can_pay_later(order: Any, *, at: float) -> bool:
    """Return whether the order's page offers it, and assert that the service decides alike."""
    page = payment_page(latest_payment(row(order).public_id), now=later(at))
    try:
        pay_later(order, actor=Actor(), now=later(at))
    except PayLaterRefused:
        assert not page.can_pay_later
        return False
    assert page.can_pay_later
    return True


def new_user(email: str) -> Any:
    return get_user_model().objects.create_user(email, email)


@pytest.mark.parametrize(
    "other",
    [
        lambda: (kept(session="s1"), unpaid(session="s1", guest=OTHER_GUEST)),
        lambda: (kept(session="s1"), unpaid(session="s2", guest="Guest@Example.COM")),
        lambda: (kept(), unpaid(user=new_user("GUEST@example.com"))),
        lambda: (kept(user=new_user("Guest@example.com")), unpaid()),
    ],
    ids=["same session", "same email", "user after guest", "guest after user"],
)
def test_shopper_keeps_one_unpaid_order_a_day(other: Any) -> None:
    first, second = other()

    at_once = can_pay_later(second, at=60)
    MpesaOrder.objects.filter(pk=first.pk).update(closed_at=later(60), close_check_at=None)
    after_closing = can_pay_later(second, at=A_DAY - 1)
    next_day = can_pay_later(second, at=A_DAY)

    assert (at_once, after_closing, next_day) == (False, False, True)


def test_other_shoppers_and_paid_orders_do_not_count() -> None:
    first = kept(session="s1")
    somebody = unpaid(session="s2", guest=OTHER_GUEST)
    second = unpaid(session="s1")

    assert can_pay_later(somebody, at=60)
    assert not can_pay_later(second, at=60)
    pay(new_payment(first, phone=ANOTHER, now=later(70)), now=later(80))
    assert can_pay_later(second, at=90)


def test_orders_without_email_or_session_are_not_taken_for_one_shopper() -> None:
    kept(guest="")

    assert can_pay_later(unpaid(guest=""), at=60)


def test_longer_time_to_pay_binds_as_long(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "PAY_LATER_HOURS": 48}
    kept()
    second = unpaid()

    assert (can_pay_later(second, at=2 * A_DAY - 1), can_pay_later(second, at=2 * A_DAY)) == (False, True)


@pytest.mark.parametrize(("most", "is_allowed"), [(1499, False), (1500, True), (0, True)])
def test_value_of_an_order_paid_later_is_capped(settings: Any, most: int, is_allowed: bool) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "PAY_LATER_MAX": most}

    assert can_pay_later(unpaid(), at=60) is is_allowed


def test_order_with_a_live_prompt_is_not_kept() -> None:
    payment = new_payment()

    with pytest.raises(PaymentInProgress):
        pay_later(payment.mpesa_order.order, actor=Actor(), now=later(5))

    assert row(payment.mpesa_order.order).pay_later_at is None
    post(payment, failure(payment), now=later(9))
    assert can_pay_later(payment.mpesa_order.order, at=10)


@pytest.mark.parametrize("role", [Role.PAYER, Role.STAFF])
def test_only_the_owner_may_choose_it(role: Role) -> None:
    order = unpaid()

    with pytest.raises(PermissionDenied):
        pay_later(order, actor=Actor(role=role), now=later(60))

    assert can_pay_later(order, at=60)


def test_order_that_mpesa_cannot_collect_is_not_kept() -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    with pytest.raises(NotPayable):
        pay_later(payment.mpesa_order.order, actor=Actor(), now=later(60))

    assert not payment_page(latest_payment(payment.mpesa_order.public_id), now=later(60)).can_pay_later
