"""Generate random sales and their payments. The same seed gives the same sales. Writes no rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING
from enum import Enum
from itertools import accumulate
from random import Random

from sandbox_site.goods import GOODS, Good

#: Results of payments per thousand: Safaricom's codes, or "" for an unanswered prompt.
OUTCOMES = {
    "0": 790,
    "1032": 92,
    "1037": 48,
    "1": 38,
    "2001": 12,
    "": 9,
    "1019": 4,
    "1001": 3,
    "17": 3,
    "1025": 1,
}

#: Percentage of unpaid payments with a retry, and the maximum number of payments per order.
RETRY_PERCENT, MAX_TRIES = 60, 3

#: Nairobi's offset from UTC.
EAT = timedelta(hours=3)

#: Weights of hours in Nairobi, midnight first, and of weekdays, Monday first.
HOURS = (1, 0, 0, 0, 0, 1, 3, 6, 9, 11, 13, 14, 16, 15, 12, 11, 12, 14, 17, 20, 19, 14, 8, 3)
WEEKDAYS = (9, 9, 10, 10, 13, 14, 8)

#: Receipts older than this are decided.
DECIDED_AFTER = timedelta(days=10)

#: Sales younger than this are paid or unpaid only, because a late payment or a refund takes time.
RECENT = timedelta(days=2)

#: The open decisions are among this many last payments, and at least this old. A part payment has a day for the rest.
LAST_PAYMENTS, MINIMUM_AGE, PART_AGE = 60, timedelta(hours=3), timedelta(hours=20)

#: Shillings that are missing when another amount arrives.
MISSING = 100

FIRST_NAMES = tuple("Achieng Akinyi Barasa Chebet Halima Kamau Kiprop Mumbua Mutiso Njeri Omondi Wambui".split())
LAST_NAMES = tuple("Abdalla Cheruiyot Kariuki Kilonzo Koech Maina Mutua Mwende Ochieng Odhiambo Said Wekesa".split())


class SaleOutcome(str, Enum):
    """How a sale ended."""

    PAID = "paid"
    UNPAID = "unpaid"
    TWICE = "twice"
    LATE = "late"
    OTHER_AMOUNT = "other amount"
    RETURNED = "returned"
    PRICE_CUT = "price cut"
    CLAIMED = "claimed"
    IN_PARTS = "in parts"
    PART_PAID = "part paid"


#: Unusual sales per thousand paid ones. Those that need two payments are drawn more often than they happen.
UNUSUAL_SHARES = {
    SaleOutcome.TWICE: 30,
    SaleOutcome.IN_PARTS: 20,
    SaleOutcome.LATE: 4,
    SaleOutcome.OTHER_AMOUNT: 2,
    SaleOutcome.RETURNED: 5,
    SaleOutcome.PRICE_CUT: 3,
    SaleOutcome.CLAIMED: 3,
}

#: Sales with money of the last two payments.
WITH_TWO_RECEIPTS = frozenset({SaleOutcome.TWICE, SaleOutcome.IN_PARTS})

#: Sales that staff still have to decide about, one of each.
OPEN_OUTCOMES = (
    SaleOutcome.TWICE,
    SaleOutcome.PART_PAID,
    SaleOutcome.LATE,
    SaleOutcome.OTHER_AMOUNT,
    SaleOutcome.CLAIMED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One payment: when it started, its result code ("" if unanswered), and its duration in seconds."""

    at: datetime
    code: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order with its payments. ``amount`` is in whole shillings."""

    number: int
    name: tuple[str, str]
    phone: str
    language: str
    good: Good
    quantity: int
    amount: int
    tries: tuple[Try, ...]
    outcome: SaleOutcome
    is_open: bool

    @property
    def at(self) -> datetime:
        """When the order was placed."""
        return self.tries[0].at


def sales(payments: int, *, days: int, now: datetime, seed: int) -> Iterator[Sale]:
    """Yield orders with this many payments in total, oldest first.

    The last ones include one open decision of each kind, so that staff have something to do.
    """
    rng = Random(seed)  # nosec B311 # the same sales for the same seed
    moments = _moments(rng, payments, days, now)
    open_outcomes = list(OPEN_OUTCOMES)
    left, number = payments, 0
    while left:
        number += 1
        tries = _tries(rng, moments[payments - left], left)
        sale = _sale(rng, number, tries, now)
        if left <= LAST_PAYMENTS and sale.outcome is SaleOutcome.PAID and sale.at < now - MINIMUM_AGE:
            sale = _open(sale, open_outcomes, now)
        left -= len(tries)
        yield replace(sale, tries=_money_tries(sale))


def _open(sale: Sale, outcomes: list[SaleOutcome], now: datetime) -> Sale:
    """Return the sale with the first of these outcomes that fits it, and remove that one; or the sale as it is."""
    for outcome in outcomes:
        is_too_old = outcome is SaleOutcome.PART_PAID and sale.at < now - PART_AGE
        if not is_too_old and _fits(outcome, sale.tries):
            outcomes.remove(outcome)
            return replace(sale, outcome=outcome, is_open=True)
    return sale


def _fits(outcome: SaleOutcome, tries: tuple[Try, ...]) -> bool:
    return outcome not in WITH_TWO_RECEIPTS or len(tries) > 1


def _money_tries(sale: Sale) -> tuple[Try, ...]:
    """Return the sale's payments with the results that its outcome needs."""
    *earlier, last = sale.tries
    if sale.outcome is SaleOutcome.CLAIMED and sale.is_open:
        return (*earlier, replace(last, code="", seconds=150))
    if sale.outcome not in WITH_TWO_RECEIPTS:
        return sale.tries
    *earlier, before = earlier
    seconds = before.seconds
    if sale.outcome is SaleOutcome.TWICE:  # its prompt was answered after the last one
        seconds = int((last.at - before.at).total_seconds()) + last.seconds + 40
    return (*earlier, replace(before, code="0", seconds=seconds), last)


def _sale(rng: Random, number: int, tries: tuple[Try, ...], now: datetime) -> Sale:
    good, quantity = rng.choice(GOODS), rng.choices((1, 2, 3), (80, 15, 5))[0]
    outcome = _outcome(rng, tries)
    return Sale(
        number=number,
        name=(rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)),
        phone=f"2547000{rng.randrange(100_000):05}",
        language=rng.choices(("en", "sw"), (70, 30))[0],
        good=good,
        quantity=quantity,
        amount=int((good.price * quantity).to_integral_value(ROUND_CEILING)),
        tries=tries,
        outcome=outcome if now - tries[0].at > RECENT or outcome is SaleOutcome.UNPAID else SaleOutcome.PAID,
        is_open=now - tries[0].at < DECIDED_AFTER,
    )


def _moments(rng: Random, count: int, days: int, now: datetime) -> list[datetime]:
    """Draw times of payments, more of them later, on weekends, at noon and in the evening. None is in the future."""
    midnight = (now + EAT).replace(hour=0, minute=0, second=0, microsecond=0) - EAT
    starts = [midnight - timedelta(days=days - 1 - day) for day in range(days)]
    growth = [(1 + day / days) * WEEKDAYS[(start + EAT).weekday()] for day, start in enumerate(starts)]
    chosen = rng.choices(starts, cum_weights=list(accumulate(growth)), k=count)
    hours = rng.choices(range(24), HOURS, k=count)
    moments = (
        start + timedelta(hours=hour, seconds=rng.randrange(3600)) for start, hour in zip(chosen, hours, strict=True)
    )
    # Move times in the rest of today to earlier days.
    latest, day = now - timedelta(minutes=20), timedelta(days=1)
    return sorted(moment if moment <= latest else moment - day * rng.randint(1, days) for moment in moments)


def _tries(rng: Random, at: datetime, limit: int) -> tuple[Try, ...]:
    made: list[Try] = []
    while len(made) < min(MAX_TRIES, limit):
        code = rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        seconds = 150 if not code else 60 if code == "1037" else 5 + int(rng.expovariate(1 / 9))
        made.append(Try(at=at, code=code, seconds=min(seconds, 150)))
        if code == "0" or rng.randrange(100) >= RETRY_PERCENT:
            break
        at += timedelta(seconds=seconds + rng.randrange(20, 90))
    return tuple(made)


def _outcome(rng: Random, tries: tuple[Try, ...]) -> SaleOutcome:
    number = rng.randrange(1000)
    if tries[-1].code != "0":
        return SaleOutcome.UNPAID
    for outcome, share in UNUSUAL_SHARES.items():
        if number < share:
            return outcome if _fits(outcome, tries) else SaleOutcome.PAID
        number -= share
    return SaleOutcome.PAID
