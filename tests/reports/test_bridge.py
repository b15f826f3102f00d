"""The bridge from Oscar's order totals to the money taken, reconciled to the shilling."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count, Sum

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.reports.entries import EntryKind, PostedEntries
from oscar_mpesa.services.claims import withdraw_claim
from tests.query_counts import counted
from tests.reports.bridge_month import DAYS, ENVIRONMENT, FIRST, LAST, BridgeMonth, Order, bridge_of, parts
from tests.services.money import receipt
from tests.services.refunds import CREDIT, refund
from tests.shared_state import once_for_module
from tests.shop import NOON, later, new_order, pay

pytestmark = pytest.mark.django_db


@once_for_module
def month() -> BridgeMonth:
    return BridgeMonth()


def test_bridge_explains_each_order_to_the_shilling(month: BridgeMonth) -> None:
    bridge = bridge_of()

    assert parts(bridge) == {
        "without_mpesa": (1, Decimal(900)),
        "other_environment": (1, Decimal(77)),
        "other_payments": (1, Decimal(450)),
        "unpaid_open": (2, Decimal(800 + 600)),
        "unpaid_ended": (2, Decimal(700 + 600)),
        "recorded": (1, Decimal(300)),
        "credits": (1, Decimal(500)),
        "differences": (1, Decimal("-0.50")),
    }
    paid, part_paid, rounded, credited, by_card, early, twice, voided = 1500, 400, 1500, 800, 1550, 250, 2 * 650, 110
    assert bridge.taken_for_these == paid + part_paid + rounded + credited + by_card + early + twice + voided
    assert (bridge.for_other_orders, bridge.on_other_days) == (1100, 250)
    assert bridge.taken == bridge.taken_for_these + 1100 - 250
    assert {currency: (part.count, part.amount) for currency, part in bridge.other_currencies.items()} == {
        "USD": (1, Decimal(120))
    }


def test_lines_add_up_from_orders_placed_to_taken(month: BridgeMonth) -> None:
    bridge = bridge_of()

    begins, ends = (datetime(2026, month, 1, tzinfo=NAIROBI) for month in (11, 12))
    of_shop = Order.objects.filter(date_placed__gte=begins, date_placed__lt=ends, currency="KES")
    oscars = of_shop.aggregate(number=Count("pk"), total=Sum("total_incl_tax"))
    assert (bridge.placed.count, bridge.placed.amount) == (oscars["number"], oscars["total"])
    explained = sum((amount for _count, amount in parts(bridge).values()), Decimal(0))
    assert bridge.placed.amount - explained == bridge.taken_for_these


@pytest.mark.parametrize("days", [(FIRST, LAST), (date(2026, 10, 1), date(2026, 10, 31)), (NOON.date(), NOON.date())])
def test_result_is_the_income_of_the_days(month: BridgeMonth, days: tuple[date, date]) -> None:
    totals = PostedEntries(ENVIRONMENT, *days).totals()
    matched = totals[EntryKind.MATCHED] - totals[EntryKind.UNMATCHED]
    income = matched - totals[EntryKind.REFUNDED] + totals[EntryKind.VOIDED]

    assert bridge_of(*days).taken == income
    assert income > 0


def test_later_entries_do_not_change_a_past_month(month: BridgeMonth) -> None:
    before = bridge_of()

    refund(month.receipt_of(month.paid), month.staff, amount=200, at=20 * DAYS, code="SKN7AAA003", purpose=CREDIT)
    withdraw_claim(month.recorded.mpesa_claims.get(), by=month.staff, note="a typing error", now=later(20 * DAYS))
    december = bridge_of(date(2026, 12, 1), date(2026, 12, 31))

    assert bridge_of() == before
    assert (december.placed.amount, december.for_other_orders, december.taken) == (0, -200, -200)


def test_credit_of_a_later_month_lowers_only_its_own_days(month: BridgeMonth) -> None:
    refund(month.receipt_of(month.paid), month.staff, amount=200, at=20 * DAYS, code="SKN7AAA003", purpose=CREDIT)

    both = bridge_of(FIRST, date(2026, 12, 31))

    assert (both.credits.count, both.credits.amount) == (2, 700)
    assert bridge_of().credits.amount == 500


def test_recorded_payment_explains_no_more_than_is_missing(month: BridgeMonth) -> None:
    Order.objects.filter(pk=month.recorded.pk).update(total_incl_tax=Decimal("299.50"))

    assert bridge_of().recorded.amount == Decimal("299.50")


def test_orders_of_another_environment_count_there(month: BridgeMonth) -> None:
    bridge = bridge_of(environment="sandbox")

    assert (bridge.unpaid_open.count, bridge.unpaid_open.amount, bridge.taken) == (1, 77, 0)
    assert bridge.placed == bridge_of().placed


def test_queries_do_not_grow_with_orders(month: BridgeMonth) -> None:
    with counted() as few:
        bridge_of()
    for number in range(5):
        order = new_order(total="10.00")
        Order.objects.filter(pk=order.pk).update(date_placed=NOON + timedelta(hours=1))
        pay(month.payment_for(order), number=f"OD00MORE{number:02}")

    with counted() as many:
        more = bridge_of()

    assert receipt("OD00MORE04").amount == 10 and more.placed.count == 20
    assert len(few) == len(many) == 8, str(many)


def test_order_that_costs_nothing_counts_as_placed(month: BridgeMonth) -> None:
    before: Any = bridge_of().placed
    order = new_order(total="0.00")
    Order.objects.filter(pk=order.pk).update(date_placed=NOON)

    assert (bridge_of().placed.count, bridge_of().placed.amount) == (before.count + 1, before.amount)
