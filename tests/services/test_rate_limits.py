"""Limit the prompts of a phone and the unpaid orders of a session. Staff learn the reasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import transaction

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import PaymentInProgress, StartRefused
from oscar_mpesa.services.limit_exceptions import (
    PhoneBlocked,
    PhoneUnavailable,
    TooManyOrders,
    TooManyPushes,
    TooManyUnpaidPushes,
)
from oscar_mpesa.services.payments import retry_payment, start_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

Refusal = TypeVar("Refusal", bound=StartRefused)

MINUTE, HOUR = 60, 3600
SHOPPER, STAFF = Actor(session_digest="5e55" * 16), Actor(role=Role.STAFF)
PHONE = PhoneNumber.parse("0722000001")


def prompt_at(*seconds: float, phone: PhoneNumber = PHONE) -> list[MpesaPayment]:
    """Send prompts to a phone, this many seconds after noon, each for its own order."""
    return [new_payment(phone=phone, now=later(each)) for each in seconds]


def order_at(*seconds: float, **about: Any) -> list[MpesaPayment]:
    """Start payments of new orders, each of another phone, this many seconds after noon."""
    first = 254700000000 + MpesaPayment.objects.count()
    phones = [PhoneNumber(msisdn=str(first + number)) for number, _ in enumerate(seconds)]
    return [
        start_payment(new_order(), phone=phone, now=later(each), **about)
        for phone, each in zip(phones, seconds, strict=True)
    ]


def refusal_of(kind: type[Refusal], *, at: float, phone: PhoneNumber = PHONE, actor: Actor = STAFF) -> Refusal:
    """Return the refusal of a new order's payment, this many seconds after noon."""
    with pytest.raises(kind) as refusal, transaction.atomic():
        start_payment(new_order(), phone=phone, now=later(at), actor=actor)
    return refusal.value


def test_fourth_prompt_in_five_minutes_is_refused() -> None:
    prompt_at(0, 60, 120)

    refusal = refusal_of(TooManyPushes, at=180)

    assert (refusal.phone, refusal.until) == (PHONE, later(5 * MINUTE))
    assert PHONE.local not in f"{refusal} {refusal!r}"
    assert MpesaOrder.objects.count() == 3


def test_window_slides_with_the_oldest_prompt() -> None:
    prompt_at(0, 60, 120)

    fourth = start_payment(new_order(), phone=PHONE, now=later(5 * MINUTE))

    assert fourth.status == "pending"
    refusal = refusal_of(TooManyPushes, at=5 * MINUTE)
    assert refusal.until == later(6 * MINUTE)


def test_prompts_started_at_once_beyond_the_limit_wait_for_all_but_two() -> None:
    prompt_at(0, 10, 20)
    prompt_at(30, phone=ANOTHER)
    MpesaPayment.objects.update(phone=PHONE.msisdn)

    assert refusal_of(TooManyPushes, at=40).until == later(10 + 5 * MINUTE)


def test_another_phone_is_not_limited() -> None:
    prompt_at(0, 10, 20)

    assert start_payment(new_order(), phone=ANOTHER, now=later(30)).status == "pending"


def test_fourth_prompt_of_one_order_is_refused_and_another_phone_pays() -> None:
    order = new_order()
    for seconds in (0, 60, 120):
        payment = retry_payment(order, phone=PHONE, now=later(seconds))
        payment.refresh_from_db()
        post(payment, failure(payment), now=later(seconds + 5))

    with pytest.raises(PhoneUnavailable):
        retry_payment(order, phone=PHONE, now=later(180))

    assert retry_payment(order, phone=ANOTHER, now=later(180)).mpesa_order_id == order.pk


def test_double_click_after_the_third_prompt_returns_the_live_one() -> None:
    third = prompt_at(0, 10, 20)[-1]

    with pytest.raises(PaymentInProgress):
        start_payment(third.mpesa_order.order, phone=PHONE, now=later(21))


@pytest.mark.parametrize("word", PUSH_CODES)
def test_unsent_push_does_not_count(word: str) -> None:
    prompt_at(0, 10, 20)
    MpesaPayment.objects.filter(push_sent_at=later(10)).update(status="failed", result_code=word)

    assert start_payment(new_order(), phone=PHONE, now=later(30)).status == "pending"


def test_push_about_to_be_sent_counts() -> None:
    for _ in range(3):
        start_payment(new_order(), phone=PHONE, now=NOON)

    assert refusal_of(TooManyPushes, at=59).until == later(5 * MINUTE)


def test_push_past_its_deadline_does_not_count() -> None:
    for _ in range(3):
        start_payment(new_order(), phone=PHONE, now=NOON)

    assert start_payment(new_order(), phone=PHONE, now=later(60)).status == "pending"


def test_push_of_another_environment_does_not_count(settings: Any) -> None:
    prompt_at(0, 10, 20)
    order_at(0, 1, 2, 3, 4, actor=SHOPPER)

    settings.OSCAR_MPESA = CREDENTIALS

    assert start_payment(new_order(), phone=PHONE, now=later(30), actor=SHOPPER).environment == "sandbox"


def test_paid_prompts_count_in_five_minutes() -> None:
    for number, payment in enumerate(prompt_at(0, 10, 20)):
        pay(payment, number=f"OD123ABC4{number}", now=later(25))

    assert refusal_of(TooManyPushes, at=30).until == later(5 * MINUTE)


def test_ten_unpaid_prompts_are_the_limit_of_a_day() -> None:
    prompt_at(*(number * HOUR for number in range(10)))

    refusal = refusal_of(TooManyUnpaidPushes, at=24 * HOUR - 1)

    assert refusal.until == NOON + timedelta(hours=24)
    assert start_payment(new_order(), phone=PHONE, now=refusal.until).status == "pending"


def test_paid_prompts_do_not_count_in_a_day() -> None:
    paid, *_ = prompt_at(*(number * HOUR for number in range(10)))
    pay(paid, now=later(30))

    assert start_payment(new_order(), phone=PHONE, now=later(10 * HOUR)).status == "pending"


def test_longer_wait_is_returned_when_both_limits_apply() -> None:
    prompt_at(0, *(number * HOUR for number in range(1, 7)), 24 * HOUR - 100, 24 * HOUR - 90, 24 * HOUR - 80)

    refusal = refusal_of(TooManyPushes, at=24 * HOUR - 70)

    assert type(refusal) is TooManyPushes
    assert refusal.until == later(24 * HOUR - 100 + 5 * MINUTE)


def test_sixth_unpaid_order_of_a_session_waits_for_an_hour() -> None:
    order_at(0, 60, 120, 180, 240, actor=SHOPPER)

    refusal = refusal_of(TooManyOrders, at=300, phone=ANOTHER, actor=SHOPPER)

    assert (refusal.phone, refusal.until) == (None, later(HOUR))
    assert start_payment(new_order(), phone=ANOTHER, now=later(HOUR), actor=SHOPPER).status == "pending"


def test_paid_order_makes_room_for_the_sixth() -> None:
    first, *_ = order_at(0, 1, 2, 3, 4, actor=SHOPPER)
    pay(first, now=later(30))

    assert start_payment(new_order(), phone=ANOTHER, now=later(60), actor=SHOPPER).status == "pending"


def test_closed_order_makes_no_room() -> None:
    order_at(0, 1, 2, 3, 4, actor=SHOPPER)
    MpesaOrder.objects.update(closed_at=later(60))

    assert refusal_of(TooManyOrders, at=90, phone=ANOTHER, actor=SHOPPER).until == later(HOUR)


@pytest.mark.parametrize("actor", [Actor(), Actor(session_digest="another"), STAFF], ids=["none", "another", "staff"])
def test_orders_of_other_sessions_do_not_count(actor: Actor) -> None:
    order_at(0, 1, 2, 3, actor=SHOPPER)
    order_at(4, 5, 6, 7, 8)

    assert start_payment(new_order(), phone=ANOTHER, now=later(60), actor=actor).status == "pending"


def test_session_at_its_limit_may_pay_its_orders() -> None:
    first, *_ = order_at(0, 1, 2, 3, 4, actor=SHOPPER)
    post(first, failure(first), now=later(30))

    assert retry_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90)).mpesa_order == first.mpesa_order


@pytest.mark.parametrize("limit", ["blocked", "burst", "day"])
def test_shopper_gets_the_same_refusal_for_every_limit_of_a_number(limit: str) -> None:
    prompt_at(*{"blocked": (), "burst": (0, 10, 20), "day": (number * HOUR for number in range(10))}[limit])
    if limit == "blocked":
        MpesaBlockedPhone.objects.create(phone=PHONE.msisdn, created_at=NOON)
    at = 10 * HOUR if limit == "day" else 30

    refusal = refusal_of(PhoneUnavailable, at=at, actor=SHOPPER)
    reason = refusal_of(PhoneUnavailable, at=at)

    assert type(refusal) is PhoneUnavailable
    assert (refusal.phone, refusal.until, str(refusal)) == (PHONE, None, PHONE.masked)
    assert type(reason) is {"blocked": PhoneBlocked, "burst": TooManyPushes, "day": TooManyUnpaidPushes}[limit]
