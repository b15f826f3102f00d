"""How often a phone may be prompted and a session may order without paying. Addresses are counted, never refused."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.result_codes import PUSH_CODES
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.payments import UNSENT_LIFETIME
from oscar_mpesa.models.receipts import MONEY_ARRIVED
from oscar_mpesa.services.exceptions import PhoneBlocked, TooManyOrders, TooManyPushes, TooManyUnpaidPushes

logger = logging.getLogger("oscar_mpesa")

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many within so long; the window slides."""

    most: int
    within: timedelta

    def opens_at(self, moments: list[datetime]) -> datetime:
        """When one more may follow: as soon as the oldest that counts leaves the window."""
        return sorted(moments)[-self.most] + self.within if len(moments) >= self.most else LONG_AGO


# The refusals' sentences say these numbers in words.

#: Prompts to one phone, paid or not: it rings.
PUSHES_PER_PHONE = RateLimit(3, timedelta(minutes=5))

#: Prompts to one phone that brought no money.
UNPAID_PUSHES_PER_PHONE = RateLimit(10, timedelta(hours=24))

#: Orders of one session without money: each holds stock. Released ones count, or a script could go on for ever.
UNPAID_ORDERS_PER_SESSION = RateLimit(5, timedelta(hours=1))

#: Within so long ``ADDRESS_ALERT_LIMIT`` counts.
ADDRESS_ALERT_WINDOW = timedelta(hours=1)


def check_rate_limits(phone: PhoneNumber, *, now: datetime, digest: str = "", address: str | None = None) -> None:
    """Refuse a prompt to a phone that had enough of them, or one more order of a session that pays none. One query.

    ``digest`` (of the session) and ``address`` (of the client) are given where the order is new. An address is never
    refused, because carriers put thousands of phones behind one: the order that takes it past ``ADDRESS_ALERT_LIMIT``
    is logged. Raises ``PhoneBlocked``, ``TooManyOrders``, ``TooManyPrompts`` and ``TooManyUnpaidPrompts``.

    Locks nothing, and sees what is committed: requests that start in the same instant do not count each other, so
    a limit may be exceeded by as many as start at once.
    """
    found = _recent(phone, now=now, digest=digest, address=address)
    if found["blocked"]:
        raise PhoneBlocked(phone)
    _check_orders(found["order"], now)
    _check_pushes(phone, now, paid=found["paid"], unpaid=found["unpaid"])
    if found["alarm"]:
        alarm = get_settings().ADDRESS_ALERT_LIMIT
        logger.warning("M-Pesa: more than %s unpaid orders came from %s within an hour", alarm, address)


def _check_orders(unpaid: list[datetime], now: datetime) -> None:
    opens_at = UNPAID_ORDERS_PER_SESSION.opens_at(unpaid)
    if now < opens_at:
        raise TooManyOrders(opens_at)


def _check_pushes(phone: PhoneNumber, now: datetime, *, paid: list[datetime], unpaid: list[datetime]) -> None:
    """Where both limits hold, the one that holds longer is told."""
    burst, day = PUSHES_PER_PHONE.opens_at(paid + unpaid), UNPAID_PUSHES_PER_PHONE.opens_at(unpaid)
    if now < max(burst, day):
        raise TooManyPushes(phone, burst) if burst > day else TooManyUnpaidPushes(phone, day)


def _recent(phone: PhoneNumber, *, now: datetime, digest: str, address: str | None) -> defaultdict[str, list[datetime]]:
    """All that this prompt must be weighed against, as moments by kind, from one query."""
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
    """What rang, or is about to; not what was surely never sent."""
    rang = Q(push_sent_at__gt=now - UNPAID_PUSHES_PER_PHONE.within)
    is_about_to = Q(push_sent_at=None, status=PaymentStatus.PENDING.value, created_at__gt=now - UNSENT_LIFETIME)
    here = MpesaPayment.objects.filter(phone=phone.msisdn, environment=get_settings().environment)
    kind = Case(When(status=PaymentStatus.COMPLETED.value, then=Value("paid")), default=Value("unpaid"))
    moment = Coalesce("push_sent_at", "created_at")
    return _rows(here.filter(rang | is_about_to).exclude(result_code__in=PUSH_CODES), kind, moment)


def _unpaid_orders(since: datetime) -> QuerySet[MpesaOrder]:
    money = MpesaReceipt.objects.filter(order_id=OuterRef("pk"), allocation__in=MONEY_ARRIVED)
    orders = MpesaOrder.objects.filter(created_at__gt=since, environment=get_settings().environment)
    return orders.exclude(Exists(money))


def _address_alert(address: str, now: datetime) -> Any:
    """One row if this order is the first too many; those after it find more, and so warn no more."""
    others = _unpaid_orders(now - ADDRESS_ALERT_WINDOW).filter(address=address).order_by().values("address")
    crossing = others.annotate(kind=Value("alarm"), moment=Max("created_at"), times=Count("pk"))
    return crossing.filter(times=get_settings().ADDRESS_ALERT_LIMIT).values_list("kind", "moment")


def _rows(found: QuerySet[Any], kind: Any, moment: Any = None) -> Any:
    # Named alike and annotated in the same order: a union goes by place, not by name.
    return found.order_by().annotate(kind=kind, moment=moment or F("created_at")).values_list("kind", "moment")
