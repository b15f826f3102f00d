"""In test mode the test numbers have no limits and count for none. Everywhere else they are numbers like others."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPushAttempt
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.payments import retry_payment, start_payment
from oscar_mpesa.simulator.test_numbers import ANSWERS
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import ANOTHER, CANCELS, NO_FUNDS, NOON, PAYS, failure, later, new_order, post

pytestmark = pytest.mark.django_db

TEST_NUMBERS = [PAYS, NO_FUNDS, CANCELS]
MINUTE = 60
SHOPPER = Actor(session_digest="5e55" * 16, address="203.0.113.9")
PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}


def start(phone: PhoneNumber, *, at: float = 0) -> str:
    """Start a payment of a new order. Return "started", or the name of the refusal."""
    try:
        with transaction.atomic():
            start_payment(new_order(), phone=phone, now=later(at), actor=SHOPPER)
    except StartRefused as refusal:
        return type(refusal).__name__
    return "started"


def retry(order: Any, phone: PhoneNumber, *, at: float) -> str:
    """Send a prompt that is canceled at once. Return "sent", or the name of the refusal."""
    try:
        payment = retry_payment(order, phone=phone, now=later(at), actor=SHOPPER)
    except StartRefused as refusal:
        return type(refusal).__name__
    payment.refresh_from_db()
    post(payment, failure(payment), now=later(at))
    return "sent"


def test_documented_test_numbers_are_the_ones_tested_here() -> None:
    assert {phone.msisdn for phone in TEST_NUMBERS} == set(ANSWERS)


def test_session_buys_with_every_test_number_four_times() -> None:
    answers = [start(phone, at=number) for number in range(4) for phone in TEST_NUMBERS]

    assert answers == ["started"] * 12
    assert MpesaPushAttempt.objects.filter(refused_by="").count() == 12


def test_orders_with_test_numbers_leave_the_own_number_its_limit() -> None:
    for number in range(8):
        start(NO_FUNDS, at=number)

    answers = [start(PhoneNumber.parse(f"072200000{number}"), at=10) for number in range(6)]

    assert answers == ["started"] * 5 + ["TooManyOrders"]


@pytest.mark.parametrize("phone", TEST_NUMBERS, ids=["pays", "no funds", "cancels"])
def test_order_takes_more_than_ten_prompts_to_a_test_number(phone: PhoneNumber) -> None:
    order = new_order()

    answers = [retry(order, phone, at=number * 2 * MINUTE) for number in range(12)]

    assert answers == ["sent"] * 12
    assert retry(order, ANOTHER, at=30 * MINUTE) == "sent"


def test_test_numbers_are_none_of_the_five_numbers_of_an_order() -> None:
    order = new_order()
    for number, phone in enumerate(TEST_NUMBERS):
        retry(order, phone, at=number * MINUTE)

    others = [PhoneNumber.parse(f"072200000{number}") for number in range(6)]
    answers = [retry(order, phone, at=(10 + number) * MINUTE) for number, phone in enumerate(others)]

    assert answers == ["sent"] * 5 + ["TooManyNumbersForOrder"]


def test_other_numbers_keep_their_limits_in_test_mode() -> None:
    answers = [start(ANOTHER, at=number) for number in range(4)]

    assert answers == ["started"] * 3 + ["PhoneUnavailable"]


@pytest.mark.parametrize("phone", TEST_NUMBERS, ids=["pays", "no funds", "cancels"])
def test_blocked_test_number_gets_no_prompt(phone: PhoneNumber) -> None:
    MpesaBlockedPhone.objects.create(phone=phone.msisdn, created_at=NOON)

    assert start(phone) == "PhoneUnavailable"
    assert start(ANOTHER) == "started"


@pytest.mark.parametrize("ours", [CREDENTIALS, PRODUCTION], ids=["sandbox", "production"])
def test_test_numbers_have_limits_outside_of_test_mode(settings: Any, ours: dict[str, Any]) -> None:
    settings.OSCAR_MPESA = ours

    answers = [start(PAYS, at=number) for number in range(4)] + [start(NO_FUNDS, at=number) for number in range(3)]

    assert answers == ["started"] * 3 + ["PhoneUnavailable"] + ["started"] * 2 + ["TooManyOrders"]


def test_wrong_settings_start_no_payment_of_a_test_number(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "SHORTCODE_TYPE": "till", "TILL_NUMBER": ""}

    assert [start(PAYS), start(ANOTHER)] == ["MpesaUnavailable", "MpesaUnavailable"]
