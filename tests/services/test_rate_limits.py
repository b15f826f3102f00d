"""Limit the prompts of a phone and the unpaid orders of a session."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from django.db import transaction

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.result_codes import PUSH_CODES
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.exceptions import (
    PaymentInProgress,
    StartRefused,
    TooManyOrders,
    TooManyPushes,
    TooManyUnpaidPushes,
)
from oscar_mpesa.services.payments import retry_payment, start_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import ANOTHER, NOON, PAYS, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

Refusal = TypeVar("Refusal", bound=StartRefused)

MINUTE, HOUR = 60, 3600
A_SESSION = "5e55" * 16
AN_ADDRESS = "197.248.0.1"


def prompt_at(*seconds: float, phone: PhoneNumber = PAYS) -> list[MpesaPayment]:
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


def refusal_of(kind: type[Refusal], *, at: float, phone: PhoneNumber = PAYS, **about: Any) -> Refusal:
    """Return the refusal of a new order's payment, this many seconds after noon."""
    with pytest.raises(kind) as refusal, transaction.atomic():
        start_payment(new_order(), phone=phone, now=later(at), **about)
    return refusal.value


def test_fourth_prompt_in_five_minutes_is_refused() -> None:
    prompt_at(0, 60, 120)

    refusal = refusal_of(TooManyPushes, at=180)

    assert (refusal.phone, refusal.until) == (PAYS, later(5 * MINUTE))
    assert PAYS.local not in f"{refusal} {refusal!r}"
    assert MpesaOrder.objects.count() == 3


def test_window_slides_with_the_oldest_prompt() -> None:
    prompt_at(0, 60, 120)

    fourth = start_payment(new_order(), phone=PAYS, now=later(5 * MINUTE))

    assert fourth.status == "pending"
    refusal = refusal_of(TooManyPushes, at=5 * MINUTE)
    assert refusal.until == later(6 * MINUTE)


def test_prompts_started_at_once_beyond_the_limit_wait_for_all_but_two() -> None:
    prompt_at(0, 10, 20)
    prompt_at(30, phone=ANOTHER)
    MpesaPayment.objects.update(phone=PAYS.msisdn)

    assert refusal_of(TooManyPushes, at=40).until == later(10 + 5 * MINUTE)


def test_another_phone_is_not_limited() -> None:
    prompt_at(0, 10, 20)

    assert start_payment(new_order(), phone=ANOTHER, now=later(30)).status == "pending"


def test_fourth_prompt_of_one_order_is_refused_and_another_phone_pays() -> None:
    order = new_order()
    for seconds in (0, 60, 120):
        payment = retry_payment(order, phone=PAYS, now=later(seconds))
        payment.refresh_from_db()
        post(payment, failure(payment), now=later(seconds + 5))

    with pytest.raises(TooManyPushes):
        retry_payment(order, phone=PAYS, now=later(180))

    assert retry_payment(order, phone=ANOTHER, now=later(180)).mpesa_order_id == order.pk


def test_double_click_after_the_third_prompt_returns_the_live_one() -> None:
    third = prompt_at(0, 10, 20)[-1]

    with pytest.raises(PaymentInProgress):
        start_payment(third.mpesa_order.order, phone=PAYS, now=later(21))


@pytest.mark.parametrize("word", PUSH_CODES)
def test_unsent_push_does_not_count(word: str) -> None:
    prompt_at(0, 10, 20)
    MpesaPayment.objects.filter(push_sent_at=later(10)).update(status="failed", result_code=word)

    assert start_payment(new_order(), phone=PAYS, now=later(30)).status == "pending"


def test_push_about_to_be_sent_counts() -> None:
    for _ in range(3):
        start_payment(new_order(), phone=PAYS, now=NOON)

    assert refusal_of(TooManyPushes, at=59).until == later(5 * MINUTE)


def test_push_past_its_deadline_does_not_count() -> None:
    for _ in range(3):
        start_payment(new_order(), phone=PAYS, now=NOON)

    assert start_payment(new_order(), phone=PAYS, now=later(60)).status == "pending"


def test_push_of_another_environment_does_not_count(settings: Any) -> None:
    prompt_at(0, 10, 20)
    order_at(0, 1, 2, 3, 4, digest=A_SESSION)

    settings.OSCAR_MPESA = CREDENTIALS

    assert start_payment(new_order(), phone=PAYS, now=later(30), digest=A_SESSION).environment == "sandbox"


def test_paid_prompts_count_in_five_minutes() -> None:
    for number, payment in enumerate(prompt_at(0, 10, 20)):
        pay(payment, number=f"OD123ABC4{number}", now=later(25))

    assert refusal_of(TooManyPushes, at=30).until == later(5 * MINUTE)


def test_ten_unpaid_prompts_are_the_limit_of_a_day() -> None:
    prompt_at(*(number * HOUR for number in range(10)))

    refusal = refusal_of(TooManyUnpaidPushes, at=24 * HOUR - 1)

    assert refusal.until == NOON + timedelta(hours=24)
    assert start_payment(new_order(), phone=PAYS, now=refusal.until).status == "pending"


def test_paid_prompts_do_not_count_in_a_day() -> None:
    paid, *_ = prompt_at(*(number * HOUR for number in range(10)))
    pay(paid, now=later(30))

    assert start_payment(new_order(), phone=PAYS, now=later(10 * HOUR)).status == "pending"


def test_longer_wait_is_returned_when_both_limits_apply() -> None:
    prompt_at(0, *(number * HOUR for number in range(1, 7)), 24 * HOUR - 100, 24 * HOUR - 90, 24 * HOUR - 80)

    refusal = refusal_of(TooManyPushes, at=24 * HOUR - 70)

    assert type(refusal) is TooManyPushes
    assert refusal.until == later(24 * HOUR - 100 + 5 * MINUTE)


def test_sixth_unpaid_order_of_a_session_waits_for_an_hour() -> None:
    order_at(0, 60, 120, 180, 240, digest=A_SESSION)

    refusal = refusal_of(TooManyOrders, at=300, phone=ANOTHER, digest=A_SESSION)

    assert (refusal.phone, refusal.until) == (None, later(HOUR))
    assert start_payment(new_order(), phone=ANOTHER, now=later(HOUR), digest=A_SESSION).status == "pending"


def test_paid_order_makes_room_for_the_sixth() -> None:
    first, *_ = order_at(0, 1, 2, 3, 4, digest=A_SESSION)
    pay(first, now=later(30))

    assert start_payment(new_order(), phone=ANOTHER, now=later(60), digest=A_SESSION).status == "pending"


def test_closed_order_makes_no_room() -> None:
    order_at(0, 1, 2, 3, 4, digest=A_SESSION)
    MpesaOrder.objects.update(closed_at=later(60))

    assert refusal_of(TooManyOrders, at=90, phone=ANOTHER, digest=A_SESSION).until == later(HOUR)


@pytest.mark.parametrize("digest", ["", "another"], ids=["no session", "another session"])
def test_orders_of_other_sessions_do_not_count(digest: str) -> None:
    order_at(0, 1, 2, 3, digest=A_SESSION)
    order_at(4, 5, 6, 7, 8)

    assert start_payment(new_order(), phone=ANOTHER, now=later(60), digest=digest).status == "pending"


def test_session_at_its_limit_may_pay_its_orders() -> None:
    first, *_ = order_at(0, 1, 2, 3, 4, digest=A_SESSION)
    post(first, failure(first), now=later(30))

    assert retry_payment(first.mpesa_order.order, phone=ANOTHER, now=later(90)).mpesa_order == first.mpesa_order


def test_address_over_its_limit_is_logged_once_and_not_refused(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 3}

    with caplog.at_level(logging.WARNING, "oscar_mpesa"):
        order_at(0, 1, 2, address=AN_ADDRESS)
        before = list(caplog.messages)
        order_at(3, 4, 5, address=AN_ADDRESS)

    assert before == []
    assert caplog.messages == [f"M-PESA: more than 3 unpaid orders came from {AN_ADDRESS} within an hour"]
    assert MpesaOrder.objects.count() == 6


@pytest.mark.parametrize(
    ("alarm", "seconds"),
    [(0, (0, 1, 2, 3)), (3, (0, 1, 2, HOUR)), (4, (0, 1, 2, 3))],
    ids=["switched off", "an hour later", "not reached"],
)
def test_address_within_its_limit_is_not_logged(
    settings: Any, caplog: pytest.LogCaptureFixture, alarm: int, seconds: tuple[int, ...]
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": alarm}

    with caplog.at_level(logging.WARNING, "oscar_mpesa"):
        order_at(*seconds, address=AN_ADDRESS)

    assert MpesaOrder.objects.count() == len(seconds)
    assert caplog.messages == []


def test_paid_orders_and_other_addresses_log_nothing(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_ALERT_LIMIT": 2}

    with caplog.at_level(logging.WARNING, "oscar_mpesa"):
        paid, _ = order_at(0, 1, address=AN_ADDRESS)
        pay(paid, now=later(30))
        order_at(40, address=AN_ADDRESS)
        order_at(41, 42, address="197.248.0.2")

    assert MpesaOrder.objects.count() == 5
    assert caplog.messages == []
