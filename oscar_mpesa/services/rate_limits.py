"""Limit pushes by who asks for them (order, session, address), then by the phone that gets them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from django.db.models import Case, Count, F, Max, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment, MpesaPushAttempt, PushLimit
from oscar_mpesa.models.payments import UNSENT_LIFETIME
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.ledger import without_open_money
from oscar_mpesa.services.limit_exceptions import (
    LimitReached,
    PhoneBlocked,
    PhoneUnavailable,
    TooManyNumbers,
    TooManyNumbersForOrder,
    TooManyNumbersFromAddress,
    TooManyOrders,
    TooManyPushes,
    TooManyPushesForOrder,
    TooManyUnpaidPushes,
)
from oscar_mpesa.services.limit_locks import lock_limits
from oscar_mpesa.simulator.test_numbers import ANSWERS

logger = logging.getLogger("oscar_mpesa")

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``most`` within a sliding window."""

    most: int
    within: timedelta

    def opens_at(self, moments: list[datetime]) -> datetime:
        """Return when one more is allowed: when enough of these moments have left the window."""
        return sorted(moments)[-self.most] + self.within if len(moments) >= self.most else LONG_AGO


# The sentences of the exceptions name these numbers.

#: Distinct numbers that were tried for one order, and pushes of one order, over its life.
NUMBERS_PER_ORDER, PUSHES_PER_ORDER = 5, 10

#: Results of pushes that don't count for the order. Those that Safaricom refused do, or a script could call it forever.
NOT_COUNTED = PUSH_CODES.keys() - {"refused", "number-refused"}

#: Distinct numbers that one session tried and that paid nothing.
NUMBERS_PER_SESSION = RateLimit(10, timedelta(hours=1))

#: Unpaid orders of one session, because each reserves stock. Closed orders count, so that a script can't go on.
UNPAID_ORDERS_PER_SESSION = RateLimit(5, timedelta(hours=1))

#: The window of ``ADDRESS_LIMIT``.
ADDRESS_WINDOW = timedelta(hours=1)

#: Pushes to one phone, paid or not, because each one interrupts its owner.
PUSHES_PER_PHONE = RateLimit(3, timedelta(minutes=5))

#: Unpaid pushes to one phone.
UNPAID_PUSHES_PER_PHONE = RateLimit(10, timedelta(hours=24))

#: What ``refused_by`` is of an attempt that got as far as the phone's limits. Only these attempts tell the actor
#: something about the number, so only these count.
COUNTED = ("", PushLimit.PHONE_BLOCKED, PushLimit.PHONE)

#: How long attempts are kept, and how many are deleted at once, and on one day at most.
KEPT_FOR, DELETE_BATCH, MOST_DELETED = timedelta(days=30), 1_000, 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A stored attempt to send a push, and why it is refused, as the actor may know it; None if it is admitted."""

    attempt: MpesaPushAttempt
    refusal: LimitReached | None


def lock_for_push(phone: PhoneNumber, *, actor: Actor, now: datetime) -> None:
    """Lock what ``admit_push`` counts, except the order, until the transaction ends. Call it before any other lock.

    An address is locked only with ``ADDRESS_LIMIT``, because thousands of phones of a carrier share one.
    """
    keys = [f"phone:{phone.msisdn}"]
    if actor.session_digest and actor.role is not Role.STAFF:
        keys.append(f"session:{actor.session_digest}")
    if _address_limit(actor):
        keys.append(f"address:{actor.address}")
    lock_limits(keys, now=now)


def admit_push(phone: PhoneNumber, *, actor: Actor, now: datetime, mpesa_order: MpesaOrder | None = None) -> Admission:
    """Store an attempt to send a push, and whether a limit refuses it. Pass None for an order without a payment.

    Call it in the transaction of ``lock_for_push``, with the order locked. Raise the refusal after the commit, because
    refused attempts count. Anybody but staff learns about a number only that it gets no prompt now.
    """
    reached = find_limit(phone, actor=actor, now=now, mpesa_order=mpesa_order)
    attempt = MpesaPushAttempt.objects.create(
        mpesa_order=mpesa_order,
        phone=phone.msisdn,
        session_digest=actor.session_digest,
        address=actor.address,
        refused_by="" if reached is None else reached.limit,
        environment=get_settings().environment,
        created_at=now,
    )
    if reached is not None:
        logger.info("M-PESA: a prompt to %s was refused by the limit %s", phone.masked, reached.limit.value)
    is_secret = isinstance(reached, PhoneUnavailable) and actor.role is not Role.STAFF
    return Admission(attempt=attempt, refusal=PhoneUnavailable(phone) if is_secret else reached)


def find_limit(
    phone: PhoneNumber, *, actor: Actor, now: datetime, mpesa_order: MpesaOrder | None
) -> LimitReached | None:
    """Return the limit that refuses a push, or None. Changes nothing. The result says more than a shopper may know.

    The actor's limits come first, so that an actor over a limit learns nothing about a number. Staff have none. In test
    mode the test numbers have no limits, and count for none, but can be blocked.
    """
    if phone.msisdn in _unlimited_phones():
        is_blocked = MpesaBlockedPhone.objects.filter(phone=phone.msisdn).exists()
        return PhoneBlocked(phone) if is_blocked else None
    reached = None if actor.role is Role.STAFF else _actor_limit(phone, actor, mpesa_order, now)
    return reached or _phone_limit(phone, now)


def _actor_limit(
    phone: PhoneNumber, actor: Actor, mpesa_order: MpesaOrder | None, now: datetime
) -> LimitReached | None:
    """Return the limit of the order, the session or the address that is reached.

    A number that the actor used before is not new. One that only others used for the order is, or an actor over the
    limit could find it by trying.
    """
    of_order, own = _order_numbers(mpesa_order, actor)
    if len(of_order) >= NUMBERS_PER_ORDER and phone.msisdn not in own:
        return TooManyNumbersForOrder()
    if mpesa_order is not None and _order_pushes(mpesa_order) >= PUSHES_PER_ORDER:
        return TooManyPushesForOrder()
    opens_at = LONG_AGO
    if mpesa_order is None and actor.session_digest:
        opens_at = UNPAID_ORDERS_PER_SESSION.opens_at(_unpaid_orders(actor, now))
    return TooManyOrders(opens_at) if now < opens_at else _new_number_limit(phone, actor, own, now)


def _new_number_limit(phone: PhoneNumber, actor: Actor, own: set[str], now: datetime) -> LimitReached | None:
    unpaid, paid = _session_numbers(actor, now)
    if phone.msisdn in own | unpaid.keys() | paid:
        return None
    opens_at = NUMBERS_PER_SESSION.opens_at(list(unpaid.values()))
    if now < opens_at:
        return TooManyNumbers(opens_at)
    limit = _address_limit(actor)
    return TooManyNumbersFromAddress() if limit and _address_numbers(actor, now) >= limit else None


def _unlimited_phones() -> tuple[str, ...]:
    """Return the test numbers in test mode, so that a visitor can try each of them again and again. Else none."""
    return tuple(ANSWERS) if get_settings().is_simulated else ()


def _address_limit(actor: Actor) -> int:
    return get_settings().ADDRESS_LIMIT if actor.address and actor.role is not Role.STAFF else 0


def _counted(**lookups: Any) -> QuerySet[MpesaPushAttempt]:
    attempts = MpesaPushAttempt.objects.filter(environment=get_settings().environment, refused_by__in=COUNTED)
    return attempts.filter(**lookups).exclude(phone__in=_unlimited_phones()).order_by()


def _order_numbers(mpesa_order: MpesaOrder | None, actor: Actor) -> tuple[set[str], set[str]]:
    """Return the numbers that anybody tried for the order, and those that this actor tried for it."""
    if mpesa_order is None:
        return set(), set()
    rows = set(_counted(mpesa_order=mpesa_order).values_list("phone", "session_digest").distinct())
    return {phone for phone, _ in rows}, {phone for phone, digest in rows if digest == actor.session_digest}


def _order_pushes(mpesa_order: MpesaOrder) -> int:
    counted = mpesa_order.payments.exclude(phone__in=_unlimited_phones())
    return counted.exclude(result_code__in=NOT_COUNTED).count()


def _with_paid(attempts: QuerySet[MpesaPushAttempt]) -> Any:
    """Return one row for each number, with how often it ``paid``."""
    is_paid = Q(mpesa_order__payments__status=PaymentStatus.COMPLETED.value, mpesa_order__payments__phone=F("phone"))
    return attempts.values("phone").annotate(paid=Count("mpesa_order__payments", filter=is_paid))


def _session_numbers(actor: Actor, now: datetime) -> tuple[dict[str, datetime], set[str]]:
    """Return when the session last tried each number that paid nothing, and the numbers that paid."""
    if not actor.session_digest:
        return {}, set()
    recent = _counted(session_digest=actor.session_digest, created_at__gt=now - NUMBERS_PER_SESSION.within)
    rows = list(_with_paid(recent).annotate(last=Max("created_at")).values_list("phone", "paid", "last"))
    return {phone: last for phone, paid, last in rows if not paid}, {phone for phone, paid, _ in rows if paid}


def _address_numbers(actor: Actor, now: datetime) -> int:
    recent = _counted(address=actor.address, created_at__gt=now - ADDRESS_WINDOW)
    return int(_with_paid(recent).filter(paid=0).count())


def _unpaid_orders(actor: Actor, now: datetime) -> list[datetime]:
    """Return when the session placed each order that is unpaid."""
    since = now - UNPAID_ORDERS_PER_SESSION.within
    recent = MpesaOrder.objects.filter(created_at__gt=since, environment=get_settings().environment)
    unpaid = without_open_money(recent.filter(session_digest=actor.session_digest))
    if phones := _unlimited_phones():
        unpaid = unpaid.exclude(payments__phone__in=phones)
    return list(unpaid.order_by().values_list("created_at", flat=True))


def _phone_limit(phone: PhoneNumber, now: datetime) -> PhoneUnavailable | None:
    """Return that the phone is blocked, or the limit that ends later, from one query."""
    blocked = _rows(MpesaBlockedPhone.objects.filter(phone=phone.msisdn), Value("blocked"))
    rows = list(blocked.union(_recent_pushes(phone, now), all=True))
    if any(kind == "blocked" for kind, _ in rows):
        return PhoneBlocked(phone)
    burst = PUSHES_PER_PHONE.opens_at([moment for _, moment in rows])
    day = UNPAID_PUSHES_PER_PHONE.opens_at([moment for kind, moment in rows if kind == "unpaid"])
    if now >= max(burst, day):
        return None
    return TooManyPushes(phone, burst) if burst > day else TooManyUnpaidPushes(phone, day)


def _recent_pushes(phone: PhoneNumber, now: datetime) -> Any:
    """Select pushes that were sent or are about to be; not those that were surely never sent."""
    is_sent = Q(push_sent_at__gt=now - UNPAID_PUSHES_PER_PHONE.within)
    is_pending = Q(push_sent_at=None, status=PaymentStatus.PENDING.value, created_at__gt=now - UNSENT_LIFETIME)
    to_phone = MpesaPayment.objects.filter(phone=phone.msisdn, environment=get_settings().environment)
    kind = Case(When(status=PaymentStatus.COMPLETED.value, then=Value("paid")), default=Value("unpaid"))
    moment = Coalesce("push_sent_at", "created_at")
    return _rows(to_phone.filter(is_sent | is_pending).exclude(result_code__in=PUSH_CODES), kind, moment)


def _rows(queryset: QuerySet[Any], kind: Any, moment: Any = None) -> Any:
    # The same columns in the same order, because a union matches columns by position, not by name.
    return queryset.order_by().annotate(kind=kind, moment=moment or F("created_at")).values_list("kind", "moment")


def delete_old_attempts(*, now: datetime) -> int:
    """Delete attempts older than 30 days, in batches, some 50,000 at most. Returns their number."""
    old = MpesaPushAttempt.objects.filter(created_at__lt=now - KEPT_FOR).order_by("created_at")
    ids = list(old.values_list("pk", flat=True)[:MOST_DELETED])
    for start in range(0, len(ids), DELETE_BATCH):
        MpesaPushAttempt.objects.filter(pk__in=ids[start : start + DELETE_BATCH]).delete()
    return len(ids)
