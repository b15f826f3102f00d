"""Start an attempt: the row that is committed before anything is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import rounding_difference, whole_shillings
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import asking, audit, due
from oscar_mpesa.lifecycle.allocating import has_money
from oscar_mpesa.lifecycle.limits import require_leave
from oscar_mpesa.lifecycle.locks import lock_order
from oscar_mpesa.lifecycle.prompting import prompt
from oscar_mpesa.lifecycle.refusals import LivePayment, NotOffered, NotPayable, TooSoon
from oscar_mpesa.lifecycle.staff import require_permission
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status

#: After a prompt of the same amount to the same phone the next one waits at least this long.
SAME_PROMPT_WAIT = timedelta(seconds=60)


def start(
    order: Any, *, phone: PhoneNumber, now: datetime, language: str = "", digest: str = "", address: str | None = None
) -> MpesaPayment:
    """Commit a new attempt to collect an order's whole total, *pending*: ``prompt`` sends it after the commit.

    Locks the order. ``language``, ``digest`` (of the session) and ``address`` are kept with an order's first attempt,
    which ``limits`` counts by them. Raises ``StartRefused`` (its subclasses say what to do) and ``AmountRefused``; the
    order keeps at most one live payment, by a database constraint too.
    """
    _require_offered()
    with transaction.atomic(savepoint=False):
        locked = lock_order(order.pk)
        mpesa_order = MpesaOrder.objects.filter(pk=locked.pk).first()
        if mpesa_order is None:
            _require_awaiting(locked)
            require_leave(phone, now=now, digest=digest, address=address)
            mpesa_order = _enrol(locked, now, language=language, session_digest=digest, address=address)
        else:
            _require_turn(mpesa_order, locked, phone, now)
            due.wait_with_failed_mail(mpesa_order, now=now)
            _wind_clock(mpesa_order, now)
        mpesa_order.order = locked
        return _create(mpesa_order, phone, now)


def retry(
    order: Any,
    *,
    phone: PhoneNumber,
    now: datetime,
    language: str = "",
    digest: str = "",
    address: str | None = None,
    by: Any = None,
) -> MpesaPayment:
    """Start and send an attempt for an order that is placed: another one, or the first. Must run outside a transaction.

    An unanswered one is asked about once more first, unless a new one would be refused whatever the answer: if it was
    paid after all, ``NotPayable`` is raised. Otherwise raises what ``start`` does, and takes what it takes for a first
    attempt. ``by`` is the person who sends it for the shopper; an event keeps the name. Raises ``PermissionDenied``
    for one without ``oscar_mpesa.act_on_payment``.
    """
    if by is not None:
        require_permission(by, "act_on_payment")
    _ask_about_last(order, phone, now)
    with transaction.atomic(durable=True):
        payment = start(order, phone=phone, now=now, language=language, digest=digest, address=address)
        if by is not None:
            audit.record(EventType.PUSH_REQUESTED, payment, now=now, by=by)
    prompt(payment, now=now)
    return payment


def _ask_about_last(order: Any, phone: PhoneNumber, now: datetime) -> None:
    newest = MpesaPayment.objects.filter(mpesa_order_id=order.pk).select_related("mpesa_order").order_by("-id")
    last = newest.first()
    if last is not None and last.may_be_paid_yet and not last.held:
        _require_offered()
        _require_turn(last.mpesa_order, order, phone, now)
        asking.ask(last, now=now)


def opens_at(payment: MpesaPayment, *, phone: PhoneNumber) -> datetime | None:
    """When a new prompt may go to a phone after this payment ended, in UTC; None: at once.

    The wait is the result code's own (17: two minutes), and a minute at least after the same prompt.
    """
    if payment.phone != phone.msisdn or payment.prompted_at is None or payment.is_live:
        return None
    waits = []
    if payment.checkout_request_id is not None or payment.was_unanswered:
        waits.append(payment.prompted_at + SAME_PROMPT_WAIT)
    if payment.ended_at is not None and payment.outcome.wait:
        waits.append(payment.ended_at + timedelta(seconds=payment.outcome.wait))
    return max(waits, default=None)


def _require_offered() -> None:
    settings = get_settings()
    if settings.available_to == "nobody":
        raise NotOffered(settings.faults)


def _require_awaiting(order: Any) -> None:
    if not has_pending_status(order):
        raise NotPayable(f"order {order.pk} is {order.status}")


def _require_turn(mpesa_order: MpesaOrder, order: Any, phone: PhoneNumber, now: datetime) -> None:
    """Not once it is closed or its money is there, nor while an attempt lives, nor too soon or too often to a phone."""
    _require_awaiting(order)
    _amount_of(order)
    if mpesa_order.is_released:
        raise NotPayable(f"order {mpesa_order.pk} is closed")
    if has_money(mpesa_order.pk):
        raise NotPayable(f"order {mpesa_order.pk} has money")
    last = mpesa_order.payments.order_by("-id").first()
    if last is not None:  # None: staff took the order up, for money that is gone again
        _require_rest(last, phone, now)
    require_leave(phone, now=now)


def _require_rest(last: MpesaPayment, phone: PhoneNumber, now: datetime) -> None:
    if last.is_live:
        raise LivePayment(last)
    until = opens_at(last, phone=phone)
    if until is not None and now < until:
        raise TooSoon(until)


def _enrol(order: Any, now: datetime, **about: Any) -> MpesaOrder:
    settings = get_settings()
    return MpesaOrder.objects.create(
        order=order,
        environment=settings.environment,
        created_at=now,
        pay_before=now + timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
        release_at=now + timedelta(minutes=settings.PAYMENT_WINDOW_MINUTES),
        **about,
    )


def _wind_clock(mpesa_order: MpesaOrder, now: datetime) -> None:
    """One that stands still would let the order keep its things for ever."""
    if mpesa_order.release_at is None:
        until = max(mpesa_order.pay_before, now + timedelta(minutes=get_settings().PAYMENT_WINDOW_MINUTES))
        mpesa_order.pay_before = mpesa_order.release_at = until
        mpesa_order.save(update_fields=["pay_before", "release_at"])


def _amount_of(order: Any) -> int:
    """Raises ``AmountRefused`` for one that M-Pesa cannot take."""
    return whole_shillings(order.total_incl_tax, currency=order.currency, rounding=get_settings().ROUNDING)


def _create(mpesa_order: MpesaOrder, phone: PhoneNumber, now: datetime) -> MpesaPayment:
    settings, order = get_settings(), mpesa_order.order
    amount = _amount_of(order)
    return MpesaPayment.objects.create(
        mpesa_order=mpesa_order,
        live_order=mpesa_order.pk,
        phone=phone.msisdn,
        amount=amount,
        rounding=rounding_difference(order.total_incl_tax, amount),
        status=Status.PENDING.value,
        shortcode=settings.SHORTCODE,
        till=settings.TILL_NUMBER,
        environment=settings.environment,
        created_at=now,
    )
