"""The figures of some days, and the lines in which people read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.reports.entries import PostedEntries
from oscar_mpesa.reports.entry_kinds import EntryColumn
from oscar_mpesa.reports.open_balance import unmatched_at_end
from oscar_mpesa.reports.period import PeriodFigures, entry_figures, period_figures
from oscar_mpesa.reports.period_lines import Section, other_currencies, period_sections
from oscar_mpesa.services.allocation import resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.refunds import void_refund
from tests.query_counts import counted
from tests.reports.bridge_month import DAYS, ENVIRONMENT, FIRST, LAST, BridgeMonth
from tests.services.money import SECOND, claim_for, receipt, twice_paid
from tests.services.refunds import refund
from tests.shop import NOON, later, new_order

pytestmark = pytest.mark.django_db

DAY = NOON.date()


def figures_of(first: date = FIRST, last: date = LAST) -> PeriodFigures:
    return period_figures(ENVIRONMENT, first, last)


def sections() -> dict[str, Section]:
    return {each.key: each for each in period_sections(figures_of())}


def amounts(key: str) -> dict[str, tuple[int | None, Decimal]]:
    return {line.label: (line.count, line.amount) for line in sections()[key].lines}


def surplus_with_every_movement(staff: Any) -> None:
    """Settle KSh 1,500 of surplus in all ways: the last one is that KSh 400 are refunded, and the rest is settled."""
    twice_paid()
    sent, *_ = refund(receipt(SECOND), staff, amount=300, at=1 * DAYS, code="SKN7AAA001")
    void_refund(sent, by=staff, note="not sent", now=later(1 * DAYS + 60))
    refund(receipt(SECOND), staff, amount=400, at=2 * DAYS, code="SKN7AAA002")
    resolve_receipt(receipt(SECOND), by=staff, note="a voucher", now=later(2 * DAYS + 60))
    unmatch(staff, at=3 * DAYS)
    resolve_receipt(receipt(SECOND), by=staff, note="a voucher", now=later(3 * DAYS + 60))
    sent, *_ = refund(receipt(SECOND), staff, amount=50, at=4 * DAYS, code="SKN7AAA003")
    void_refund(sent, by=staff, note="not sent", now=later(4 * DAYS + 60))


def unmatch(staff: Any, *, at: float) -> None:
    entry = receipt(SECOND).allocations.active().get()
    reverse_allocation(entry, by=staff, note="not a voucher", now=later(at))


def test_unmatched_money_adds_up_from_beginning_to_end(staff: Any) -> None:
    surplus_with_every_movement(staff)

    assert amounts("unmatched") == {
        "Unmatched at the beginning": (None, 0),
        "Money in": (2, 3000),
        "Matched to orders": (1, -1500),
        "Settled without an order": (2, -2200),
        "Settlements undone": (1, 1100),
        "Refunds of unmatched money": (2, -700),
        "Voided: Refunds of unmatched money": (1, 300),
        "Unmatched at the end": (None, 0),
    }


def test_closing_balance_is_the_next_opening_balance(staff: Any) -> None:
    surplus_with_every_movement(staff)
    days = [DAY + timedelta(days=number) for number in range(-1, 7)]

    closing = [figures_of(day, day).closing for day in days]

    assert closing == [unmatched_at_end(ENVIRONMENT, day) for day in days]
    assert closing == [figures_of(day + timedelta(days=1), LAST).opening for day in days]


def test_money_in_and_out_names_what_was_refunded(staff: Any) -> None:
    surplus_with_every_movement(staff)

    assert amounts("in_and_out") == {
        "Money in": (2, 3000),
        "Refunds of orders' money": (0, 0),
        "Refunds of unmatched money": (2, -700),
        "Voided: Refunds of unmatched money": (1, 300),
        "Refunds of settled money": (1, -50),
        "Voided: Refunds of settled money": (1, 50),
        "In, less what was sent out": (None, 2600),
    }


def test_taken_is_matched_money_less_refunds() -> None:
    BridgeMonth()

    lines = amounts("taken")

    refunds = [lines[label] for label in ("Refunds of orders' money", "Voided: Refunds of orders' money")]
    assert refunds == [(2, -610), (1, 110)]
    assert lines.pop("Taken")[1] == figures_of().taken
    assert figures_of().taken == sum(amount for _count, amount in lines.values()) > 0


def test_recorded_payments_stand_apart(staff: Any) -> None:
    first, second = (
        claim_for(new_order(total=f"{amount}.00"), staff, number=f"OD00CLM{amount}", amount=amount)
        for amount in (300, 200)
    )
    withdraw_claim(first, by=staff, note="a typing error", now=later(DAYS))

    figures = figures_of()

    assert amounts("recorded") == {
        "Recorded by staff": (2, 500),
        "Ended: confirmed or withdrawn": (1, -300),
        "Change": (None, 200),
    }
    assert (figures.taken, figures.closing, figures.column(EntryColumn.UNCONFIRMED)) == (0, 0, second.amount)


def test_lines_of_the_bridge_add_up_to_what_was_taken() -> None:
    BridgeMonth()

    lines = amounts("bridge")

    labels = ("Not paid, order still open", "Orders of another environment", "Recorded by staff, not confirmed")
    assert [lines[label] for label in labels] == [(2, -1400), (1, -77), (1, -300)]
    assert lines["Taken on these days for orders of other days"][1] == 1100
    assert lines["Taken for these orders on other days"][1] == -250
    assert lines["Taken"][1] == figures_of().taken
    assert other_currencies(figures_of()) == ["Orders in USD are left out: 1, together 120.00."]


def test_real_shop_calls_other_orders_test_orders() -> None:
    BridgeMonth()

    lines = {each.key: each for each in period_sections(period_figures("production", FIRST, LAST))}["bridge"].lines

    counts = {line.label: line.count for line in lines}
    assert (counts["Orders placed, as Oscar counts them"], counts["Orders of test mode"]) == (15, 11)
    assert "Orders of another environment" not in counts


def test_entries_posted_later_are_counted(staff: Any) -> None:
    twice_paid()
    before = figures_of().entered_later
    sent, *_ = refund(receipt(SECOND), staff, amount=300, at=3 * DAYS, happened_at=later(2 * DAYS))

    assert (before, figures_of().entered_later) == (0, 1)
    assert sent.posted_on == DAY + timedelta(days=3)


def test_figures_take_eight_queries(staff: Any) -> None:
    surplus_with_every_movement(staff)

    with counted() as count:
        figures_of()

    assert len(count) == 8, str(count)


def test_figures_need_both_days() -> None:
    with pytest.raises(ValueError, match="a first and a last day"):
        entry_figures(PostedEntries(ENVIRONMENT, None, DAY), {})
