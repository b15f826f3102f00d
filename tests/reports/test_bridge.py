"""The bridge from Oscar's order totals to the money taken, reconciled to the shilling."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Count, Sum

from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.reports.bridge import Bridge
from oscar_mpesa.reports.entries import EntryKind, PostedEntries
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.services.allocation import allocate, move_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.payment_updates import apply_update
from tests.query_counts import counted
from tests.reports.bridge_month import DAYS, ENVIRONMENT, FIRST, LAST, BridgeMonth, Order
from tests.services.money import PERMISSIONS, SECOND, claim_for, paid_order, receipt, twice_paid
from tests.services.refunds import CREDIT, refund
from tests.shop import (
    NOON,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    query_update,
    success,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def month() -> BridgeMonth:
    return BridgeMonth()


def bridge_of(first: date = FIRST, last: date = LAST, environment: str = ENVIRONMENT) -> Bridge:
    return period_figures(environment, first, last).bridge


def parts(bridge: Bridge) -> dict[str, tuple[int, Decimal]]:
    names = ("without_mpesa", "other_environment", "other_payments", "unpaid_open", "unpaid_ended", "recorded")
    return {
        name: (part.count, part.amount)
        for name in (*names, "credits", "differences")
        if (part := getattr(bridge, name)).count
    }


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


def test_days_without_orders_have_an_empty_bridge() -> None:
    assert bridge_of() == Bridge()


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


def part_money_without_code(staff: Any) -> Any:
    """Create an order of KSh 1,500 with a recorded payment of KSh 500, and a query that then finds KSh 500."""
    order = new_order()
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))
    MpesaPayment.objects.filter(pk=payment.pk).update(amount=500)
    payment.refresh_from_db()
    claim_for(order, staff, number="ODC0000001", amount=500)
    Order.objects.update(date_placed=NOON)
    return payment


def test_recorded_payment_and_its_own_money_count_once() -> None:
    payment = part_money_without_code(new_staff_user(*PERMISSIONS))
    before = parts(bridge_of())

    apply_update(payment, query_update("0"), now=later(500))

    assert before == {"recorded": (1, 500), "unpaid_open": (1, 1000)}
    assert (parts(bridge_of()), bridge_of().taken) == ({"unpaid_open": (1, 1000)}, 500)


def test_later_confirmation_leaves_what_was_recorded_in_a_past_month() -> None:
    payment = part_money_without_code(new_staff_user(*PERMISSIONS))
    before = bridge_of()

    post(payment, success(payment, amount=500, number="ODC0000001"), now=later(10 * DAYS))

    assert MpesaAllocation.objects.get().receipt is not None
    assert (bridge_of(), before.recorded.amount) == (before, 500)
    both = bridge_of(FIRST, date(2026, 12, 31))
    assert (both.recorded.amount, both.taken) == (0, 500)


def test_recorded_payment_that_counts_for_nothing_explains_nothing() -> None:
    order, staff = paid_order(), new_staff_user(*PERMISSIONS)
    Order.objects.update(date_placed=NOON)
    claim_for(order, staff, number="ODC0000001", amount=700)
    Order.objects.update(total_incl_tax=Decimal(1600))

    assert parts(bridge_of()) == {"unpaid_open": (1, 100)}


def test_corrected_mistake_keeps_a_cash_order_without_mpesa() -> None:
    staff = new_staff_user(*PERMISSIONS)
    twice_paid()
    cash, right = new_order(), new_order()
    Order.objects.update(date_placed=NOON)
    before = bridge_of()

    entry = allocate(receipt(SECOND), cash, by=staff, now=later(10 * DAYS))
    move_allocation(entry, right, by=staff, note="the wrong order", now=later(10 * DAYS + 100))

    both = bridge_of(FIRST, date(2026, 12, 31))
    assert (bridge_of(), parts(before)) == (before, {"without_mpesa": (2, 3000)})
    assert (parts(both), both.taken) == ({"without_mpesa": (1, 1500)}, 3000)


def test_cash_order_whose_recorded_payment_ended_is_without_mpesa() -> None:
    staff, order = new_staff_user(*PERMISSIONS), new_order()
    Order.objects.update(date_placed=NOON)
    claim = claim_for(order, staff)
    before = parts(bridge_of())

    withdraw_claim(claim, by=staff, note="a typing error", now=later(500))

    assert (before, parts(bridge_of())) == ({"recorded": (1, 1500)}, {"without_mpesa": (1, 1500)})


def test_test_money_leaves_a_cash_order_without_real_mpesa() -> None:
    order = new_order()
    Order.objects.update(date_placed=NOON)

    claim_for(order, new_staff_user(*PERMISSIONS))

    assert parts(bridge_of(environment="production")) == {"without_mpesa": (1, 1500)}
