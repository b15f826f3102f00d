"""Decide what an order's payment page offers, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

from oscar_mpesa.domain.outcomes import FirstAction, Outcome
from oscar_mpesa.domain.result_codes import ON_SAFARICOM
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.services.repeated_prompts import next_push_allowed_at

#: A prompt stays on the phone for about this long.
PROMPT_TIME = timedelta(seconds=60)


def can_retry(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Return whether a prompt for what is left to pay may be sent. A payment that arrived does not forbid it."""
    is_pending = has_pending_status(payment.mpesa_order.order)
    return state.is_ended and is_pending and (payment.is_paid or payment.allows_another)


def first_action(state: PaymentPageState, outcome: Outcome) -> FirstAction:
    """Return what to do first: after money that came for the order, pay the rest; else what the last result says."""
    return FirstAction.SEND_AGAIN if state.is_part_paid or state.is_unpaid else outcome.first


def other_network(payment: MpesaPayment) -> str:
    """Return the network of the number's prefix, unless it is Safaricom's or the result shows a Safaricom number."""
    return "" if payment.outcome.code in ON_SAFARICOM else payment.phone_number.other_network


def can_restore(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Forbid restoring the basket while a prompt is pending, because its money would come for a restored order."""
    mpesa_order = payment.mpesa_order
    is_restorable = mpesa_order.is_closed and mpesa_order.basket_restored_at is None and not payment.is_live
    return is_restorable and state.is_restorable


def another_may_come(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Return whether a prompt is, or may still appear, on a phone although nothing is left to pay with it."""
    if (state.is_paid_once or state.is_closed) and payment.is_live:
        return True
    return (state.awaits_pin or state.is_paid_once) and bool(getattr(payment, "follows_unanswered", False))


def retry_at(payment: MpesaPayment, now: datetime) -> datetime | None:
    """Return when a prompt may be sent to the same phone again, or None for at once."""
    allowed_at = next_push_allowed_at(payment, phone=payment.phone_number)
    return allowed_at if allowed_at is not None and allowed_at > now else None


def prompt_ends(payment: MpesaPayment, state: PaymentPageState, now: datetime) -> datetime | None:
    """Return when the prompt leaves the phone, or None if none is on it."""
    if not state.awaits_pin or payment.push_sent_at is None or payment.push_sent_at + PROMPT_TIME <= now:
        return None
    return payment.push_sent_at + PROMPT_TIME


def next_check_at(payment: MpesaPayment, state: PaymentPageState, now: datetime) -> datetime | None:
    """Return when Safaricom is queried next about a payment that takes long, or None if that is not known."""
    due_at = payment.next_query_at if state.is_checking or state.is_confirming else None
    return due_at if due_at is not None and due_at > now else None
