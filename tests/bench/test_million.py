"""What a million payments cost whoever asks about one of them: PostgreSQL finds it as it does among a thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.bench.million_rows import asked, sold
from tests.bench.plans import Plan, plans_of, seconds
from tests.databases.crowd import new_payment
from tests.shop import new_order, pay
from tests.wiring.addresses import CHECK, STATUS, filled
from tests.wiring.order_stages import placing

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

DUE = "the questions that are due"
FEW, MANY = 1_000, 1_000_000

Look = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one look: how its queries are found, and how long it takes."""

    plans: list[Plan]
    seconds: float

    @property
    def ways(self) -> list[list[str]]:
        """The nodes of each plan; which of two joins by a primary key comes first is a toss-up."""
        return [sorted(plan) for plan in self.plans]


def looks() -> dict[str, Look]:
    """Everything that is asked again and again, about payments of this moment."""
    user = get_user_model().objects.latest("pk")
    waiting, paid = (new_payment(new_order(user=user), now=timezone.now()) for _ in range(2))
    pay(paid, number=f"P{paid.pk}", now=timezone.now())
    here, elsewhere, done = placing(waiting), Client(), placing(paid)
    elsewhere.force_login(user)
    return {
        "the poll, in the placing session": lambda: is_told(here.get(filled(STATUS, waiting))),
        "the poll, elsewhere": lambda: is_told(elsewhere.get(filled(STATUS, waiting))),
        "the poll, when the money is there": lambda: is_told(done.get(filled(STATUS, paid))),
        "the API's status": lambda: is_told(elsewhere.get(filled(CHECK, waiting))),
        DUE: questions,
    }


def is_told(answer: Any) -> None:
    assert answer.status_code == 200


def questions() -> None:
    """As reconcile reads them, a batch at a time."""
    due = MpesaPayment.objects.due(timezone.now()).select_related("mpesa_order")
    list(due.filter(pk__gt=0).order_by("pk")[:100])


def costs() -> dict[str, Cost]:
    found = {}
    for name, look in looks().items():
        look()  # what is imported and remembered once
        found[name] = Cost(plans_of(look), seconds(look))
    return found


def fill(count: int) -> None:
    """Nearly everybody has paid; the phones of a few were not answered, and Safaricom is to be asked.

    A few indeed: one in a hundred of a small table is read faster as a whole.
    """
    sold(count)
    asked(4)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="TEST_DATABASE_URL names no PostgreSQL")
def test_a_payment_is_found_among_a_million_as_among_a_thousand(capsys: Any) -> None:
    fill(FEW)
    few = costs()
    fill(MANY - FEW)
    many = costs()

    with capsys.disabled():
        print(report(few, many))

    # Two indexes begin with the status, and the planner may take either: what is due is held to read no whole table.
    polls = [name for name in many if name != DUE]
    assert {name: many[name].ways for name in polls} == {name: few[name].ways for name in polls}
    assert [name for name, cost in many.items() if "Seq Scan" in str(cost.plans)] == []


def report(few: dict[str, Cost], many: dict[str, Cost]) -> str:
    """What was measured, to read."""
    lines = [f"\n\nAmong {MANY:,} payments, against {FEW:,}:"]
    for name, cost in many.items():
        ratio, moment = cost.seconds / few[name].seconds, cost.seconds * 1000
        lines.append(f"\n  {name}: {ratio:.2f} times as long ({moment:.1f} ms)")
        lines += [f"    {' > '.join(plan)}" for plan in cost.plans]
    return "\n".join(lines)
