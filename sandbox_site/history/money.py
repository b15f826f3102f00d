"""Build the receipts, recorded payments, allocations and refunds of sales, with their cached sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox_site.history.rows import Written, answered_at, code_of, matched_at, ours, recorded_at
from sandbox_site.history.sales import EAT, MISSING, WITH_TWO_RECEIPTS, SaleOutcome

#: Who decided about money.
STAFF = "Juma Mwangi"

#: Status and reason of money that does not pay its order.
_UNMATCHED = {
    SaleOutcome.TWICE: ("overpaid", "order_paid"),
    SaleOutcome.LATE: ("unmatched", "order_closed"),
    SaleOutcome.OTHER_AMOUNT: ("wrong_amount", "wrong_amount"),
}

#: Sales whose first money is less than asked.
_TOO_LITTLE = {SaleOutcome.OTHER_AMOUNT, SaleOutcome.IN_PARTS, SaleOutcome.PART_PAID}


def add_money(written: Written) -> None:
    """Add the rows of the order's money. They have no ids yet, so they refer to each other as objects."""
    written.claim = _claim(written) if written.sale.outcome is SaleOutcome.CLAIMED else None
    written.receipts = list(_receipts(written))
    _add_entries(written)
    _add_balances(written)


def _add_entries(written: Written) -> None:
    outcome, is_open = written.sale.outcome, written.sale.is_open
    if outcome is SaleOutcome.CLAIMED:
        written.entries = [_entry(written, written.claim if is_open else written.receipts[0], reason="claim")]
        return
    for place, receipt in enumerate(written.receipts):
        is_surplus = outcome is SaleOutcome.TWICE and place == 1
        if is_surplus or outcome in {SaleOutcome.LATE, SaleOutcome.OTHER_AMOUNT}:
            _leave(written, receipt)
        else:
            is_part = outcome in _TOO_LITTLE and place == 0
            written.entries.append(_entry(written, receipt, reason="staff" if is_part else "payment"))
    if outcome in {SaleOutcome.RETURNED, SaleOutcome.PRICE_CUT}:
        _credit(written)


def _add_balances(written: Written) -> None:
    """Add what the order owed after each entry. A credit lowers what it owes and what it got, so it owes the same."""
    owed = Decimal(written.sale.amount)
    for entry in written.entries:
        owed -= entry.amount
        entry.balance_after = owed
    for refund in written.refunds:
        refund.balance_after = owed if refund.allocation else None


def day_of(moment: datetime) -> date:
    """Return the day in Nairobi."""
    return (moment + EAT).date()


def _receipts(written: Written) -> Iterator[Any]:
    """Build the order's receipts: usually one, none if it is unpaid, two if two payments brought money."""
    sale = written.sale
    if sale.outcome is SaleOutcome.UNPAID or written.last.status != "completed":
        return
    places = [-1, -2] if sale.outcome is SaleOutcome.TWICE else [-2, -1] if sale.outcome in WITH_TWO_RECEIPTS else [-1]
    for place, index in enumerate(places):
        less = MISSING if sale.outcome in _TOO_LITTLE and place == 0 else 0
        yield _receipt(written, index, place=place, less=less)


def _receipt(written: Written, index: int, *, place: int, less: int) -> Any:
    sale, payment = written.sale, written.payments[index]
    at = answered_at(sale, sale.tries[index])
    return ours("MpesaReceipt")(
        number=code_of(sale.number, place),
        environment=payment.environment,
        shortcode=payment.shortcode,
        amount=Decimal(payment.amount - less),
        paid_at=at,
        posted_on=day_of(at),
        channel="stk",
        payer=f"{sale.name[0]} {sale.name[1]}".upper(),
        payment=payment,
        meant_for_id=written.order.pk,
        status="matched",
        created_at=at,
    )


def _claim(written: Written) -> Any:
    """Build a payment that staff recorded: confirmed by the receipt that came minutes later, or still open."""
    sale, at = written.sale, recorded_at(written.sale)
    ended_at = None if sale.is_open else answered_at(sale, sale.tries[-1])
    return ours("MpesaClaim")(
        number=code_of(sale.number, 0),
        open_number=code_of(sale.number, 0) if sale.is_open else None,
        environment=written.last.environment,
        shortcode=written.last.shortcode,
        amount=sale.amount,
        order_id=written.order.pk,
        status="open" if sale.is_open else "confirmed",
        paid_at=at - timedelta(minutes=1),
        seen_in="M-PESA portal",
        by_name=STAFF,
        created_at=at,
        posted_on=day_of(at),
        ended_at=ended_at,
        ended_on=ended_at and day_of(ended_at),
    )


def _entry(written: Written, money: Any, *, reason: str) -> Any:
    """Build the allocation of all of a receipt or claim to the order."""
    by_moment = {"staff": matched_at, "claim": recorded_at}
    at = by_moment[reason](written.sale) if reason in by_moment else money.paid_at
    is_claim, is_handed_over = money is written.claim, reason == "claim" and money is not written.claim
    return ours("MpesaAllocation")(
        receipt=None if is_claim else money,
        claim=money if is_claim else None,
        order_id=written.order.pk,
        amount=money.amount,
        reason=reason,
        note="The customer pays the rest." if reason == "staff" else "",
        by_name="" if reason == "payment" else STAFF,
        created_at=at,
        posted_on=day_of(at) if is_claim else max(day_of(at), money.posted_on),
        handed_over_at=money.created_at if is_handed_over else None,
        booked_at=at,
    )


def _leave(written: Written, receipt: Any) -> None:
    """Leave a receipt unmatched if the decision is open. Otherwise staff refunded it."""
    if written.sale.is_open:
        receipt.unallocated = receipt.amount
        receipt.status, receipt.unmatched_reason = _UNMATCHED[written.sale.outcome]
    else:
        receipt.status = "refunded"
        written.refunds.append(_refund(written, receipt, receipt.amount, purpose="payment_returned"))


def _credit(written: Written) -> None:
    """Refund all of a paid order's money, or some of it for a price cut."""
    (receipt,), (entry,) = written.receipts, written.entries
    is_all = written.sale.outcome is SaleOutcome.RETURNED
    amount = receipt.amount if is_all else Decimal(MISSING)
    receipt.status = "refunded" if is_all else "matched"
    written.refunds.append(_refund(written, receipt, amount, purpose="credit", allocation=entry))


def _refund(written: Written, receipt: Any, amount: Decimal, *, purpose: str, allocation: Any = None) -> Any:
    """Build a refund that staff recorded a day later."""
    at = receipt.paid_at + timedelta(days=1)
    return ours("MpesaRefund")(
        receipt=receipt,
        allocation=allocation,
        amount=amount,
        purpose=purpose,
        method="manual",
        status="completed",
        code=f"R{code_of(written.sale.number, 2)[1:]}",
        happened_at=at,
        posted_on=day_of(at),
        note="sent back",
        requested_at=at,
        requested_by_name=STAFF,
    )
