"""Start a payment: one live payment an order, for its whole total, and only if it awaits money (M1, M9, M13, M16)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.exceptions import MpesaUnavailable, NotPayable, PaymentInProgress, TooSoon
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import get_or_create_mpesa_order, retry_payment, start_payment
from oscar_mpesa.services.repeated_prompts import next_push_allowed_at
from oscar_mpesa.services.update_sources import push_expired
from tests.shop import ANOTHER, CANCELS, NOON, PAYS, failure, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db


def test_payment_is_pending_for_the_whole_total_and_starts_the_clock() -> None:
    order = new_order(total="1500.00")

    payment = start_payment(order, phone=PAYS, now=NOON, language="sw")

    row = MpesaOrder.objects.get(order=order)
    assert (payment.status, payment.amount, payment.live_order) == ("pending", 1500, order.pk)
    assert (payment.environment, row.language, row.pay_before) == ("simulated", "sw", later(30 * 60))
    assert len(payment.secret) == 32
    assert set(payment.secret) <= set("0123456789abcdef")


def test_cents_left_by_the_checkout_are_rounded_by_the_setting() -> None:
    payment = start_payment(new_order(total="1499.50"), phone=PAYS, now=NOON)

    assert (payment.amount, str(payment.rounding)) == (1500, "0.50")


@pytest.mark.parametrize(
    ("total", "currency"),
    [("0.00", "KES"), ("0.40", "KES"), ("250000.01", "KES"), ("10.00", "EUR")],
    ids=["nothing", "forty cents", "a cent too much", "euros"],
)
def test_total_that_mpesa_cannot_take_is_refused_and_leaves_no_row(total: str, currency: str) -> None:
    order = new_order(total=total, currency=currency)

    with pytest.raises(AmountRefused), transaction.atomic():
        start_payment(order, phone=PAYS, now=NOON)

    assert not MpesaPayment.objects.exists()


def test_second_payment_waits_for_the_first() -> None:
    first = new_payment()

    with pytest.raises(PaymentInProgress) as refusal:
        start_payment(first.mpesa_order.order, phone=ANOTHER, now=later(5))

    assert refusal.value.payment == first


def test_database_allows_one_live_payment_an_order() -> None:
    first = new_payment()

    with pytest.raises(IntegrityError), transaction.atomic():
        MpesaPayment.objects.create(
            mpesa_order=first.mpesa_order, live_order=first.order_id, phone=PAYS.msisdn, amount=1, created_at=NOON
        )


def test_order_with_money_takes_no_payment() -> None:
    payment = pay(new_payment())
    order = payment.mpesa_order.order
    order.status = "Pending payment"
    order.save()

    with pytest.raises(NotPayable):
        start_payment(order, phone=ANOTHER, now=later(120))


def test_order_with_unmatched_money_takes_no_payment() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=1400))

    with pytest.raises(NotPayable):
        start_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(300))


@pytest.mark.parametrize("status", ["Cancelled", "Being processed", "Payment expired"])
def test_order_of_another_status_takes_no_payment(status: str) -> None:
    order = new_order(status=status)

    with pytest.raises(NotPayable):
        start_payment(order, phone=PAYS, now=NOON)


def test_closed_order_takes_no_payment() -> None:
    payment = new_payment()
    post(payment, failure(payment))
    MpesaOrder.objects.update(closed_at=later(30))

    with pytest.raises(NotPayable):
        start_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(40))


@pytest.mark.parametrize(
    "ours",
    [{"AVAILABLE_TO": "nobody", "TEST_MODE": True}, {}, {"ENVIRONMENT": "production"}],
    ids=["switched off", "test mode not allowed", "production without credentials"],
)
def test_shop_that_cannot_take_mpesa_starts_no_payment(settings: Any, ours: dict[str, Any]) -> None:
    settings.OSCAR_MPESA = ours

    with pytest.raises(MpesaUnavailable):
        start_payment(new_order(), phone=PAYS, now=NOON)


def test_phone_without_an_answer_waits_a_minute_and_another_phone_does_not() -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment, code=1037), now=later(10))
    order = payment.mpesa_order.order

    with pytest.raises(TooSoon) as refusal:
        retry_payment(order, phone=CANCELS, now=later(30))
    second = retry_payment(order, phone=ANOTHER, now=later(30))

    second.refresh_from_db()
    assert refusal.value.until == later(60)
    assert (second.status, second.phone) == ("processing", ANOTHER.msisdn)


@pytest.mark.parametrize("code", [1, 1019, 1031, 1032, 2001])
def test_same_phone_may_be_prompted_at_once_after_its_answer(code: int) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=code), now=later(10))

    second = retry_payment(payment.mpesa_order.order, phone=PAYS, now=later(11))

    second.refresh_from_db()
    assert second.status == "processing"
    assert second.pk != payment.pk


def test_wait_of_a_phone_counts_all_payments_of_the_order() -> None:
    first = new_payment()
    post(first, failure(first, code=1001), now=later(5))
    order = first.mpesa_order.order
    second = retry_payment(order, phone=ANOTHER, now=later(10))
    second.refresh_from_db()
    post(second, failure(second), now=later(15))

    with pytest.raises(TooSoon) as refusal:
        retry_payment(order, phone=PAYS, now=later(20))

    assert refusal.value.until == later(5 + 120)
    assert retry_payment(order, phone=PAYS, now=later(125)).phone == PAYS.msisdn


def test_result_code_with_its_own_wait_delays_the_retry() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=17), now=later(50))
    payment.refresh_from_db()

    assert next_push_allowed_at(payment, phone=PAYS) == later(50 + 120)
    assert next_push_allowed_at(payment, phone=ANOTHER) is None


def test_unanswered_payment_is_queried_before_a_retry_and_its_money_ends_it() -> None:
    payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))

    with pytest.raises(NotPayable):
        retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(200))

    payment.refresh_from_db()
    assert payment.status == "completed"


def test_order_that_staff_moved_to_pending_takes_a_payment() -> None:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=NOON)

    payment = retry_payment(order, phone=PAYS, now=later(60), language="sw")

    row = MpesaOrder.objects.get(pk=order.pk)
    assert payment.mpesa_order == row
    assert (row.pay_before, row.close_check_at) == (later(60 + 30 * 60), None)
