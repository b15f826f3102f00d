"""What needs the owner: each thing one sentence and one link, there as long as it is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from django.utils.translation import gettext

from oscar_mpesa.alerts.connectivity import connectivity
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import Allocation
from oscar_mpesa.oscar_adapter.order_messages import when
from oscar_mpesa.reports.queries import OpenItems, count_open_items, customers
from oscar_mpesa.reports.success_rate import PaymentResults, ResultCounts, payment_results

#: ``mpesa_reconcile`` is to run every minute; after this it counts as not seen.
RECONCILE_OVERDUE_AFTER = timedelta(minutes=10)

#: The rate of success has fallen if so many attempts or more ended, and the fall is no accident: so many points, and
#: so many times what chance alone moves it by.
SAMPLE, USUAL_SAMPLE, POINTS, CHANCES = 20, 100, 15, 4

Part = str | int | Decimal | datetime


class Level(str, Enum):
    """``urgent``: customers cannot pay, or nobody looks after them. ``soon``: somebody waits for a decision."""

    URGENT = "urgent"
    SOON = "soon"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that a person is to do; ``key`` names it for machines, ``url_name`` and ``url_args`` say where.

    ``words`` is the English sentence, ``parts`` what is filled into it; ``at`` is the moment of which it is true.
    """

    key: str
    level: Level
    words: str
    url_name: str
    at: datetime
    count: int = 1
    url_args: tuple[int, ...] = ()
    parts: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def sentence(self) -> str:
        """The sentence in the active language, with KSh 1,500 and 15:34."""
        return gettext(self.words) % {name: self._written(part) for name, part in self.parts.items()}

    def _written(self, part: Part) -> str | int:
        if isinstance(part, datetime):
            return when(part, self.at)
        return ksh(part) if isinstance(part, Decimal) else part


SETUP, PAYMENTS, PAYMENT = "dashboard:mpesa-setup", "dashboard:mpesa-payments", "dashboard:mpesa-payment"
CALLBACKS = "dashboard:mpesa-callbacks"
RECEIPTS, RECEIPT = "dashboard:mpesa-receipts", "dashboard:mpesa-receipt"

#: Money that waits for a person: what is said of one receipt, and of several.
_MONEY = {
    Allocation.MISMATCH: (
        _("%(amount)s arrived where another amount was asked for. Accept it or return it."),
        _("%(count)s payments of another amount than was asked for arrived, %(amount)s in all. Accept or return them."),
    ),
    Allocation.SURPLUS: (
        _("Return %(amount)s: it arrived for an order that was paid already."),
        _("Return %(amount)s in all: %(count)s payments arrived for orders that were paid already."),
    ),
    Allocation.UNALLOCATED: (
        _("%(amount)s arrived and no order took it. Use it for an order or return it."),
        _("%(count)s payments, %(amount)s in all, arrived and no order took them. Use them for orders or return them."),
    ),
}

_CANCELLED = (
    _("A cancelled order had been paid. Return the money."),
    _("%(count)s cancelled orders had been paid. Return the money."),
)
_HELD = (
    _("A payment is held: nothing is asked, sent or closed for its order until you decide."),
    _("%(count)s payments are held: nothing is asked, sent or closed for their orders until you decide."),
)
_STUCK = (
    _(
        "A payment has waited for an answer since %(since)s, and nothing asks about it. "
        "Ask whoever runs your server to look at mpesa_reconcile."
    ),
    _(
        "%(count)s payments have waited for answers since %(since)s, and nothing asks about them. "
        "Ask whoever runs your server to look at mpesa_reconcile."
    ),
)
_UNREAD = (
    _("A message from Safaricom could not be worked through in ten tries. The log says why."),
    _("%(count)s messages from Safaricom could not be worked through in ten tries each. The log says why."),
)
_UNTOLD = (
    _("A mail or announcement could not be sent in five tries. The log says why."),
    _("%(count)s mails or announcements could not be sent in five tries each. The log says why."),
)
_UNASKED = (
    _("An order was closed without Safaricom's word about it. Look its payment up in the M-PESA portal."),
    _("%(count)s orders were closed without Safaricom's word about them. Look them up in the M-PESA portal."),
)


def active_alerts(
    now: datetime, *, ended: PaymentResults | None = None, seen: Mapping[str, OpenItems] | None = None
) -> list[Alert]:
    """All that needs somebody now, what is urgent first; three queries, less what the caller has counted already."""
    ended, seen = ended or payment_results(now), count_open_items(now) if seen is None else seen
    every = [
        *_settings_alerts(now),
        *_connectivity_alerts(now, seen),
        *_reconcile_alerts(now, seen, ended),
        *_success_rate_alerts(now, ended),
    ]
    every += [*_row_alerts(now, seen), *_money_alerts(now, seen)]
    return sorted(every, key=lambda need: need.level is not Level.URGENT)


def _urgent(key: str, words: str, *, at: datetime, url_name: str = SETUP, count: int = 1, **parts: Part) -> Alert:
    return Alert(key=key, level=Level.URGENT, words=words, parts=parts, url_name=url_name, count=count, at=at)


def _settings_alerts(now: datetime) -> Iterator[Alert]:
    faults = get_settings().faults
    if faults:
        words = _("M-Pesa is not offered, because its settings are wrong (%(ids)s).")
        yield _urgent("settings", words, at=now, ids=", ".join(faults))


def _connectivity_alerts(now: datetime, seen: Mapping[str, OpenItems]) -> Iterator[Alert]:
    at, waiting = connectivity(now), customers(seen)
    if at.silent_since and waiting:
        minutes = int((now - at.silent_since).total_seconds() // 60)
        words = _(
            "Safaricom has not answered for %(minutes)s minutes; customers who wait: %(customers)s. "
            "Their orders are safe; we keep asking."
        )
        yield _urgent("silent", words, at=now, count=waiting, minutes=minutes, customers=waiting)
    if at.key_refused_since:
        words = _("Safaricom refuses our key since %(since)s: nobody can pay by M-PESA.")
        yield _urgent("key-refused", words, at=now, since=at.key_refused_since)
    if at.requests_refused_since:
        words = _("Safaricom refuses our requests since %(since)s: nobody can pay by M-PESA. The set-up is wrong.")
        yield _urgent("requests-refused", words, at=now, since=at.requests_refused_since)


def _reconcile_alerts(now: datetime, seen: Mapping[str, OpenItems], ended: PaymentResults) -> Iterator[Alert]:
    last = seen["reconcile"].moment if "reconcile" in seen else None
    if last and now - last > RECONCILE_OVERDUE_AFTER:
        words = _(
            "mpesa_reconcile has not run since %(since)s: lost payments are not found, and unpaid orders stay open. "
            "Ask whoever runs your server to run it every minute."
        )
        yield _urgent("reconcile", words, at=now, since=last)
    if last is None and (ended.month.total or seen):
        words = _(
            "mpesa_reconcile has never run: lost payments are not found, and unpaid orders stay open. "
            "Ask whoever runs your server to run it every minute."
        )
        yield _urgent("reconcile", words, at=now)


def _success_rate_alerts(now: datetime, ended: PaymentResults) -> Iterator[Alert]:
    """The last hour, or else the last day, against the 30 days without it."""
    spans = (
        (ended.hour, _("Only %(percent)s %% of the last hour's payments went through; %(usual)s %% do as a rule.")),
        (ended.day, _("Only %(percent)s %% of the last 24 hours' payments went through; %(usual)s %% do as a rule.")),
    )
    for recent, words in spans:
        usual = ResultCounts(paid=ended.month.paid - recent.paid, failed=ended.month.failed - recent.failed)
        if _has_fallen(recent, usual):
            rates = {"percent": recent.percent or 0, "usual": usual.percent or 0}
            yield _urgent("success", words, at=now, url_name=PAYMENTS, count=recent.failed, **rates)
            return


def _has_fallen(recent: ResultCounts, usual: ResultCounts) -> bool:
    if recent.total < SAMPLE or usual.total < USUAL_SAMPLE:
        return False
    rate = usual.paid / usual.total
    chance: float = (rate * (1 - rate) / recent.total) ** 0.5
    return rate - recent.paid / recent.total > max(POINTS / 100, CHANCES * chance)


def _row_alerts(now: datetime, seen: Mapping[str, OpenItems]) -> Iterator[Alert]:
    tell = _teller(now, seen)
    yield from tell("stuck", Level.URGENT, _STUCK, PAYMENTS, PAYMENT)
    yield from tell("on_hold", Level.SOON, _HELD, PAYMENTS, PAYMENT)
    yield from tell("unread", Level.SOON, _UNREAD, CALLBACKS)
    yield from tell("unasked", Level.SOON, _UNASKED, PAYMENTS)
    yield from tell("untold", Level.SOON, _UNTOLD, PAYMENTS)


def _money_alerts(now: datetime, seen: Mapping[str, OpenItems]) -> Iterator[Alert]:
    tell = _teller(now, seen)
    for allocation, words in _MONEY.items():
        yield from tell(allocation.value, Level.SOON, words, RECEIPTS, RECEIPT)
    yield from tell("cancelled", Level.SOON, _CANCELLED, RECEIPTS, RECEIPT)


def _teller(now: datetime, seen: Mapping[str, OpenItems]) -> Callable[..., Iterator[Alert]]:
    """Of one row with a link to it, where it has a page of its own; of several with a link to their list."""

    def tell(kind: str, level: Level, words: tuple[str, str], every: str, single: str = "") -> Iterator[Alert]:
        if kind not in seen:
            return
        rows = seen[kind]
        is_one = rows.number == 1
        leads_there = is_one and bool(single)
        yield Alert(
            key=kind,
            level=level,
            words=words[0] if is_one else words[1],
            parts={"count": rows.number, "amount": rows.amount, "since": rows.moment or now},
            url_name=single if leads_there else every,
            url_args=(rows.first,) if leads_there else (),
            count=rows.number,
            at=now,
        )

    return tell
