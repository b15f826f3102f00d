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
from oscar_mpesa.domain.outcomes import PUSHES
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle.refusals import PhoneBlocked, TooManyOrders, TooManyPrompts, TooManyUnpaidPrompts
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.payments import UNSENT_LIFE
from oscar_mpesa.models.receipts import MONEY_IS_THERE

logger = logging.getLogger("oscar_mpesa")

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within so long; the window slides."""

    most: int
    within: timedelta

    def opens_at(self, moments: list[datetime]) -> datetime:
        """When one more may follow: as soon as the oldest that counts leaves the window."""
        return sorted(moments)[-self.most] + self.within if len(moments) >= self.most else LONG_AGO


# The refusals' sentences say these numbers in words.

#: Prompts to one phone, paid or not: it rings.
PROMPTS = Limit(3, timedelta(minutes=5))

#: Prompts to one phone that brought no money.
UNPAID_PROMPTS = Limit(10, timedelta(hours=24))

#: Orders of one session without money: each holds stock. Released ones count, or a script could go on for ever.
UNPAID_ORDERS = Limit(5, timedelta(hours=1))

#: Within so long ``ADDRESS_ALARM`` counts.
ALARM_WINDOW = timedelta(hours=1)


def require_leave(phone: PhoneNumber, *, now: datetime, digest: str = "", address: str | None = None) -> None:
    """Refuse a prompt to a phone that had enough of them, or one more order of a session that pays none. One query.

    ``digest`` (of the session) and ``address`` (of the client) are given where the order is new. An address is never
    refused, because carriers put thousands of phones behind one: the order that takes it past ``ADDRESS_ALARM`` is
    logged. Raises ``PhoneBlocked``, ``TooManyOrders``, ``TooManyPrompts`` and ``TooManyUnpaidPrompts``.

    Locks nothing, and sees what is committed: requests that start in the same instant do not count each other, so
    a limit may be exceeded by as many as start at once.
    """
    found = _found(phone, now=now, digest=digest, address=address)
    if found["blocked"]:
        raise PhoneBlocked(phone)
    _require_few_orders(found["order"], now)
    _require_few_prompts(phone, now, paid=found["paid"], unpaid=found["unpaid"])
    if found["alarm"]:
        alarm = get_settings().ADDRESS_ALARM
        logger.warning("M-Pesa: more than %s unpaid orders came from %s within an hour", alarm, address)


def _require_few_orders(unpaid: list[datetime], now: datetime) -> None:
    opens_at = UNPAID_ORDERS.opens_at(unpaid)
    if now < opens_at:
        raise TooManyOrders(opens_at)


def _require_few_prompts(phone: PhoneNumber, now: datetime, *, paid: list[datetime], unpaid: list[datetime]) -> None:
    """Where both limits hold, the one that holds longer is told."""
    burst, day = PROMPTS.opens_at(paid + unpaid), UNPAID_PROMPTS.opens_at(unpaid)
    if now < max(burst, day):
        raise TooManyPrompts(phone, burst) if burst > day else TooManyUnpaidPrompts(phone, day)


def _found(phone: PhoneNumber, *, now: datetime, digest: str, address: str | None) -> defaultdict[str, list[datetime]]:
    """All that this prompt must be weighed against, as moments by kind, from one query."""
    parts = [_rows(MpesaBlockedPhone.objects.filter(phone=phone.msisdn), Value("blocked")), _prompts(phone, now)]
    if digest:
        parts.append(_rows(_unpaid_orders(now - UNPAID_ORDERS.within).filter(session_digest=digest), Value("order")))
    if address and get_settings().ADDRESS_ALARM:
        parts.append(_crossing(address, now))
    first, *others = parts
    moments: defaultdict[str, list[datetime]] = defaultdict(list)
    for kind, moment in first.union(*others, all=True):
        moments[kind].append(moment)
    return moments


def _prompts(phone: PhoneNumber, now: datetime) -> Any:
    """What rang, or is about to; not what was surely never sent."""
    rang = Q(prompted_at__gt=now - UNPAID_PROMPTS.within)
    is_about_to = Q(prompted_at=None, status=Status.PENDING.value, created_at__gt=now - UNSENT_LIFE)
    here = MpesaPayment.objects.filter(phone=phone.msisdn, environment=get_settings().environment)
    kind = Case(When(status=Status.COMPLETED.value, then=Value("paid")), default=Value("unpaid"))
    moment = Coalesce("prompted_at", "created_at")
    return _rows(here.filter(rang | is_about_to).exclude(result_code__in=PUSHES), kind, moment)


def _unpaid_orders(since: datetime) -> QuerySet[MpesaOrder]:
    money = MpesaReceipt.objects.filter(order_id=OuterRef("pk"), allocation__in=MONEY_IS_THERE)
    orders = MpesaOrder.objects.filter(created_at__gt=since, environment=get_settings().environment)
    return orders.exclude(Exists(money))


def _crossing(address: str, now: datetime) -> Any:
    """One row if this order is the first too many; those after it find more, and so warn no more."""
    others = _unpaid_orders(now - ALARM_WINDOW).filter(address=address).order_by().values("address")
    crossing = others.annotate(kind=Value("alarm"), moment=Max("created_at"), times=Count("pk"))
    return crossing.filter(times=get_settings().ADDRESS_ALARM).values_list("kind", "moment")


def _rows(found: QuerySet[Any], kind: Any, moment: Any = None) -> Any:
    # Named alike and annotated in the same order: a union goes by place, not by name.
    return found.order_by().annotate(kind=kind, moment=moment or F("created_at")).values_list("kind", "moment")
