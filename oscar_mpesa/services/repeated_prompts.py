"""Decide whether another prompt may follow the last one of an order, and to which phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from oscar_mpesa.domain.outcomes import Retry
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import NoOtherPrompt, NumberNeeded, NumberRefused, PaymentInProgress, TooSoon

#: The wait after a push that the phone did not answer. Its prompt may still appear for so long.
UNANSWERED_WAIT = timedelta(seconds=60)


def last_phone(order: Any, actor: Actor) -> PhoneNumber:
    """Return the phone of the order's last payment. Raises ``NumberNeeded`` for payers, or if it can't pay."""
    last = MpesaPayment.objects.filter(mpesa_order_id=order.pk).order_by("-id").first()
    if last is None or actor.role is Role.PAYER or last.outcome.retry is Retry.OTHER_NUMBER:
        raise NumberNeeded(order.pk)
    return last.phone_number


def require_other_prompt(mpesa_order: MpesaOrder) -> None:
    """Raise ``PaymentInProgress`` if a payment is live, and ``NoOtherPrompt`` if another would fail as the last did."""
    payments = list(mpesa_order.payments.order_by("-id"))
    for live in (each for each in payments if each.is_live):
        raise PaymentInProgress(live)
    if payments and not payments[0].is_paid and not payments[0].allows_another:
        raise NoOtherPrompt(payments[0].pk)


def require_other_number(mpesa_order: MpesaOrder, phone: PhoneNumber) -> None:
    """Raise ``NumberRefused`` if the last payment of the order from this phone says that the number can't pay."""
    last = mpesa_order.payments.filter(phone=phone.msisdn).order_by("-id").first()
    if last is not None and not last.is_paid and last.outcome.retry is Retry.OTHER_NUMBER:
        raise NumberRefused(last.pk)


def next_push_allowed_at(payment: MpesaPayment, *, phone: PhoneNumber) -> datetime | None:
    """Return when a new push to a phone is allowed after this payment, in UTC, or None for at once.

    Waits as long as the result code needs (17: two minutes), and for ``UNANSWERED_WAIT`` after a push that the phone
    did not answer. After any other result, such as a wrong PIN, the prompt has left the phone.
    """
    if payment.phone != phone.msisdn or payment.push_sent_at is None or payment.is_live:
        return None
    waits = []
    if payment.needs_query:
        waits.append(payment.push_sent_at + UNANSWERED_WAIT)
    if payment.ended_at is not None and payment.outcome.wait:
        waits.append(payment.ended_at + timedelta(seconds=payment.outcome.wait))
    return max(waits, default=None)


def too_soon(mpesa_order: MpesaOrder | None, phone: PhoneNumber, actor: Actor, now: datetime) -> TooSoon | None:
    """Return a refusal if one of the order's pushes to this phone was a moment ago. Makes one query, or two.

    A payer waits only after a push that the same session asked for. Otherwise the refusal would confirm a guess of
    somebody else's number.
    """
    if mpesa_order is None:
        return None
    if actor.role is Role.PAYER:
        earlier = mpesa_order.push_attempts.filter(session_digest=actor.session_digest, created_at__lt=now)
        if not earlier.filter(phone=phone.msisdn).exists():
            return None
    payments = mpesa_order.payments.filter(phone=phone.msisdn)
    ends = [end for each in payments if (end := next_push_allowed_at(each, phone=each.phone_number)) is not None]
    return TooSoon(max(ends)) if ends and now < max(ends) else None
