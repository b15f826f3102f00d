"""Sentences that tell staff what a receipt is and what they can do about it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.dashboard.dates import day_and_time, format_day
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import ReceiptReason


def describe(receipt: MpesaReceipt) -> str:
    """Return what the receipt is and what to do about it, in the active language."""
    parts = {
        "amount": ksh(receipt.amount),
        "time": day_and_time(receipt.paid_at),
        "part": ksh(receipt.returned_amount or 0),
        "rest": ksh(receipt.rest),
        "day": format_day(receipt.returned_at),
        **_of_order(receipt),
    }
    return " ".join(sentence % parts for sentence in _sentences(receipt))


def accepted_difference(receipt: MpesaReceipt, order: Any, payment: MpesaPayment | None) -> Decimal:
    """Return the amount by which a matched receipt exceeds its order's total; negative if it is less.

    Rounding does not count. ``order`` and ``payment`` are the receipt's own, or None.
    """
    if order is None or receipt.allocation != Allocation.APPLIED:
        return Decimal(0)
    rounding = payment.rounding if payment and payment.order_id == receipt.order_id else Decimal(0)
    difference: Decimal = receipt.amount - order.total_incl_tax - rounding
    return difference


def _of_order(receipt: MpesaReceipt) -> dict[str, str]:
    order: Any = receipt.order
    if order is None:
        return {"number": "", "total": ""}
    return {"number": order.number, "total": ksh(order.total_incl_tax)}


def _sentences(receipt: MpesaReceipt) -> Iterator[str]:
    of_allocation = {
        Allocation.APPLIED: _of_applied,
        Allocation.SURPLUS: _of_surplus,
        Allocation.UNALLOCATED: _of_unallocated,
        Allocation.MISMATCH: _of_mismatch,
        Allocation.RETURNED: _of_returned,
        Allocation.EXPLAINED: _of_explained,
    }
    sentences = [*of_allocation[Allocation(receipt.allocation)](receipt)]
    if not receipt.rest or receipt.returned_amount is None:
        yield from sentences
        return
    description, *next_steps = sentences
    yield description
    yield _("%(part)s of it was refunded; the last refund was on %(day)s.")
    if receipt.needs_decision:
        next_steps = [_("Refund the other %(rest)s too and record that refund here, or resolve it with a note.")]
    yield from next_steps


def _of_applied(receipt: MpesaReceipt) -> Iterator[str]:
    yield _("%(amount)s arrived on %(time)s and was matched to order %(number)s.")
    if accepted_difference(receipt, receipt.order, receipt.payment):
        yield _("The order costs %(total)s; the difference was accepted.")
    if receipt.is_of_cancelled_order:
        yield _("That order has since been canceled.")
        yield _("Refund the money by M-PESA and record the refund here, or resolve it with a note.")


def _of_surplus(receipt: MpesaReceipt) -> Iterator[str]:
    yield _("%(amount)s arrived on %(time)s, but order %(number)s was already paid.")
    yield _("Refund it by M-PESA and record the refund here, or match it to another order.")


def _of_unallocated(receipt: MpesaReceipt) -> Iterator[str]:
    if receipt.error:
        yield _("%(amount)s arrived on %(time)s for order %(number)s, but the shop's own code failed to post it.")
        yield _("It is retried automatically. If it stays here, forward this to your developer.")
    elif receipt.environment != PRODUCTION and get_settings().environment == PRODUCTION:
        yield _("This is a test: no real money moved. Resolve it with a note.")
    elif receipt.reason == ReceiptReason.SOLD_OUT:
        yield _("%(amount)s arrived on %(time)s, after order %(number)s was closed; its items are not all in stock.")
        yield _("Refund it by M-PESA and record the refund here, or match it to another order.")
    else:
        yield _("%(amount)s arrived on %(time)s, after order %(number)s was closed.")
        yield _("Match it to an order, or refund it by M-PESA and record the refund here.")


def _of_mismatch(receipt: MpesaReceipt) -> Iterator[str]:
    order: Any = receipt.order
    if receipt.number is None:
        yield _("%(amount)s was recorded by hand for order %(number)s, but its M-PESA code belongs to another order.")
        yield _("Look the payment up in the M-PESA portal. If it is not there, resolve it with a note.")
    elif order is not None and receipt.amount == order.total_incl_tax:
        yield _("%(amount)s arrived on %(time)s for order %(number)s, but it is the wrong amount.")
        yield _("Match it to the order, or refund it by M-PESA and record the refund here.")
    else:
        yield _("%(amount)s arrived on %(time)s, but order %(number)s costs %(total)s.")
        yield _("Match it to the order and accept the difference, or refund it and record the refund here.")


def _of_returned(receipt: MpesaReceipt) -> Iterator[str]:
    yield _("%(amount)s arrived on %(time)s, and all of it was refunded on %(day)s.")


def _of_explained(receipt: MpesaReceipt) -> Iterator[str]:
    if receipt.same_as_id is not None:
        yield _("This is the same money as another row of the list. It is counted once, there.")
        return
    yield _("%(amount)s arrived on %(time)s and was resolved with a note.")
    if receipt.booked_at is not None:
        yield _("It stays posted to order %(number)s.")
