"""The unmatched money at the end of any past day, compared with a plain addition of what was posted until then."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaReceipt, MpesaRefund, RefundStatus
from oscar_mpesa.reports.open_balance import unmatched_at_end
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.refunds import void_refund
from tests.dashboard.staff import new_allocation, new_receipt, new_refund
from tests.query_counts import counted
from tests.services.money import FIRST, SECOND, paid_order, receipt, twice_paid
from tests.services.refunds import CREDIT, refund, request_refund
from tests.shop import NOON, later, new_order

pytestmark = pytest.mark.django_db

HOURS, DAYS = 3600, 24 * 3600

#: The day of ``NOON``.
FIRST_DAY = date(2026, 11, 23)


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number)


def balances(environment: str = "simulated") -> list[Decimal]:
    """Return the unmatched money at the end of the day before ``FIRST_DAY``, and of seven more days."""
    return [unmatched_at_end(environment, day(number)) for number in range(-1, 7)]


def plain_balances() -> list[Decimal]:
    """Return the same, by adding up the rows of each day."""
    return [
        sum((_balance(each, day(number)) for each in MpesaReceipt.objects.all()), Decimal(0)) for number in range(-1, 7)
    ]


def _balance(money: MpesaReceipt, last: date) -> Decimal:
    if money.posted_on > last or money.environment != "simulated" or money.same_as is not None:
        return Decimal(0)
    counts = (
        each.amount
        for each in MpesaAllocation.objects.filter(receipt=money)
        if each.posted_on <= last and not (each.reversed_on and each.reversed_on <= last)
    )
    sent = (
        each.amount
        for each in MpesaRefund.objects.filter(receipt=money, allocation=None)
        if each.posted_on and each.posted_on <= last and not (each.voided_on and each.voided_on <= last)
    )
    return money.amount - sum(counts) - sum(sent)


def test_each_past_day_keeps_its_unmatched_money(staff: Any) -> None:
    twice_paid()  # day 0: 1,500 unmatched
    surplus = receipt(SECOND)
    sent, *_ = refund(surplus, staff, amount=500, at=1 * DAYS)  # 1,000
    void_refund(sent, by=staff, note="not sent", now=later(2 * DAYS))  # 1,500
    other = new_order(total="600.00")
    entry = allocate(surplus, other, by=staff, now=later(3 * DAYS))  # 900
    refund(surplus, staff, amount=900, at=4 * DAYS, code="SKN7AAA222")  # 0
    reverse_allocation(entry, by=staff, note="wrong order", now=later(5 * DAYS))  # 600
    resolve_receipt(surplus, by=staff, note="voucher", now=later(6 * DAYS))  # 0

    found = balances()

    assert found == [0, 1500, 1000, 1500, 900, 0, 600, 0]
    assert found == plain_balances()


def test_refund_of_an_orders_money_leaves_unmatched_money(staff: Any) -> None:
    twice_paid()
    refund(receipt(FIRST), staff, amount=700, at=2 * DAYS, purpose=CREDIT)

    assert balances() == [0, *[1500] * 7]
    assert balances() == plain_balances()


def test_refund_of_resolved_money_leaves_unmatched_money(staff: Any) -> None:
    twice_paid()
    resolve_receipt(receipt(SECOND), by=staff, note="settled", now=later(DAYS))
    refund(receipt(SECOND), staff, amount=400, at=3 * DAYS)

    assert balances() == [0, 1500, 0, 0, 0, 0, 0, 0]
    assert balances() == plain_balances()


def test_receipt_refunded_too_much_lowers_the_balance(staff: Any) -> None:
    twice_paid()
    refund(receipt(SECOND), staff, at=DAYS)
    refund_sent_twice()

    assert balances() == [0, 1500, 0, 0, -1500, -1500, -1500, -1500]
    assert balances() == plain_balances()


def refund_sent_twice() -> None:
    """Complete a second refund of the same money on day 3, as Safaricom may report it."""
    again = MpesaRefund.objects.get()
    again.pk, again.code, again.posted_on = None, "SKN7AAA333", day(3)
    again.save(force_insert=True)
    columns = {"unallocated": -1500, "status": "unmatched", "unmatched_reason": "refunded_twice"}
    MpesaReceipt.objects.filter(number=SECOND).update(**columns)


def test_reserved_money_is_unmatched_until_the_refund_is_sent(staff: Any) -> None:
    twice_paid()
    surplus = receipt(SECOND)
    request_refund(surplus, 1500, status=RefundStatus.SENT)
    MpesaReceipt.objects.filter(pk=surplus.pk).update(unallocated=0, status="refunded", unmatched_reason="")

    assert unmatched_at_end("simulated", day(0)) == 1500
    assert unmatched_at_end("simulated", day(-1)) == 0


def test_other_environments_and_repeated_rows_do_not_count() -> None:
    real = new_receipt("OD00REAL01", status="unmatched", amount=Decimal("99.50"))
    twice_paid()
    new_receipt("OD00SAME01", environment="simulated", status="resolved", same_as=receipt(FIRST))

    assert unmatched_at_end("production", day(0)) == real.amount
    assert balances()[1] == 1500
    assert balances() == plain_balances()


def test_matched_money_alone_leaves_nothing() -> None:
    paid_order()

    assert balances() == [0] * 8
    assert unmatched_at_end("production", NOON.date()) == 0


def test_balance_takes_one_query(staff: Any) -> None:
    twice_paid()
    refund(receipt(SECOND), staff, amount=500, at=DAYS)

    with counted() as count:
        unmatched_at_end("simulated", day(0))

    assert len(count) == 1, str(count)


def test_entries_of_a_row_that_repeats_another_count_nowhere(staff: Any) -> None:
    twice_paid()
    refund(receipt(FIRST), staff, amount=100, at=DAYS, purpose=CREDIT)
    same = new_receipt("OD00SAME01", environment="simulated", amount=Decimal(400))
    entry = new_allocation(same, new_order(total="400.00"))
    new_refund(same, 50)
    new_refund(same, 70, allocation=entry)
    counting = period_figures("simulated", day(-30), day(30))

    MpesaReceipt.objects.filter(pk=same.pk).update(same_as=receipt(FIRST), unallocated=0, status="resolved")
    figures = period_figures("simulated", day(-30), day(30))

    assert (counting.taken, figures.taken) == (1500 - 100 + 400 - 70, 1500 - 100)
    assert (figures.opening, figures.closing) == (0, 1500)
    assert figures.closing == unmatched_at_end("simulated", day(30))
