"""Limits bind the actor: one order, session or address can try only so many numbers, and every try is stored (M19)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaLimitLock, MpesaOrder, MpesaPayment, MpesaPushAttempt
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import StartRefused, TooSoon
from oscar_mpesa.services.limit_exceptions import PhoneUnavailable
from oscar_mpesa.services.payments import retry_payment, start_payment
from oscar_mpesa.services.reconciliation import reconcile
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def phone(number: int) -> PhoneNumber:
    return PhoneNumber.parse(f"25472{number:07}")


def session(number: int = 0, *, address: str | None = None) -> Actor:
    return Actor(session_digest=f"{number:064}", address=address)


def push(order: Any, number: int, *, actor: Actor, at: float, code: int = 1032) -> str:
    """Send a prompt that fails at once. Return "sent", or the name of the refusal."""
    try:
        payment = retry_payment(order, phone=phone(number), now=later(at), actor=actor)
    except StartRefused as refusal:
        return type(refusal).__name__
    payment.refresh_from_db()
    post(payment, failure(payment, code=code), now=later(at))
    return "sent"


def start(number: int, *, actor: Actor, at: float, order: Any = None) -> str:
    """Start a payment of a new order. Return "started", or the name of the refusal."""
    try:
        start_payment(order or new_order(), phone=phone(number), now=later(at), actor=actor)
    except StartRefused as refusal:
        return type(refusal).__name__
    return "started"


def refused_by() -> list[str]:
    return list(MpesaPushAttempt.objects.order_by("pk").values_list("refused_by", flat=True))


def pay_orders() -> None:
    """Mark all orders as paid, so that the limit of unpaid orders is not reached."""
    MpesaOrder.objects.update(is_paid=True)


@pytest.mark.parametrize("sessions", [1, 10])
def test_order_sends_to_five_of_25_numbers(sessions: int, caplog: pytest.LogCaptureFixture) -> None:
    order = new_order()

    with caplog.at_level(logging.INFO, "oscar_mpesa"):
        answers = [push(order, n, actor=session(n % sessions), at=n * 10 * MINUTE) for n in range(25)]

    assert answers == ["sent"] * 5 + ["TooManyNumbersForOrder"] * 20
    assert refused_by() == [""] * 5 + ["order_numbers"] * 20
    refused = [each for each in caplog.messages if "was refused" in each]
    assert len(refused) == 20
    assert refused[0] == "M-PESA: a prompt to 0720 •••005 was refused by the limit order_numbers"
    assert set(MpesaPushAttempt.objects.values_list("mpesa_order_id", flat=True)) == {order.pk}


def test_number_that_this_actor_used_is_not_new() -> None:
    order = new_order()
    for number in range(5):
        push(order, number, actor=session(), at=number * MINUTE)

    assert push(order, 0, actor=session(1), at=HOUR) == "TooManyNumbersForOrder"
    assert push(order, 0, actor=session(), at=HOUR) == "sent"


def test_actor_over_the_limit_learns_nothing_about_any_number() -> None:
    order = new_order()
    for number in range(5):
        push(order, number, actor=session(), at=number * MINUTE)
    last = 4 * MINUTE
    new_payment(phone=phone(70), now=later(last))
    MpesaBlockedPhone.objects.create(phone=phone(71).msisdn, created_at=NOON)
    for _ in range(3):
        new_payment(phone=phone(72), now=later(last))

    used_just_now, free, blocked, full, again = (
        push(order, number, actor=session(1), at=last + 10) for number in (4, 70, 71, 72, 71)
    )

    assert {used_just_now, free, blocked, full, again} == {"TooManyNumbersForOrder"}


def test_refused_tries_count_as_numbers() -> None:
    order = new_order()
    push(order, 0, actor=session(), at=0)
    for number in range(1, 5):
        MpesaBlockedPhone.objects.create(phone=phone(number).msisdn, created_at=NOON)

    answers = [push(order, number, actor=session(), at=number * MINUTE) for number in (1, 2, 3, 4, 5, 1)]

    assert answers == ["PhoneUnavailable"] * 4 + ["TooManyNumbersForOrder", "PhoneUnavailable"]


def test_eleventh_push_of_an_order_is_refused_without_counting_unsent() -> None:
    order = new_order()
    for number in range(10):
        assert push(order, number % 5, actor=session(), at=number * 10 * MINUTE) == "sent"

    assert push(order, 0, actor=session(), at=4 * HOUR) == "TooManyPushesForOrder"
    last = MpesaPayment.objects.filter(pk=MpesaPayment.objects.latest("pk").pk)
    for code in ("refused", "number-refused"):
        last.update(result_code=code)
        assert push(order, 0, actor=session(), at=4 * HOUR) == "TooManyPushesForOrder"
    last.update(result_code="not-sent")
    assert push(order, 0, actor=session(), at=4 * HOUR) == "sent"


def test_staff_are_bound_by_limits_of_the_phone_only() -> None:
    order = new_order()
    clerk = Actor(role=Role.STAFF, user=new_staff_user("act_on_payment"), address="197.248.0.1")
    for number in range(11):
        assert push(order, number, actor=clerk, at=number * MINUTE) == "sent"
    MpesaBlockedPhone.objects.create(phone=phone(11).msisdn, created_at=NOON)

    assert push(order, 11, actor=clerk, at=HOUR) == "PhoneBlocked"
    assert refused_by() == [""] * 11 + ["phone_blocked"]


def test_session_tries_ten_unpaid_numbers_an_hour() -> None:
    for number in range(10):
        assert start(number, actor=session(), at=number) == "started"
        pay_orders()

    assert start(10, actor=session(), at=60) == "TooManyNumbers"
    assert start(0, actor=session(), at=60) == "started"
    pay_orders()
    assert start(10, actor=session(1), at=60) == "started"
    assert start(11, actor=session(), at=HOUR + 2) == "started"


def test_numbers_that_paid_do_not_count_for_a_session() -> None:
    for number in range(12):
        payment = start_payment(new_order(), phone=phone(number), now=later(number), actor=session())
        pay(payment, number=f"OD123ABC{number:02}", now=later(number))

    assert start(12, actor=session(), at=60) == "started"
    assert start(0, actor=session(), at=60) == "started"


def test_address_refuses_only_with_a_limit(settings: Any) -> None:
    here = "197.248.0.1"
    for number in range(3):
        assert start(number, actor=session(number, address=here), at=number) == "started"

    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_LIMIT": 3}

    assert start(3, actor=session(3, address=here), at=60) == "TooManyNumbersFromAddress"
    assert start(2, actor=session(2, address=here), at=60) == "started"
    assert start(3, actor=session(3, address="197.248.0.2"), at=60) == "started"
    assert start(4, actor=session(4, address=here), at=HOUR + 1) == "started"
    assert refused_by().count("address_numbers") == 1


def test_order_conditions_come_before_any_limit_and_store_nothing() -> None:
    order = new_order()
    start(0, actor=session(), at=0, order=order)
    MpesaBlockedPhone.objects.create(phone=phone(1).msisdn, created_at=NOON)

    assert push(order, 1, actor=session(), at=1) == "PaymentInProgress"
    assert refused_by() == [""]


def test_attempt_stays_stored_when_the_push_comes_too_soon() -> None:
    order = new_order()
    push(order, 0, actor=session(), at=0, code=1037)

    with pytest.raises(TooSoon):
        retry_payment(order, phone=phone(0), now=later(10), actor=session())

    assert refused_by() == ["", ""]


def test_refused_first_push_leaves_an_attempt_without_an_order() -> None:
    MpesaBlockedPhone.objects.create(phone=phone(0).msisdn, created_at=NOON)

    with pytest.raises(PhoneUnavailable):
        retry_payment(new_order(), phone=phone(0), now=NOON, actor=session(address="197.248.0.1"))

    attempt = MpesaPushAttempt.objects.get()
    assert (attempt.mpesa_order, attempt.refused_by, attempt.phone) == (None, "phone_blocked", phone(0).msisdn)
    assert (attempt.session_digest, attempt.address, attempt.created_at) == (f"{0:064}", "197.248.0.1", NOON)


def test_complete_pass_deletes_old_attempts_and_locks_once_a_day() -> None:
    start(0, actor=session(), at=0)
    list(reconcile(lambda: later(29 * DAY)))
    kept = (MpesaPushAttempt.objects.count(), MpesaLimitLock.objects.count())

    list(reconcile(lambda: later(31 * DAY)))

    assert kept == (1, 0)
    assert not MpesaPushAttempt.objects.exists()
