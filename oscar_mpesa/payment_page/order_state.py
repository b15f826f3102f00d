"""Decide the state of an order's payment page."""

from __future__ import annotations

from datetime import datetime, timedelta

from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.payment_page.money import OrderMoney
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.services.expected_callbacks import is_confirming

#: A prompt without an answer for this long is "still checking".
CHECKING_AFTER = timedelta(seconds=75)


def page_state(payment: MpesaPayment, money: OrderMoney, now: datetime) -> PaymentPageState:
    """Return the state of a payment's page. Queries reported successes if the payment does not know of any."""
    if money.state is not None and money.state.has_money:
        return money.state
    if _is_confirming(payment, now):
        return PaymentPageState.CONFIRMING
    if _is_closed(payment.mpesa_order):
        return money.state or PaymentPageState.CLOSED
    if payment.is_live:
        waited = now - (payment.push_sent_at or payment.created_at)
        return PaymentPageState.ENTER_PIN if waited < CHECKING_AFTER else PaymentPageState.CHECKING
    if not has_pending_status(payment.mpesa_order.order):
        return money.state or PaymentPageState.NOT_WAITING
    return _state_of_ended(payment, money, now)


def _is_confirming(payment: MpesaPayment, now: datetime) -> bool:
    if payment.is_confirming(now):
        return True
    return getattr(payment, "has_unconfirmed", True) and is_confirming(payment.mpesa_order, now)


def _state_of_ended(payment: MpesaPayment, money: OrderMoney, now: datetime) -> PaymentPageState:
    if payment.is_paid or _is_newer_than_result(money, payment):
        return money.state if money.state is PaymentPageState.PART_PAID else PaymentPageState.UNPAID
    if payment.was_unanswered:
        return PaymentPageState.UNANSWERED
    return PaymentPageState.WAIT if _must_wait(payment, now) else PaymentPageState.FAILED


def _must_wait(payment: MpesaPayment, now: datetime) -> bool:
    """Return whether result 17, a repeated push, asks the shopper to wait. Later it counts as a failure."""
    if payment.result_code != "17" or payment.ended_at is None:
        return False
    return now < payment.ended_at + timedelta(seconds=payment.outcome.wait)


def _is_newer_than_result(money: OrderMoney, payment: MpesaPayment) -> bool:
    """Return whether money came for the order after its last prompt failed."""
    arrived_at, ended_at = money.arrived_at, payment.ended_at
    return arrived_at is not None and ended_at is not None and arrived_at > ended_at


def _is_closed(mpesa_order: MpesaOrder) -> bool:
    settings = get_settings()
    return mpesa_order.is_closed or mpesa_order.order.status in {settings.CANCELLED_STATUS, settings.EXPIRED_STATUS}
