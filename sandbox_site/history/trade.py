"""Who bought what and how it was paid: drawn by lot, the same lots for the same seed, and no row written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING
from enum import Enum
from itertools import accumulate
from random import Random

from sandbox_site.goods import GOODS, Good

#: How often an attempt ends in which way, in a thousand: Safaricom's codes, and none where nobody answered.
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

#: Of a hundred who did not pay at once, so many try again, three times at the most.
TRY_AGAIN, MOST = 60, 3

#: Nairobi's clock against UTC.
EAT = timedelta(hours=3)

#: Hours of Nairobi in which people buy, midnight first; and days, Monday first.
HOURS = (1, 0, 0, 0, 0, 1, 3, 6, 9, 11, 13, 14, 16, 15, 12, 11, 12, 14, 17, 20, 19, 14, 8, 3)
WEEKDAYS = (9, 9, 10, 10, 13, 14, 8)

#: Money older than this has found a person who dealt with it.
DEALT_WITH = timedelta(days=10)

#: What came too late, or went back, did so since: a sale of these days has no such story yet.
JUST_NOW = timedelta(days=2)

#: Those to show are among so many of the last requests, and so long ago.
LAST, AGO = 60, timedelta(hours=3)

FIRST_NAMES = tuple("Achieng Akinyi Barasa Chebet Halima Kamau Kiprop Mumbua Mutiso Njeri Omondi Wambui".split())
LAST_NAMES = tuple("Abdalla Cheruiyot Kariuki Kilonzo Koech Maina Mutua Mwende Ochieng Odhiambo Said Wekesa".split())


class Fate(str, Enum):
    """What became of a sale and of its money."""

    PAID = "paid"
    UNPAID = "unpaid"
    TWICE = "twice"
    LATE = "late"
    OTHER_AMOUNT = "other amount"
    RETURNED = "returned"


#: Of a thousand paid sales, so many went astray, and how.
ASTRAY = {Fate.TWICE: 4, Fate.LATE: 4, Fate.OTHER_AMOUNT: 2, Fate.RETURNED: 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request to a phone: when, how it ended (no code: nobody answered), and after how many seconds."""

    at: datetime
    code: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order: who, what, how many of it, for how many whole shillings, and how it was paid."""

    number: int
    name: tuple[str, str]
    phone: str
    language: str
    good: Good
    quantity: int
    amount: int
    tries: tuple[Try, ...]
    fate: Fate
    is_open: bool

    @property
    def at(self) -> datetime:
        """When it was placed."""
        return self.tries[0].at


def sales(payments: int, *, days: int, now: datetime, seed: int) -> Iterator[Sale]:
    """So many requests to phones, as the orders they belong to, oldest first.

    Among the last of them one of each kind went astray, so that there is something to decide about.
    """
    lots = Random(seed)
    moments = _moments(lots, payments, days, now)
    to_show = [Fate.TWICE, Fate.LATE, Fate.OTHER_AMOUNT]
    left, number = payments, 0
    while left:
        number += 1
        tries = _tries(lots, moments[payments - left], left)
        sale = _sale(lots, number, tries, now)
        if to_show and left <= LAST and sale.fate is Fate.PAID and sale.at < now - AGO:
            sale = replace(sale, fate=to_show.pop(), is_open=True)
        left -= len(tries)
        yield sale


def _sale(lots: Random, number: int, tries: tuple[Try, ...], now: datetime) -> Sale:
    good, quantity = lots.choice(GOODS), lots.choices((1, 2, 3), (80, 15, 5))[0]
    fate = _fate(lots, tries)
    return Sale(
        number=number,
        name=(lots.choice(FIRST_NAMES), lots.choice(LAST_NAMES)),
        phone=f"2547000{lots.randrange(100_000):05}",
        language=lots.choices(("en", "sw"), (70, 30))[0],
        good=good,
        quantity=quantity,
        amount=int((good.price * quantity).to_integral_value(ROUND_CEILING)),
        tries=tries,
        fate=fate if now - tries[0].at > JUST_NOW or fate is Fate.UNPAID else Fate.PAID,
        is_open=now - tries[0].at < DEALT_WITH,
    )


def _moments(lots: Random, count: int, days: int, now: datetime) -> list[datetime]:
    """When people buy: more towards the end, at the week's end, at noon and in the evening; never in the future."""
    midnight = (now + EAT).replace(hour=0, minute=0, second=0, microsecond=0) - EAT
    starts = [midnight - timedelta(days=days - 1 - day) for day in range(days)]
    growth = [(1 + day / days) * WEEKDAYS[(start + EAT).weekday()] for day, start in enumerate(starts)]
    chosen = lots.choices(starts, cum_weights=list(accumulate(growth)), k=count)
    hours = lots.choices(range(24), HOURS, k=count)
    moments = (
        start + timedelta(hours=hour, seconds=lots.randrange(3600)) for start, hour in zip(chosen, hours, strict=True)
    )
    # What is left of today is drawn as well, and spread over days that are over.
    yet, over = now - timedelta(minutes=20), timedelta(days=1)
    return sorted(moment if moment <= yet else moment - over * lots.randint(1, days) for moment in moments)


def _tries(lots: Random, at: datetime, most: int) -> tuple[Try, ...]:
    made: list[Try] = []
    while len(made) < min(MOST, most):
        code = lots.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        seconds = 150 if not code else 60 if code == "1037" else 5 + int(lots.expovariate(1 / 9))
        made.append(Try(at=at, code=code, seconds=min(seconds, 150)))
        if code == "0" or lots.randrange(100) >= TRY_AGAIN:
            break
        at += timedelta(seconds=seconds + lots.randrange(20, 90))
    return tuple(made)


def _fate(lots: Random, tries: tuple[Try, ...]) -> Fate:
    lot = lots.randrange(1000)
    if tries[-1].code != "0":
        return Fate.UNPAID
    for fate, share in ASTRAY.items():
        if lot < share:
            return fate
        lot -= share
    return Fate.PAID
