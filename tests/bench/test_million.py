"""Queries about one payment cost the same among a million payments as among a thousand, on PostgreSQL."""

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
from tests.bench.million_rows import prompt, sell
from tests.bench.query_plans import Plan, plans_of, seconds
from tests.databases.threads import new_payment
from tests.shop import new_order, pay
from tests.wiring.addresses import CHECK, STATUS, filled
from tests.wiring.order_stages import placing

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

DUE = "the queries that are due"
FEW, MANY = 1_000, 1_000_000

Call = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """How the queries of one call are planned, and how long it takes."""

    plans: list[Plan]
    seconds: float

    @property
    def nodes(self) -> list[list[str]]:
        """Return the nodes of each plan, sorted, because joins by primary key may come in either order."""
        return [sorted(plan) for plan in self.plans]


def calls() -> dict[str, Call]:
    """Return every repeated request about current payments."""
    user = get_user_model().objects.latest("pk")
    waiting, paid = (new_payment(new_order(user=user), now=timezone.now()) for _ in range(2))
    pay(paid, number=f"P{paid.pk}", now=timezone.now())
    here, elsewhere, done = placing(waiting), Client(), placing(paid)
    elsewhere.force_login(user)
    return {
        "the poll, in the placing session": lambda: assert_ok(here.get(filled(STATUS, waiting))),
        "the poll, elsewhere": lambda: assert_ok(elsewhere.get(filled(STATUS, waiting))),
        "the poll, when the money is there": lambda: assert_ok(done.get(filled(STATUS, paid))),
        "the API's status": lambda: assert_ok(elsewhere.get(filled(CHECK, waiting))),
        DUE: due_queries,
    }


def assert_ok(answer: Any) -> None:
    assert answer.status_code == 200


def due_queries() -> None:
    """Read a batch of due payments as ``reconcile`` does."""
    due = MpesaPayment.objects.due(timezone.now()).select_related("mpesa_order")
    list(due.filter(pk__gt=0).order_by("pk")[:100])


def costs() -> dict[str, Cost]:
    result = {}
    for name, call in calls().items():
        call()  # warm up imports and caches
        result[name] = Cost(plans_of(call), seconds(call))
    return result


def fill(count: int) -> None:
    """Fill the tables with paid payments, and a few that wait for a query.

    Only a few wait, because PostgreSQL reads a small table as a whole if one row in a hundred matches.
    """
    sell(count)
    prompt(4)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="TEST_DATABASE_URL names no PostgreSQL")
def test_payment_is_found_as_fast_among_a_million(capsys: Any) -> None:
    fill(FEW)
    few = costs()
    fill(MANY - FEW)
    many = costs()

    with capsys.disabled():
        print(report(few, many))

    # Two indexes begin with the status, and the planner may take either: the due query must read no whole table.
    polls = [name for name in many if name != DUE]
    assert {name: many[name].nodes for name in polls} == {name: few[name].nodes for name in polls}
    assert [name for name, cost in many.items() if reads_whole_table(cost)] == []


def reads_whole_table(cost: Cost) -> bool:
    """Return whether a table is read whole, other than the refunds and claims, of which there are few here."""
    plans = str(cost.plans)
    for table in ("oscar_mpesa_mpesarefund", "oscar_mpesa_mpesaclaim"):
        plans = plans.replace(f"Seq Scan {table}", "")
    return "Seq Scan" in plans


def report(few: dict[str, Cost], many: dict[str, Cost]) -> str:
    """Return the measurements as text."""
    lines = [f"\n\nAmong {MANY:,} payments, against {FEW:,}:"]
    for name, cost in many.items():
        ratio, moment = cost.seconds / few[name].seconds, cost.seconds * 1000
        lines.append(f"\n  {name}: {ratio:.2f} times as long ({moment:.1f} ms)")
        lines += [f"    {' > '.join(plan)}" for plan in cost.plans]
    return "\n".join(lines)
