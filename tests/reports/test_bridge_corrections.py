"""The bridge counts recorded payments and corrected mistakes once, and leaves past months as they were."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.reports.bridge import Bridge
from oscar_mpesa.services.allocation import allocate, move_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.payment_updates import apply_update
from tests.reports.bridge_month import DAYS, FIRST, Order, bridge_of, parts
from tests.services.money import PERMISSIONS, SECOND, claim_for, paid_order, receipt, twice_paid
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, post, query_update, success

pytestmark = pytest.mark.django_db


def test_days_without_orders_have_an_empty_bridge() -> None:
    assert bridge_of() == Bridge()


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
