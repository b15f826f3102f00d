"""Start payments: the row is committed before the STK push is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import CURRENCY, rounding_difference, whole_shillings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.services import audit, outbox, status_query
from oscar_mpesa.services.allocation import has_money
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.exceptions import MpesaUnavailable, NotPayable, OtherCurrency, PaymentInProgress, TooSoon
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.rate_limits import check_rate_limits
from oscar_mpesa.services.stk_push import send_stk_push

#: The shortest wait before the next push of the same order to the same phone.
SAME_PHONE_WAIT = timedelta(seconds=60)


def start_payment(
    order: Any, *, phone: PhoneNumber, now: datetime, language: str = "", digest: str = "", address: str | None = None
) -> MpesaPayment:
    """Create a *pending* payment of an order's whole total. Send it with ``send_stk_push`` after the commit.

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
            _restart_clock(mpesa_order, now)
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

    Queries the last payment first if its result is unclear and a new push is allowed. Raises ``NotPayable`` if that one
    is paid after all, and what ``start_payment`` raises. ``by`` is the person who sends the push for the shopper; an
    event records the name. Raises ``PermissionDenied`` if ``by`` lacks ``oscar_mpesa.act_on_payment``.
    """
    if by is not None:
        require_permission(by, "act_on_payment")
    _query_last_payment(order, phone, now)
    with transaction.atomic(durable=True):
        payment = start_payment(order, phone=phone, now=now, language=language, digest=digest, address=address)
        if by is not None:
            audit.record(EventType.PUSH_REQUESTED, payment, now=now, by=by)
    send_stk_push(payment, now=now)
    return payment


def _query_last_payment(order: Any, phone: PhoneNumber, now: datetime) -> None:
    payments = MpesaPayment.objects.filter(mpesa_order_id=order.pk).select_related("mpesa_order")
    last = payments.order_by("-id").first()
    if last is not None and last.needs_query and not last.on_hold:
        _require_available()
        _require_push_allowed(last.mpesa_order, order, phone, now)
        status_query.query_status(last, now=now)


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
    _amount_of(order)
    if mpesa_order.is_closed:
        raise NotPayable(f"order {mpesa_order.pk} is closed")
    if has_money(mpesa_order.pk):
        raise NotPayable(f"order {mpesa_order.pk} has money")
    last = mpesa_order.payments.order_by("-id").first()
    if last is not None:  # None: staff allocated money to the order, then moved it elsewhere
        _require_wait_over(last, phone, now)
    check_rate_limits(phone, now=now)


def _require_wait_over(last: MpesaPayment, phone: PhoneNumber, now: datetime) -> None:
    if last.is_live:
        raise PaymentInProgress(last)
    until = next_push_allowed_at(last, phone=phone)
    if until is not None and now < until:
        raise TooSoon(until)


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


def _restart_clock(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Set a deadline for an order that has none, so that its stock is released one day."""
    if mpesa_order.close_check_at is None:
        until = max(mpesa_order.pay_before, now + timedelta(minutes=get_settings().PAYMENT_WINDOW_MINUTES))
        mpesa_order.pay_before = mpesa_order.close_check_at = until
        mpesa_order.save(update_fields=["pay_before", "close_check_at"])


def _amount_of(order: Any) -> int:
    """Return the total in whole shillings; raise ``AmountRefused`` if M-PESA can't take it."""
    return whole_shillings(order.total_incl_tax, currency=order.currency, rounding=get_settings().ROUNDING)


def _create_payment(mpesa_order: MpesaOrder, phone: PhoneNumber, now: datetime) -> MpesaPayment:
    settings, order = get_settings(), mpesa_order.order
    amount = _amount_of(order)
    return MpesaPayment.objects.create(
        mpesa_order=mpesa_order,
        live_order=mpesa_order.pk,
        phone=phone.msisdn,
        amount=amount,
        rounding=rounding_difference(order.total_incl_tax, amount),
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
    mpesa_order, _ = MpesaOrder.objects.get_or_create(pk=order_id, defaults=defaults)
    mpesa_order.order = order
    return mpesa_order
