"""Compute the active alerts: what needs the owner's attention, each as one sentence and one link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

from django.utils.translation import gettext

from oscar_mpesa.alerts import messages
from oscar_mpesa.alerts.readiness import Readiness, Reason, readiness
from oscar_mpesa.alerts.readiness_messages import MESSAGES, params_of
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.oscar_adapter.order_messages import when
from oscar_mpesa.reports.push_abuse import address_of
from oscar_mpesa.reports.queries import OpenItems, count_open_items, order_and_payment, waiting_customers
from oscar_mpesa.reports.success_rate import PaymentResults, ResultCounts, payment_results

#: ``mpesa_reconcile`` should run every minute; after this long without a run there is an alert.
RECONCILE_OVERDUE_AFTER = timedelta(minutes=10)

#: Fewest ended payments, recent and usual, from which to compare success rates.
MIN_RECENT, MIN_USUAL = 20, 100

#: The success rate has dropped if it is lower by this many points and this many standard deviations.
MIN_POINTS, MIN_DEVIATIONS = 15, 4

Param = str | int | Decimal | datetime


class Level(str, Enum):
    """``urgent``: customers cannot pay, or payments are not followed up. ``soon``: someone waits for a decision."""

    URGENT = "urgent"
    SOON = "soon"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing for a person to do. ``key`` is stable; ``url_name`` and ``url_args`` name the page that resolves it.

    ``message`` is the English sentence with placeholders for ``params``. ``at`` is the time it was computed.
    """

    key: str
    level: Level
    message: str
    url_name: str
    at: datetime
    count: int = 1
    url_args: tuple[int, ...] = ()
    params: Mapping[str, Param] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def sentence(self) -> str:
        """Return the sentence in the active language, with amounts as KSh 1,500 and times as 15:34."""
        return gettext(self.message) % {name: self._format(value) for name, value in self.params.items()}

    def _format(self, value: Param) -> str | int:
        if isinstance(value, datetime):
            return when(value, self.at)
        return ksh(value) if isinstance(value, Decimal) else value


SETUP, PAYMENTS, PAYMENT = "dashboard:mpesa-setup", "dashboard:mpesa-payments", "dashboard:mpesa-payment"
CALLBACKS, CALLBACK = "dashboard:mpesa-callbacks", "dashboard:mpesa-callback"
RECEIPTS, RECEIPT, CLAIM = "dashboard:mpesa-receipts", "dashboard:mpesa-receipt", "dashboard:mpesa-claim"


def active_alerts(
    now: datetime,
    *,
    state: Readiness | None = None,
    results: PaymentResults | None = None,
    open_items: Mapping[str, OpenItems] | None = None,
) -> list[Alert]:
    """Return the active alerts, urgent ones first.

    Makes four queries, two of them for ``readiness``, and one for each kind with one order or one IP address. Pass
    ``state``, ``results`` or ``open_items`` to save the queries that find them.
    """
    results = results or payment_results(now)
    open_items = count_open_items(now) if open_items is None else open_items
    alerts = [
        *_readiness_alerts(now, state or readiness(now), open_items),
        *_reconcile_alerts(now, open_items, results),
        *_success_rate_alerts(now, results),
        *_row_alerts(now, open_items),
        *_money_alerts(now, open_items),
        *_order_alerts(now, open_items),
        *_push_alerts(now, open_items),
    ]
    return sorted(alerts, key=lambda alert: alert.level is not Level.URGENT)


def _urgent(key: str, message: str, *, at: datetime, url_name: str = SETUP, count: int = 1, **params: Param) -> Alert:
    return Alert(key=key, level=Level.URGENT, message=message, params=params, url_name=url_name, count=count, at=at)


def _readiness_alerts(now: datetime, state: Readiness, open_items: Mapping[str, OpenItems]) -> Iterator[Alert]:
    """Yield the reason why M-PESA does not work. During an outage, the alert counts the customers who wait."""
    if not state.needs_attention:
        return
    is_silent = state.reason in (Reason.NOT_ANSWERING, Reason.CALLS_PAUSED)
    waiting = waiting_customers(open_items) if is_silent else 0
    yield Alert(
        key=str(Reason.NOT_ANSWERING if is_silent else state.reason),
        level=Level.URGENT,
        message=messages.WAITING if waiting else MESSAGES[state.reason],
        params={**params_of(state), "customers": waiting},
        url_name=SETUP,
        count=max(waiting, 1),
        at=now,
    )


def _reconcile_alerts(now: datetime, open_items: Mapping[str, OpenItems], results: PaymentResults) -> Iterator[Alert]:
    last = open_items["reconcile"].moment if "reconcile" in open_items else None
    if last and now - last > RECONCILE_OVERDUE_AFTER:
        message = _(
            "The automatic check is not running. Forward this to your developer: mpesa_reconcile "
            "last ran %(since)s. It must run every minute, or lost payments are not found and unpaid "
            "orders stay open."
        )
        yield _urgent("reconcile", message, at=now, since=last)
    if last is None and (results.month.total or open_items):
        message = _(
            "The automatic check is not running. Forward this to your developer: mpesa_reconcile has "
            "never run. It must run every minute, or lost payments are not found and unpaid orders "
            "stay open."
        )
        yield _urgent("reconcile", message, at=now)


def _success_rate_alerts(now: datetime, results: PaymentResults) -> Iterator[Alert]:
    """Compare the last hour, and failing that the last day, with the rest of the 30 days."""
    spans = (
        (results.hour, _("Only %(percent)s %% of the last hour's payments went through; %(usual)s %% do as a rule.")),
        (results.day, _("Only %(percent)s %% of the last 24 hours' payments went through; %(usual)s %% do as a rule.")),
    )
    for recent, message in spans:
        usual = ResultCounts(paid=results.month.paid - recent.paid, failed=results.month.failed - recent.failed)
        if _has_dropped(recent, usual):
            rates = {"percent": recent.percent or 0, "usual": usual.percent or 0}
            yield _urgent("success_rate", message, at=now, url_name=PAYMENTS, count=recent.failed, **rates)
            return


def _has_dropped(recent: ResultCounts, usual: ResultCounts) -> bool:
    if recent.total < MIN_RECENT or usual.total < MIN_USUAL:
        return False
    rate = usual.paid / usual.total
    deviation: float = (rate * (1 - rate) / recent.total) ** 0.5
    return rate - recent.paid / recent.total > max(MIN_POINTS / 100, MIN_DEVIATIONS * deviation)


def _row_alerts(now: datetime, open_items: Mapping[str, OpenItems]) -> Iterator[Alert]:
    alerts = _alert_builder(now, open_items)
    yield from alerts("stuck_payments", Level.URGENT, messages.STUCK, PAYMENTS, PAYMENT)
    yield from alerts("unprocessed_callbacks", Level.SOON, messages.UNPROCESSED, CALLBACKS)
    yield from alerts("unconfirmed_callbacks", Level.SOON, messages.UNCONFIRMED, CALLBACKS, CALLBACK)
    yield from alerts("no_answered_queries", Level.URGENT, messages.NO_ANSWERED_QUERIES, SETUP)
    yield from alerts("ledger_check", Level.URGENT, messages.LEDGER_CHECK, SETUP)
    yield from alerts("closed_unconfirmed", Level.SOON, messages.CLOSED_UNCONFIRMED, PAYMENTS)
    yield from alerts("undelivered_messages", Level.SOON, messages.UNDELIVERED, PAYMENTS)


def _money_alerts(now: datetime, open_items: Mapping[str, OpenItems]) -> Iterator[Alert]:
    alerts = _alert_builder(now, open_items)
    for key, sentences in messages.MONEY.items():
        yield from alerts(key, Level.SOON, sentences, RECEIPTS, RECEIPT)
    for key, sentences in messages.CLAIMS.items():
        yield from alerts(key, Level.SOON, sentences, RECEIPTS, CLAIM)


def _order_alerts(now: datetime, open_items: Mapping[str, OpenItems]) -> Iterator[Alert]:
    """Yield an alert for each kind of orders. One order has its number in the sentence, and a link to its payment."""
    for key, sentences in messages.ORDERS.items():
        if key not in open_items:
            continue
        items = open_items[key]
        is_one = items.number == 1
        number, payment = order_and_payment(items.first) if is_one else ("", None)
        yield Alert(
            key=key,
            level=Level.SOON,
            message=sentences[0] if is_one else sentences[1],
            params={**_params(items, now), "order": number},
            url_name=PAYMENT if payment else PAYMENTS,
            url_args=(payment,) if payment else (),
            count=items.number,
            at=now,
        )


def _push_alerts(now: datetime, open_items: Mapping[str, OpenItems]) -> Iterator[Alert]:
    """Yield the alerts about prompts to people who may not have ordered."""
    if "address_numbers" in open_items:
        items = open_items["address_numbers"]
        one, several = messages.ADDRESS_NUMBERS
        params: dict[str, Param] = {"numbers": int(items.amount), "count": items.number}
        if items.number == 1:
            params["address"] = address_of(items.first)
        yield _soon("address_numbers", one if items.number == 1 else several, at=now, params=params, count=items.number)
    if "unpaid_prompts" in open_items:
        items = open_items["unpaid_prompts"]
        params = {"paid": int(items.amount), "count": items.number}
        yield _soon("unpaid_prompts", messages.UNPAID_PROMPTS, at=now, params=params, count=items.number)


def _soon(key: str, message: str, *, at: datetime, params: Mapping[str, Param], count: int) -> Alert:
    return Alert(key=key, level=Level.SOON, message=message, params=params, url_name=PAYMENTS, count=count, at=at)


def _alert_builder(now: datetime, open_items: Mapping[str, OpenItems]) -> Callable[..., Iterator[Alert]]:
    """Return a function that builds the alert of one key, if there are open items of it."""

    def build(
        key: str, level: Level, sentences: tuple[str, str], list_url: str, detail_url: str = ""
    ) -> Iterator[Alert]:
        if key not in open_items:
            return
        items = open_items[key]
        is_one = items.number == 1
        links_to_row = is_one and bool(detail_url)
        yield Alert(
            key=key,
            level=level,
            message=sentences[0] if is_one else sentences[1],
            params=_params(items, now),
            url_name=detail_url if links_to_row else list_url,
            url_args=(items.first,) if links_to_row else (),
            count=items.number,
            at=now,
        )

    return build


def _params(items: OpenItems, now: datetime) -> dict[str, Param]:
    return {"count": items.number, "amount": abs(items.amount), "since": items.moment or now}
