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
from oscar_mpesa.models import EventType, MpesaOrder, MpesaPayment, MpesaPushAttempt
from oscar_mpesa.services import audit, outbox, rate_limits, search_index, status_query
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.exceptions import OtherCurrency, ResultUnknown, StartRefused
from oscar_mpesa.services.ledger import balance_of
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.payable_orders import require_available, require_payable
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.repeated_prompts import last_phone, too_soon
from oscar_mpesa.services.status_query import QueryResult
from oscar_mpesa.services.stk_push import send_stk_push

#: An owner whose session and address are unknown.
OWNER = Actor()

#: Payments to query before another push, newest first, and the seconds for all of them.
MAX_UNCLEAR, UNCLEAR_LIMIT = 2, 8.0

#: If Safaricom doesn't answer these queries, another push is allowed this long after the payment ended.
UNANSWERED_WAIT = timedelta(minutes=5)


def start_payment(
    order: Any,
    *,
    phone: PhoneNumber,
    now: datetime,
    actor: Actor = OWNER,
    language: str = "",
    attempt: MpesaPushAttempt | None = None,
) -> MpesaPayment:
    """Create a *pending* payment of what an order owes. Send it with ``send_stk_push`` after the commit.

    Locks the rows of the limits, then the order. Inside another transaction, which may hold other locks, pass the
    admitted ``attempt`` of ``rate_limits.admit_push``. ``language`` and the actor's session and address are stored with
    an order's first payment. A database constraint allows one live payment for each order.

    Raises ``StartRefused``, whose subclasses say what to do, and ``AmountRefused``. Refused attempts stay stored.
    """
    with transaction.atomic(savepoint=False):
        started = _start(order, phone, now, actor, language, attempt)
    if isinstance(started, StartRefused):
        raise started
    return started


def retry_payment(
    order: Any, *, phone: PhoneNumber | None, now: datetime, actor: Actor = OWNER, language: str = ""
) -> MpesaPayment:
    """Start and send a payment for an order that is placed already. Must run outside a transaction.

    Without a ``phone``, the last payment's gets the prompt. Payers must give one, because they may not know it. Staff
    may also collect what an order owes that was placed with another payment method: it is enrolled, and never expires.

    Queries up to two payments first if their result is unclear and a new push is allowed. Raises ``NotPayable`` if one
    is paid after all, ``ResultUnknown`` if Safaricom does not answer, and what ``start_payment`` raises. An event
    records the name of staff who send the push. Raises ``PermissionDenied`` if they lack
    ``oscar_mpesa.act_on_payment``.
    """
    if actor.role is Role.STAFF:
        require_permission(actor.user, "act_on_payment")
    phone = phone or last_phone(order, actor)
    unknown = _query_unclear_payments(order, phone, actor, now)
    payment = _start_durably(order, phone, now, actor, language, unknown)
    send_stk_push(payment, now=now)
    return payment


@repeat_on_deadlock
def _start_durably(
    order: Any, phone: PhoneNumber, now: datetime, actor: Actor, language: str, unknown: ResultUnknown | None
) -> MpesaPayment:
    with durable_transaction():
        started = _start(order, phone, now, actor, language, unknown=unknown)
        if isinstance(started, MpesaPayment) and actor.role is Role.STAFF:
            audit.record(EventType.PUSH_REQUESTED, started, now=now, by=actor.user)
    if isinstance(started, StartRefused):
        raise started
    return started


def _start(
    order: Any,
    phone: PhoneNumber,
    now: datetime,
    actor: Actor,
    language: str,
    attempt: MpesaPushAttempt | None = None,
    unknown: ResultUnknown | None = None,
) -> MpesaPayment | StartRefused:
    """Create the payment, or return why the attempt is refused, so that the caller commits the attempt.

    What the order refuses is raised before, and no attempt is stored. ``unknown`` is returned after the limits.
    """
    require_available()
    if attempt is None:
        rate_limits.lock_for_push(phone, actor=actor, now=now)
    locked = lock_order(order.pk)
    mpesa_order = MpesaOrder.objects.filter(pk=locked.pk).first()
    if mpesa_order is not None:
        mpesa_order.order = locked
    require_payable(locked, mpesa_order, phone, actor, now)
    amount, rounding = _amount_of(locked, mpesa_order)
    if attempt is None:
        admission = rate_limits.admit_push(phone, actor=actor, now=now, mpesa_order=mpesa_order)
        refusal = admission.refusal or unknown or too_soon(mpesa_order, phone, actor, now)
        if refusal is not None:
            return refusal
        attempt = admission.attempt
    if mpesa_order is None and actor.role is Role.STAFF:
        mpesa_order = _enroll(locked, attempt, now)
    mpesa_order = _prepare(locked, mpesa_order, attempt, now, language=language)
    return _create_payment(mpesa_order, phone, now, amount=amount, rounding=rounding)


def _prepare(
    order: Any, mpesa_order: MpesaOrder | None, attempt: MpesaPushAttempt, now: datetime, *, language: str
) -> MpesaOrder:
    """Return the order with time to pay. An order's first payment creates its M-PESA side."""
    if mpesa_order is None:
        session = {"session_digest": attempt.session_digest, "address": attempt.address}
        mpesa_order = _create_mpesa_order(order, now, language=language, **session)
        MpesaPushAttempt.objects.filter(pk=attempt.pk).update(mpesa_order=mpesa_order)
    else:
        search_index.forget_index(mpesa_order)
        outbox.postpone_failed_email(mpesa_order, now=now)
        if mpesa_order.close_check_at is None:
            give_time_to_pay(mpesa_order, now=now)
    return mpesa_order


def _enroll(order: Any, attempt: MpesaPushAttempt, now: datetime) -> MpesaOrder:
    """Return the new M-PESA side of an order that was placed with another payment method."""
    mpesa_order = get_or_create_mpesa_order(order.pk, now=now)
    MpesaPushAttempt.objects.filter(pk=attempt.pk).update(mpesa_order=mpesa_order)
    return mpesa_order


def _query_unclear_payments(order: Any, phone: PhoneNumber, actor: Actor, now: datetime) -> ResultUnknown | None:
    """Query the newest payments whose result is unclear, because one of them may be paid, if a push is allowed.

    Returns ``ResultUnknown`` if Safaricom does not answer and the last of them ended a moment ago. The start raises it,
    and stores the attempt: else an actor could try any number of phones until a limit refuses one.
    """
    payments = list(MpesaPayment.objects.filter(mpesa_order_id=order.pk).select_related("mpesa_order").order_by("-id"))
    unclear = [each for each in payments if each.needs_query and each.checkout_request_id]
    if not unclear:
        return None
    require_available()
    mpesa_order = payments[0].mpesa_order
    require_payable(order, mpesa_order, phone, actor, now)
    reached = rate_limits.find_limit(phone, actor=actor, now=now, mpesa_order=mpesa_order)
    if reached is not None or too_soon(mpesa_order, phone, actor, now) is not None:
        return None  # the start refuses it
    for payment, result in status_query.query_within(UNCLEAR_LIMIT, unclear[:MAX_UNCLEAR], now=now):
        until = (payment.ended_at or now) + UNANSWERED_WAIT
        if result is QueryResult.NOTHING and now < until:
            return ResultUnknown(until)
    return None


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


def _amount_of(order: Any, mpesa_order: MpesaOrder | None) -> tuple[int, Decimal]:
    """Return the balance in whole shillings, and what rounding adds to it. The caller locks the order.

    Raises ``AmountRefused`` if M-PESA can't take it. The first payment is of the total less what other methods took.
    """
    if mpesa_order is None or mpesa_order.balance is None:
        due = order.total_incl_tax - shop().other_payments(order)
    else:
        due = balance_of(mpesa_order)
    amount = whole_shillings(due, currency=order.currency, rounding=get_settings().ROUNDING)
    return amount, rounding_difference(due, amount)


def _create_payment(
    mpesa_order: MpesaOrder, phone: PhoneNumber, now: datetime, *, amount: int, rounding: Decimal
) -> MpesaPayment:
    settings = get_settings()
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
