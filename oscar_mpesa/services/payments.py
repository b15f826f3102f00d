"""Start payments: the row is committed before the STK push is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import CURRENCY, rounding_difference, whole_shillings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services import audit, outbox, status_query
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.exceptions import (
    MpesaUnavailable,
    NotPayable,
    OtherCurrency,
    PaymentInProgress,
    PaymentUnconfirmed,
    ResultUnknown,
    TooSoon,
)
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import balance_of, has_open_money
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.rate_limits import check_rate_limits
from oscar_mpesa.services.status_query import QueryResult
from oscar_mpesa.services.stk_push import send_stk_push

#: Payments to query before another push, newest first, and the seconds for all of them.
MAX_UNCLEAR, UNCLEAR_LIMIT = 2, 8.0

#: If Safaricom doesn't answer these queries, another push is allowed this long after the payment ended.
UNANSWERED_WAIT = timedelta(minutes=5)

#: The shortest wait before the next push of the same order to the same phone.
SAME_PHONE_WAIT = timedelta(seconds=60)


def start_payment(
    order: Any, *, phone: PhoneNumber, now: datetime, language: str = "", digest: str = "", address: str | None = None
) -> MpesaPayment:
    """Create a *pending* payment of what an order owes. Send it with ``send_stk_push`` after the commit.

    Locks the order. ``language``, ``digest`` (of the session) and ``address`` are stored with an order's first
    payment; ``rate_limits`` counts by them. A database constraint allows one live payment for each order.

    Raises ``StartRefused``, whose subclasses say what to do, and ``AmountRefused``.
    """
    _require_available()
    with transaction.atomic(savepoint=False):
        locked = lock_order(order.pk)
        mpesa_order = MpesaOrder.objects.filter(pk=locked.pk).first()
        if mpesa_order is None:
            _require_awaiting_payment(locked)
            check_rate_limits(phone, now=now, digest=digest, address=address)
            mpesa_order = _create_mpesa_order(locked, now, language=language, session_digest=digest, address=address)
        else:
            _require_push_allowed(mpesa_order, locked, phone, now)
            outbox.postpone_failed_email(mpesa_order, now=now)
            if mpesa_order.close_check_at is None:
                give_time_to_pay(mpesa_order, now=now)
        mpesa_order.order = locked
        return _create_payment(mpesa_order, phone, now)


def retry_payment(
    order: Any,
    *,
    phone: PhoneNumber,
    now: datetime,
    language: str = "",
    digest: str = "",
    address: str | None = None,
    by: Any = None,
) -> MpesaPayment:
    """Start and send a payment for an order that is placed already. Must run outside a transaction.

    Queries up to two payments first if their result is unclear and a new push is allowed. Raises ``NotPayable`` if one
    is paid after all, ``ResultUnknown`` if Safaricom does not answer, and what ``start_payment`` raises. ``by`` is the
    person who sends the push for the shopper; an event records the name. Raises ``PermissionDenied`` if ``by`` lacks
    ``oscar_mpesa.act_on_payment``.
    """
    if by is not None:
        require_permission(by, "act_on_payment")
    _query_unclear_payments(order, phone, now)
    with durable_transaction():
        payment = start_payment(order, phone=phone, now=now, language=language, digest=digest, address=address)
        if by is not None:
            audit.record(EventType.PUSH_REQUESTED, payment, now=now, by=by)
    send_stk_push(payment, now=now)
    return payment


def _query_unclear_payments(order: Any, phone: PhoneNumber, now: datetime) -> None:
    """Query the newest payments whose result is unclear, because one of them may be paid.

    Raises ``ResultUnknown`` if Safaricom does not answer and the last of them ended a moment ago.
    """
    payments = list(MpesaPayment.objects.filter(mpesa_order_id=order.pk).select_related("mpesa_order").order_by("-id"))
    unclear = [each for each in payments if each.needs_query and each.checkout_request_id]
    if not unclear:
        return
    _require_available()
    _require_push_allowed(payments[0].mpesa_order, order, phone, now)
    for payment, result in status_query.query_within(UNCLEAR_LIMIT, unclear[:MAX_UNCLEAR], now=now):
        until = (payment.ended_at or now) + UNANSWERED_WAIT
        if result is QueryResult.NOTHING and now < until:
            raise ResultUnknown(until)


def next_push_allowed_at(payment: MpesaPayment, *, phone: PhoneNumber) -> datetime | None:
    """Return when a new push to a phone is allowed after this payment, in UTC, or None for at once.

    Waits as long as the result code needs (17: two minutes), and at least ``SAME_PHONE_WAIT`` after a push.
    """
    if payment.phone != phone.msisdn or payment.push_sent_at is None or payment.is_live:
        return None
    waits = []
    if payment.checkout_request_id is not None or payment.was_unanswered:
        waits.append(payment.push_sent_at + SAME_PHONE_WAIT)
    if payment.ended_at is not None and payment.outcome.wait:
        waits.append(payment.ended_at + timedelta(seconds=payment.outcome.wait))
    return max(waits, default=None)


def _require_available() -> None:
    settings = get_settings()
    if settings.available_to == "nobody":
        raise MpesaUnavailable(settings.faults)


def _require_awaiting_payment(order: Any) -> None:
    if not has_pending_status(order):
        raise NotPayable(f"order {order.pk} is {order.status}")


def _require_push_allowed(mpesa_order: MpesaOrder, order: Any, phone: PhoneNumber, now: datetime) -> None:
    """Raise ``StartRefused`` if the order needs no payment, a payment is live, or the phone has had enough pushes."""
    _require_awaiting_payment(order)
    if mpesa_order.is_closed:
        raise NotPayable(f"order {mpesa_order.pk} is closed")
    if has_open_money(mpesa_order):
        raise NotPayable(f"order {mpesa_order.pk} is paid, or its money waits for a decision")
    if is_confirming(mpesa_order, now):
        raise PaymentUnconfirmed(mpesa_order.pk)
    _require_wait_over(mpesa_order, phone, now)
    check_rate_limits(phone, now=now)


def _require_wait_over(mpesa_order: MpesaOrder, phone: PhoneNumber, now: datetime) -> None:
    """Raise if a payment is live, or one of the order's pushes to this phone was a moment ago. Makes one query."""
    payments = list(mpesa_order.payments.order_by("-id"))
    for live in (each for each in payments if each.is_live):
        raise PaymentInProgress(live)
    ends = [end for each in payments if (end := next_push_allowed_at(each, phone=phone)) is not None]
    if ends and now < max(ends):
        raise TooSoon(max(ends))


def _create_mpesa_order(order: Any, now: datetime, **session: Any) -> MpesaOrder:
    settings = get_settings()
    return MpesaOrder.objects.create(
        order=order,
        environment=settings.environment,
        created_at=now,
        pay_before=now + timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
        close_check_at=now + timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
        **session,
    )


def give_time_to_pay(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Let an order close only after the shop's time to pay, counted from now. The caller locks the order.

    One that staff enrolled never closes by time.
    """
    until = max(mpesa_order.pay_before, now + timedelta(minutes=get_settings().PAYMENT_WINDOW_MINUTES))
    mpesa_order.pay_before, mpesa_order.close_check_at = until, None if mpesa_order.is_enrolled else until
    mpesa_order.save(update_fields=["pay_before", "close_check_at"])


def _amount_of(mpesa_order: MpesaOrder) -> tuple[int, Decimal]:
    """Return the balance in whole shillings, and what rounding adds to it. The caller locks the order.

    Raises ``AmountRefused`` if M-PESA can't take it. The first payment is of the total less what other methods took.
    """
    order = mpesa_order.order
    is_new = mpesa_order.balance is None
    due = order.total_incl_tax - shop().other_payments(order) if is_new else balance_of(mpesa_order)
    amount = whole_shillings(due, currency=order.currency, rounding=get_settings().ROUNDING)
    return amount, rounding_difference(due, amount)


def _create_payment(mpesa_order: MpesaOrder, phone: PhoneNumber, now: datetime) -> MpesaPayment:
    settings = get_settings()
    amount, rounding = _amount_of(mpesa_order)
    return MpesaPayment.objects.create(
        mpesa_order=mpesa_order,
        live_order=mpesa_order.pk,
        phone=phone.msisdn,
        amount=amount,
        rounding=rounding,
        status=PaymentStatus.PENDING.value,
        shortcode=settings.SHORTCODE,
        till=settings.TILL_NUMBER,
        environment=settings.environment,
        created_at=now,
    )


def get_or_create_mpesa_order(order_id: int, *, now: datetime, environment: str = "") -> MpesaOrder:
    """Return the M-PESA side of an order, new if it was placed with another payment method. Locks the order.

    A new row gets ``environment``, by default the shop's, and no close check. Raises ``OtherCurrency``.
    """
    order = lock_order(order_id)
    if order.currency != CURRENCY:
        raise OtherCurrency(order_id)
    defaults = {"created_at": now, "pay_before": now, "environment": environment or get_settings().environment}
    defaults["is_enrolled"] = True
    mpesa_order, _ = MpesaOrder.objects.get_or_create(pk=order_id, defaults=defaults)
    mpesa_order.order = order
    return mpesa_order
