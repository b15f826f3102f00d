"""Sentences that tell staff what a receipt or a recorded payment is, and what they can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from oscar_mpesa.dashboard.dates import day_and_time, format_day
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaReceipt,
    MpesaRefund,
    ReceiptStatus,
    RefundStatus,
    UnmatchedReason,
)
from oscar_mpesa.services.allocation import can_pay_orders
from oscar_mpesa.services.ledger import NOTHING, Entries


def entries_of(receipt: MpesaReceipt) -> Entries:
    """Return a receipt's entries. Makes no query if its allocations and refunds are prefetched."""
    return Entries(allocations=list(receipt.allocations.all()), refunds=list(receipt.refunds.all()))


def completed_refunds(receipt: MpesaReceipt) -> list[MpesaRefund]:
    """Return the receipt's refunds that were sent, in the order of their days."""
    sent = [each for each in receipt.refunds.all() if each.status == RefundStatus.COMPLETED]
    return sorted(sent, key=lambda each: (each.happened_at or each.requested_at, each.pk))


def matched_entries(receipt: MpesaReceipt) -> list[MpesaAllocation]:
    """Return the active allocations to orders, oldest first."""
    return [each for each in entries_of(receipt).entries_of(receipt) if each.order_id is not None]


def describe(receipt: MpesaReceipt) -> str:
    """Return what the receipt is and what to do about it, in the active language."""
    refunds = completed_refunds(receipt)
    order: Any = receipt.meant_for
    values = {
        "amount": ksh(receipt.amount),
        "time": day_and_time(receipt.paid_at),
        "number": order.number if order else "",
        "asked": ksh(receipt.payment.amount if receipt.payment else receipt.amount),
        "rest": ksh(receipt.unallocated),
        "part": ksh(sum((each.amount for each in refunds), NOTHING)),
        "day": format_day(refunds[-1].happened_at if refunds else None),
        "reason": receipt.get_unmatched_reason_display(),
    }
    return " ".join([*_sentences(receipt, values), *_booking_errors(receipt)])


def _sentences(receipt: MpesaReceipt, values: dict[str, str]) -> Iterator[str]:
    if receipt.same_as_id is not None:
        yield _("This is the same money as another row of the list. It is counted once, there.")
    elif receipt.unallocated == receipt.amount:
        yield from (sentence % values for sentence in _of_whole(receipt))
    elif receipt.unallocated < 0:
        yield (
            _("%(amount)s arrived on %(time)s, and more than that was refunded. Please double-check the refunds.")
            % values
        )
        yield _("If one was not sent, void it below.")
    elif receipt.status == ReceiptStatus.REFUNDED:
        yield _("%(amount)s arrived on %(time)s, and all of it was refunded on %(day)s.") % values
    else:
        yield from _of_parts(receipt, values)


def _of_whole(receipt: MpesaReceipt) -> Iterator[str]:
    """Yield the sentences about money of which no part counts, and what to do about it."""
    reason = receipt.unmatched_reason
    if reason == UnmatchedReason.TEST_MONEY or not can_pay_orders(receipt):
        yield _("This is a test: no real money moved. Resolve it with a note.")
        return
    arrived = {
        UnmatchedReason.ORDER_PAID.value: _("%(amount)s arrived on %(time)s, but order %(number)s was already paid."),
        UnmatchedReason.ORDER_CLOSED.value: _("%(amount)s arrived on %(time)s, after order %(number)s was closed."),
        UnmatchedReason.ORDER_CANCELED.value: _(
            "%(amount)s arrived on %(time)s for order %(number)s, which was canceled."
        ),
        UnmatchedReason.SOLD_OUT.value: _(
            "%(amount)s arrived on %(time)s, after order %(number)s was closed; its items are not all in stock."
        ),
        UnmatchedReason.WRONG_AMOUNT.value: _(
            "%(amount)s arrived on %(time)s for order %(number)s, but the prompt asked for %(asked)s."
        ),
        UnmatchedReason.UNMATCHED_BY_STAFF.value: _(
            "%(amount)s arrived on %(time)s for order %(number)s, and staff unmatched it."
        ),
    }
    if reason == UnmatchedReason.WRONG_AMOUNT and receipt.is_of_right_amount:
        yield _("%(amount)s arrived on %(time)s for order %(number)s, but a callback reported another amount.")
    else:
        yield arrived.get(reason, _("%(amount)s arrived on %(time)s, and it names no order that can take it."))
    yield _next_step(reason)


def _next_step(reason: str) -> str:
    if reason == UnmatchedReason.WRONG_AMOUNT:
        return _("Match it to the order, or refund it by M-PESA and record the refund here.")
    if reason in {UnmatchedReason.ORDER_CLOSED, UnmatchedReason.NO_ORDER, ""}:
        return _("Match it to an order, or refund it by M-PESA and record the refund here.")
    return _("Refund it by M-PESA and record the refund here, or match it to another order.")


def _of_parts(receipt: MpesaReceipt, values: dict[str, str]) -> Iterator[str]:
    """Yield what each part of the money counts for, what was refunded, and what to do about the rest."""
    entries = entries_of(receipt)
    worthy = [each for each in entries.entries_of(receipt) if entries.worth(each) > 0]
    if len(worthy) == 1 and worthy[0].amount == receipt.amount:
        yield _of_entry(worthy[0], values)
    else:
        yield _("%(amount)s arrived on %(time)s.") % values
        yield from (_of_part(each) for each in worthy)
    if completed_refunds(receipt):
        yield _("%(part)s of it was refunded; the last refund was on %(day)s.") % values
    if receipt.unallocated:
        yield _("%(rest)s of it is not matched: %(reason)s.") % values
        yield _("Refund that by M-PESA and record the refund here, match it to an order, or resolve it with a note.")


def _of_entry(entry: MpesaAllocation, values: dict[str, str]) -> str:
    order: Any = entry.order
    if order is None:
        return _("%(amount)s arrived on %(time)s and was resolved with a note.") % values
    return _("%(amount)s arrived on %(time)s and was matched to order %(number)s.") % {
        **values,
        "number": order.number,
    }


def _of_part(entry: MpesaAllocation) -> str:
    order: Any = entry.order
    if order is None:
        return _("%(part)s of it was resolved with a note.") % {"part": ksh(entry.amount)}
    values = {"part": ksh(entry.amount), "number": order.number}
    return _("%(part)s of it is matched to order %(number)s.") % values


def _booking_errors(receipt: MpesaReceipt) -> Iterator[str]:
    for entry in (each for each in matched_entries(receipt) if each.error):
        order: Any = entry.order
        yield _("The shop's own code failed to post it to order %(number)s.") % {"number": order.number}
        yield _("It is retried automatically. If it stays here, forward this to your developer.")


def describe_claim(claim: MpesaClaim, counting: list[MpesaAllocation]) -> str:
    """Return what a recorded payment is. ``counting`` are its active allocations."""
    values = {"amount": ksh(claim.amount), "number": claim.order.number}
    if not claim.is_open:
        return _of_ended_claim(claim, values)
    if claim.receipt_id is not None:
        return _("Safaricom reported this money without its code. Staff reported the code; nothing else changed.")
    counted = sum((each.amount for each in counting), NOTHING)
    values["part"] = ksh(counted)
    if not counted:
        text = _("Safaricom has not confirmed this payment yet. It does not count for order %(number)s.") % values
        return f"{text} {_what_to_do_with_uncounted()}"
    if counted == claim.amount:
        return _("Safaricom has not confirmed this payment yet. It already counts for order %(number)s.") % values
    text = _("Safaricom has not confirmed this payment yet. %(part)s of it already counts for order %(number)s.")
    return text % values


def _what_to_do_with_uncounted() -> str:
    return _(
        "Look for it in the M-PESA portal. If it is there, refund it by M-PESA, or withdraw it here and record its "
        "code for another order. If it is not there, withdraw it."
    )


def _of_ended_claim(claim: MpesaClaim, values: dict[str, str]) -> str:
    """Return how a claim ended. Safaricom's order and amount win over those that staff recorded."""
    receipt = claim.receipt if claim.receipt and claim.receipt.number == claim.number else None
    if claim.status == ClaimStatus.CONFIRMED:
        if receipt is None or receipt.amount == claim.amount:
            return _("Safaricom confirmed this payment.")
        text = _("Safaricom confirmed this code with another amount: %(seen)s, not %(amount)s.")
        return text % {**values, "seen": ksh(receipt.amount)}
    other: Any = receipt.meant_for if receipt else None
    if other is None or other.pk == claim.order_id:
        return _("This recorded payment was withdrawn. It counts for nothing.")
    text = _("Safaricom reported this money for order %(other)s, so the record does not count for order %(number)s.")
    return text % {**values, "other": other.number}
