"""Decide when a payment is queried next. Nothing here reads the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.payments import CONFIRMATION_TIME

#: Seconds to wait after each query of a live payment; the last value repeats.
LIVE_INTERVALS = (15, 20, 30, 45, 60)

#: A callback that proves nothing moves the next query of a live payment to now, once in this interval at most.
CALLBACK_INTERVAL = timedelta(minutes=1)

#: When a payment that ended without Safaricom's word is queried, counted from its push: at first in minutes, then every
#: hour until a day has passed.
LATE_QUERIES = tuple(timedelta(minutes=minutes) for minutes in (3, 5, 10, 15, 20, 30)) + tuple(
    timedelta(hours=hours) for hours in range(1, 25)
)

#: When a payment with an unconfirmed success is queried, counted from its arrival. With ``MAX_EXTRA``, ten times a day.
CONFIRMATIONS = tuple(timedelta(minutes=minutes) for minutes in (0, 1, 3, 10, 30)) + tuple(
    timedelta(hours=hours) for hours in (2, 8, 24)
)

#: Further callbacks with the right facts that make a query due at once, besides ``CONFIRMATIONS``.
MAX_EXTRA = 2


def next_live_query(payment: MpesaPayment, now: datetime) -> datetime:
    """Return when a live payment is queried after a query that starts now, in UTC."""
    return now + timedelta(seconds=LIVE_INTERVALS[min(payment.query_count, len(LIVE_INTERVALS) - 1)])


def next_late_query(payment: MpesaPayment, now: datetime) -> datetime | None:
    """Return when a payment that has ended is queried next after ``now``, in UTC, or None for never."""
    moments: list[datetime] = []
    if payment.was_unanswered and payment.checkout_request_id and payment.push_sent_at is not None:
        moments += [payment.push_sent_at + each for each in LATE_QUERIES]
    if payment.unconfirmed_at is not None:
        moments += [payment.unconfirmed_at + each for each in CONFIRMATIONS]
    return min((moment for moment in moments if moment > now), default=None)


def query_after_failure(payment: MpesaPayment, now: datetime) -> datetime | None:
    """Return when a payment is queried after it failed. A query that a reported success made due stays due."""
    is_due = payment.unconfirmed_at is not None and payment.next_query_at is not None and payment.next_query_at <= now
    return payment.next_query_at if is_due else next_late_query(payment, now)


def request_live_query(payment: MpesaPayment, now: datetime) -> bool:
    """Make a live payment due for a query, and return whether that changed it. Saves nothing."""
    moved_at = payment.callback_query_at
    if not payment.is_live or (moved_at is not None and moved_at > now - CALLBACK_INTERVAL):
        return False
    payment.next_query_at = payment.callback_query_at = now
    return True


def await_confirmation(payment: MpesaPayment, now: datetime, *, has_right_facts: bool) -> bool:
    """Start to wait for the confirmation of a success that a callback reported, and return whether a query is due.

    The queries of ``CONFIRMATIONS`` start once in ``CONFIRMATION_TIME``, whatever more is posted. ``has_right_facts``
    says that the callback names the right checkout id and amount and a new code. Saves nothing.
    """
    if payment.unconfirmed_at is None or now >= payment.unconfirmed_at + CONFIRMATION_TIME:
        payment.unconfirmed_at, payment.confirmation_count = now, 0
        is_due = not payment.is_live or has_right_facts
    else:
        is_due = has_right_facts and payment.confirmation_count < MAX_EXTRA
        payment.confirmation_count += is_due
    if not is_due:
        return request_live_query(payment, now)
    payment.next_query_at = now
    return True
