"""What the rows of the ledger add up to after every step; each invariant describes how it was broken."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.services.ledger_machine.rows import Rows

NAIROBI = timezone(timedelta(hours=3))

#: Sums of a day, by what they add up.
Figures = dict[tuple[str, date], Decimal]

NEEDS_DECISION = {"overpaid", "unmatched", "wrong_amount"}


def broken_invariants(rows: Rows) -> list[str]:
    """Return how the rows contradict each other."""
    checks = (
        money_is_nowhere_twice(rows),
        status_follows_what_is_left(rows),
        refunds_keep_their_money(rows),
        no_day_counts_money_twice(rows),
        no_entry_counts_before_its_money(rows),
        no_refund_counts_before_its_entry(rows),
        no_day_ends_with_less_than_nothing(rows),
        books_are_the_booked_entries(rows),
        source_lines_add_up(rows),
        books_name_the_money(rows),
        each_code_counts_once(rows),
        paid_and_unpaid_alternate(rows),
    )
    return [sentence for check in checks for sentence in check]


def money_is_nowhere_twice(rows: Rows) -> Iterator[str]:
    for pk, receipt in rows.receipts.items():
        if receipt.unallocated < 0:
            yield f"receipt {pk} counts for KSh {-receipt.unallocated} more than it is"
    for pk, claim in rows.claims.items():
        counted = sum(entry.amount for entry in _active(rows) if entry.claim_id == pk)
        if counted > (claim.amount if claim.status == "open" else 0):
            yield f"claim {pk} is {claim.status} and counts KSh {counted}"


def status_follows_what_is_left(rows: Rows) -> Iterator[str]:
    for pk, receipt in rows.receipts.items():
        waits = receipt.status in NEEDS_DECISION
        if waits != bool(receipt.unallocated) or waits != bool(receipt.unmatched_reason):
            yield f"receipt {pk} is {receipt.status} ({receipt.unmatched_reason}), left {receipt.unallocated}"


def refunds_keep_their_money(rows: Rows) -> Iterator[str]:
    taken: Counter[int] = Counter()
    for refund in rows.refunds.values():
        if refund.allocation_id is not None and refund.status in {"requested", "completed"}:
            taken[refund.allocation_id] += refund.amount
    for pk, amount in taken.items():
        entry = rows.allocations[pk]
        if entry.reversed_at or amount > entry.amount:
            yield f"allocation {pk} of {entry.amount} (reversed {entry.reversed_at}) holds {amount} for refunds"


def no_day_counts_money_twice(rows: Rows) -> Iterator[str]:
    moves: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in rows.allocations.values():
        if entry.receipt_id is not None:
            moves[entry.receipt_id][entry.posted_on] += entry.amount
            if entry.reversed_on:
                moves[entry.receipt_id][entry.reversed_on] -= entry.amount
    for pk, days in moves.items():
        counted = Decimal(0)
        for day in sorted(days):
            counted += days[day]
            if not 0 <= counted <= rows.receipts[pk].amount:
                yield f"at the end of {day}, receipt {pk} of {rows.receipts[pk].amount} counts for {counted}"


def no_entry_counts_before_its_money(rows: Rows) -> Iterator[str]:
    for pk, entry in rows.allocations.items():
        if entry.receipt_id is not None and entry.posted_on < rows.receipts[entry.receipt_id].posted_on:
            yield f"allocation {pk} is posted on {entry.posted_on}, before its receipt"


def no_refund_counts_before_its_entry(rows: Rows) -> Iterator[str]:
    """Describe days with larger refunds than what counted. What remains of an entry takes over its refunds."""
    moves: dict[tuple[int, int], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in (each for each in rows.allocations.values() if each.receipt_id is not None):
        moves[entry.receipt_id, entry.order_id][entry.posted_on] += entry.amount
        if entry.reversed_on:
            moves[entry.receipt_id, entry.order_id][entry.reversed_on] -= entry.amount
    for refund in (each for each in rows.refunds.values() if each.allocation_id is not None):
        own = moves[refund.receipt_id, rows.allocations[refund.allocation_id].order_id]
        _add_refund(own, refund)
    for (pk, order_id), days in moves.items():
        for day, counted in _ends_of(days):
            if counted < 0:
                yield f"at the end of {day}, receipt {pk} counts for {counted} of order {order_id} after refunds"


def no_day_ends_with_less_than_nothing(rows: Rows) -> Iterator[str]:
    """Describe days at whose end less than nothing of a receipt was unmatched, unless too much was refunded."""
    moves: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for pk, receipt in rows.receipts.items():
        moves[pk][receipt.posted_on] += receipt.amount
    for entry in (each for each in rows.allocations.values() if each.receipt_id is not None):
        moves[entry.receipt_id][entry.posted_on] -= entry.amount
        if entry.reversed_on:
            moves[entry.receipt_id][entry.reversed_on] += entry.amount
    for refund in (each for each in rows.refunds.values() if each.allocation_id is None):
        _add_refund(moves[refund.receipt_id], refund)
    for pk, days in moves.items():
        is_refunded_twice = rows.receipts[pk].unallocated < 0
        for day, left in _ends_of(days):
            if left < 0 and not is_refunded_twice:
                yield f"at the end of {day}, {left} of receipt {pk} is unmatched"


def _add_refund(moves: dict[date, Decimal], refund: Any) -> None:
    if refund.status in {"completed", "voided"}:
        moves[refund.posted_on] -= refund.amount
    if refund.voided_on:
        moves[refund.voided_on] += refund.amount


def _ends_of(moves: dict[date, Decimal]) -> Iterator[tuple[date, Decimal]]:
    """Yield each day of moves, and what they add up to at its end."""
    total = Decimal(0)
    for day in sorted(moves):
        total += moves[day]
        yield day, total


def books_are_the_booked_entries(rows: Rows) -> Iterator[str]:
    for order_id in rows.orders:
        own = [entry for entry in rows.allocations.values() if entry.order_id == order_id]
        booked = sum(entry.amount for entry in own if entry.booked_at and not entry.reversal_booked_at)
        in_books = {entry.pk for entry in own if entry.oscar_source_id}
        refunds = [each for each in rows.refunds.values() if each.allocation_id in in_books]
        booked -= sum(each.amount for each in refunds if each.status == "completed")
        sources = [source for source in rows.sources.values() if source.order_id == order_id]
        net = sum(source.amount_debited - source.amount_refunded for source in sources)
        if net != booked:
            yield f"the books of order {order_id} have {net}, and its booked allocations {booked}"


def source_lines_add_up(rows: Rows) -> Iterator[str]:
    for pk, source in rows.sources.items():
        lines = [line for line in rows.transactions.values() if line.source_id == pk]
        debited = sum(line.amount for line in lines if line.txn_type in {"Debit", "Reversal"})
        refunded = sum(line.amount for line in lines if line.txn_type == "Refund")
        if (debited, refunded) != (source.amount_debited, source.amount_refunded):
            yield f"source {pk} debited {source.amount_debited}, refunded {source.amount_refunded}; its lines do not"


def books_name_the_money(rows: Rows) -> Iterator[str]:
    for pk, entry in rows.allocations.items():
        source = rows.sources.get(entry.oscar_source_id)
        money = rows.receipts.get(entry.receipt_id) or rows.claims[entry.claim_id]
        is_written = entry.booked_at and not entry.reversed_at and not entry.error
        if source and is_written and money.number and source.reference != money.number:
            yield f"allocation {pk} is of {money.number}, and its source names {source.reference}"
    for order_id in rows.orders:
        debited = sum(source.amount_debited for source in rows.sources.values() if source.order_id == order_id)
        events = sum(event.amount for event in rows.events.values() if event.order_id == order_id)
        if debited != events:
            yield f"the events of order {order_id} make {events}, and its sources {debited}"


def each_code_counts_once(rows: Rows) -> Iterator[str]:
    numbers = Counter(receipt.number for receipt in rows.receipts.values() if receipt.number)
    yield from (f"{number} is in {times} receipts" for number, times in numbers.items() if times > 1)
    opened = Counter(claim.number for claim in rows.claims.values() if claim.status == "open")
    yield from (f"{number} has {times} open claims" for number, times in opened.items() if times > 1)
    yield from (f"{number} is proven, and its claim is open" for number in opened if number in numbers)


def paid_and_unpaid_alternate(rows: Rows) -> Iterator[str]:
    for pk, mpesa_order in rows.mpesa_orders.items():
        own = [row for _, row in sorted(rows.messages.items()) if row.mpesa_order_id == pk]
        signals = [row.kind for row in own if row.kind in {"order_paid", "order_unpaid"}]
        expected = ["order_paid", "order_unpaid"] * len(signals)
        if signals != expected[: len(signals)]:
            yield f"order {pk} was announced as {signals}"
        entries = [entry for entry in _active(rows) if entry.order_id == pk]
        is_booked = not any(entry.error or entry.booked_at is None for entry in entries)
        if mpesa_order.is_paid and is_booked and signals[-1:] != ["order_paid"]:
            yield f"order {pk} is paid, and announced was {signals}"


def figures_of_days(rows: Rows) -> Figures:
    """Return what reports say of each day. What a claim counts is no income: its receipt has its own day."""
    figures: Figures = defaultdict(Decimal)
    for receipt in rows.receipts.values():
        figures["receipts", receipt.posted_on] += receipt.amount
    for entry in (each for each in rows.allocations.values() if each.receipt_id is not None):
        figures[f"order {entry.order_id}", entry.posted_on] += entry.amount
        if entry.reversed_on:
            figures[f"order {entry.order_id}", entry.reversed_on] -= entry.amount
    for day, amount in _steps_of_claims(rows):
        figures["claims", day] += amount
    for refund in rows.refunds.values():
        if refund.status in {"completed", "voided"}:
            figures["refunds", refund.posted_on] += refund.amount
        if refund.voided_on:
            figures["refunds", refund.voided_on] -= refund.amount
    return dict(figures)


def _steps_of_claims(rows: Rows) -> Iterator[tuple[date, Decimal]]:
    for claim in rows.claims.values():
        if claim.posted_on:
            yield claim.posted_on, claim.amount
            if claim.ended_on:
                yield claim.ended_on, -claim.amount


def changed_past_days(before: Figures, after: Figures, now: datetime) -> Iterator[str]:
    """Describe each figure that changed although its day was over, which it is at six in the next morning."""
    for what, day in sorted(before.keys() | after.keys()):
        ends_at = datetime.combine(day + timedelta(days=1), time(6), NAIROBI)
        old, new = before.get((what, day), Decimal(0)), after.get((what, day), Decimal(0))
        if old != new and now >= ends_at:
            yield f"{what} of {day} was {old} and is {new} at {now}"


def wrong_balances(before: Rows, after: Rows) -> Iterator[str]:
    """Describe each step of an order's money that does not keep what the order owed after it, or changes it later."""
    for pk, entry in after.allocations.items():
        if entry.order_id is not None and entry.balance_after is None:
            yield f"allocation {pk} does not say what order {entry.order_id} owes after it"
        if entry.order_id is not None and entry.reversed_at and entry.balance_after_reversal is None:
            yield f"allocation {pk} does not say what order {entry.order_id} owes after its reversal"
    kept = (
        ("allocations", ("balance_after", "balance_after_reversal")),
        ("refunds", ("balance_after", "balance_after_void")),
    )
    for table, columns in kept:
        for pk, row in getattr(before, table).items():
            new = getattr(after, table)[pk]
            is_new = table == "allocations" and row.handed_over_at != new.handed_over_at
            changed = [name for name in columns if getattr(row, name) not in {None, getattr(new, name)} and not is_new]
            yield from (f"{name} of {table} {pk} was {getattr(row, name)}, is {getattr(new, name)}" for name in changed)


def wrong_balances_of_handed_over(before: Rows, after: Rows) -> Iterator[str]:
    """Describe each entry that a receipt took over from a claim, and that does not keep what the order owed then."""
    for pk, entry in after.allocations.items():
        known = before.allocations.get(pk)
        is_new = entry.handed_over_at is not None and (known is None or known.handed_over_at is None)
        if is_new and entry.balance_after != after.mpesa_orders[entry.order_id].balance:
            yield f"allocation {pk} was handed over, and says that order {entry.order_id} owes {entry.balance_after}"


def _active(rows: Rows) -> list[Any]:
    return [entry for entry in rows.allocations.values() if entry.reversed_at is None]
