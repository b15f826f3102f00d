"""Limit pushes to a phone and unpaid orders of a session. Client addresses are counted, never refused."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from django.db.models import Case, Count, F, Max, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.result_codes import PUSH_CODES
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment
from oscar_mpesa.models.payments import UNSENT_LIFETIME
from oscar_mpesa.services.exceptions import PhoneBlocked, TooManyOrders, TooManyPushes, TooManyUnpaidPushes
from oscar_mpesa.services.ledger import without_open_money

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

#: Pushes to one phone, paid or not, because each one interrupts its owner.
PUSHES_PER_PHONE = RateLimit(3, timedelta(minutes=5))

#: Unpaid pushes to one phone.
UNPAID_PUSHES_PER_PHONE = RateLimit(10, timedelta(hours=24))

#: Unpaid orders of one session, because each reserves stock. Closed orders count, so that a script can't go on.
UNPAID_ORDERS_PER_SESSION = RateLimit(5, timedelta(hours=1))

#: The window of ``ADDRESS_ALERT_LIMIT``.
ADDRESS_ALERT_WINDOW = timedelta(hours=1)


def check_rate_limits(phone: PhoneNumber, *, now: datetime, digest: str = "", address: str | None = None) -> None:
    """Refuse a push to a phone, or a new order of a session, that exceeds a limit. Costs one query.

    Pass ``digest`` (of the session) and ``address`` (of the client) for a new order. An address is never refused,
    because carriers put thousands of phones behind one. The order that exceeds ``ADDRESS_ALERT_LIMIT`` is logged.
    Raises ``PhoneBlocked``, ``TooManyOrders``, ``TooManyPushes`` and ``TooManyUnpaidPushes``.

    Locks nothing and counts committed rows only. Requests that start at the same instant don't count each other, so
    they can exceed a limit.
    """
    recent = _recent_moments(phone, now=now, digest=digest, address=address)
    if recent["blocked"]:
        raise PhoneBlocked(phone)
    session_opens_at = UNPAID_ORDERS_PER_SESSION.opens_at(recent["order"])
    if now < session_opens_at:
        raise TooManyOrders(session_opens_at)
    _check_pushes(phone, now, paid=recent["paid"], unpaid=recent["unpaid"])
    if recent["address"]:
        limit = get_settings().ADDRESS_ALERT_LIMIT
        logger.warning("M-PESA: more than %s unpaid orders came from %s within an hour", limit, address)


def _check_pushes(phone: PhoneNumber, now: datetime, *, paid: list[datetime], unpaid: list[datetime]) -> None:
    """Raise for the limit that ends later, if both are exceeded."""
    burst, day = PUSHES_PER_PHONE.opens_at(paid + unpaid), UNPAID_PUSHES_PER_PHONE.opens_at(unpaid)
    if now < max(burst, day):
        raise TooManyPushes(phone, burst) if burst > day else TooManyUnpaidPushes(phone, day)


def _recent_moments(
    phone: PhoneNumber, *, now: datetime, digest: str, address: str | None
) -> defaultdict[str, list[datetime]]:
    """Return everything that the limits count, as moments by kind, from one query."""
    parts = [_rows(MpesaBlockedPhone.objects.filter(phone=phone.msisdn), Value("blocked")), _recent_pushes(phone, now)]
    if digest:
        parts.append(
            _rows(_unpaid_orders(now - UNPAID_ORDERS_PER_SESSION.within).filter(session_digest=digest), Value("order"))
        )
    if address and get_settings().ADDRESS_ALERT_LIMIT:
        parts.append(_address_alert(address, now))
    first, *others = parts
    moments: defaultdict[str, list[datetime]] = defaultdict(list)
    for kind, moment in first.union(*others, all=True):
        moments[kind].append(moment)
    return moments


def _recent_pushes(phone: PhoneNumber, now: datetime) -> Any:
    """Select pushes that were sent or are about to be; not those that were surely never sent."""
    is_sent = Q(push_sent_at__gt=now - UNPAID_PUSHES_PER_PHONE.within)
    is_pending = Q(push_sent_at=None, status=PaymentStatus.PENDING.value, created_at__gt=now - UNSENT_LIFETIME)
    to_phone = MpesaPayment.objects.filter(phone=phone.msisdn, environment=get_settings().environment)
    kind = Case(When(status=PaymentStatus.COMPLETED.value, then=Value("paid")), default=Value("unpaid"))
    moment = Coalesce("push_sent_at", "created_at")
    return _rows(to_phone.filter(is_sent | is_pending).exclude(result_code__in=PUSH_CODES), kind, moment)


def _unpaid_orders(since: datetime) -> QuerySet[MpesaOrder]:
    orders = MpesaOrder.objects.filter(created_at__gt=since, environment=get_settings().environment)
    return without_open_money(orders)


def _address_alert(address: str, now: datetime) -> Any:
    """Select one row if this order is the first to exceed the limit, so that only one order is logged."""
    others = _unpaid_orders(now - ADDRESS_ALERT_WINDOW).filter(address=address).order_by().values("address")
    counted = others.annotate(kind=Value("address"), moment=Max("created_at"), orders=Count("pk"))
    return counted.filter(orders=get_settings().ADDRESS_ALERT_LIMIT).values_list("kind", "moment")


def _rows(queryset: QuerySet[Any], kind: Any, moment: Any = None) -> Any:
    # The same columns in the same order, because a union matches columns by position, not by name.
    return queryset.order_by().annotate(kind=kind, moment=moment or F("created_at")).values_list("kind", "moment")
