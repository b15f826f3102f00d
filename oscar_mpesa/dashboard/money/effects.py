"""Sentences about what a decision would do, made from its preview only."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MessageKind, ReceiptStatus, UnmatchedReason
from oscar_mpesa.services.ledger import NOTHING, TOLERANCE
from oscar_mpesa.services.preview import MoneyEffect, OrderEffect, Preview

#: The messages that customers get; all others are for the shop's code.
EMAILS = (
    MessageKind.PAID_EMAIL,
    MessageKind.PART_PAID_EMAIL,
    MessageKind.UNMATCHED_EMAIL,
    MessageKind.CLOSED_EMAIL,
    MessageKind.REFUND_EMAIL,
)


def effects_of(seen: Preview) -> list[str]:
    """Return what a decision does to each order, to the money and to the customers, as sentences.

    Orders that stay as they are are named only if no order changes, and nothing of the money gets free or is used.
    """
    changed = [each for each in seen.orders if each.before != each.after]
    is_money_moved = seen.money is not None and seen.money.before.unallocated != seen.money.after.unallocated
    named = changed if changed or is_money_moved else seen.orders
    sentences = [sentence for each in named for sentence in _of_order(each)]
    if seen.money is not None:
        sentences.extend(_of_money(seen.money))
    emails = [sentence for each in seen.orders for sentence in _of_emails(each)]
    return [*sentences, *(emails or [_("No email is sent.")])]


def _of_order(effect: OrderEffect) -> Iterator[str]:
    """Yield what happens to one order."""
    before, after = effect.before, effect.after
    values = {"number": effect.order.number, "amount": ksh(max(after.balance, NOTHING))}
    if before.is_closed and not after.is_closed:
        yield _("Order %(number)s is reopened.") % values
    if after.is_canceled:
        yield _("Order %(number)s is canceled: no money counts for it.") % values
    elif after.is_closed:
        yield _("Order %(number)s stays closed: no money counts for it.") % values
    else:
        yield _of_balance(effect) % values
    if after.balance <= -TOLERANCE and not after.is_canceled:
        yield _("Order %(number)s gets %(amount)s too much.") % {**values, "amount": ksh(-after.balance)}


def _of_balance(effect: OrderEffect) -> str:
    """Return what is missing from an open order then, as a sentence with ``number`` and ``amount`` to fill in."""
    before, after = effect.before, effect.after
    if after.balance < TOLERANCE:
        is_new = after.is_paid and (not before.is_paid or before.is_closed)
        return _("This pays order %(number)s.") if is_new else _("Order %(number)s still owes nothing.")
    if before.is_paid:
        return _("Order %(number)s is no longer paid: %(amount)s will be missing.")
    if after.balance < before.balance:
        return _("This is a part payment: %(amount)s will still be missing from order %(number)s.")
    return _("%(amount)s will be missing from order %(number)s.")


def _of_money(effect: MoneyEffect) -> Iterator[str]:
    """Yield what is left of the money."""
    before, after = effect.before.unallocated, effect.after.unallocated
    values = {"amount": ksh(abs(after)), "reason": _reason(effect.after.unmatched_reason)}
    if after < 0:
        yield _("%(amount)s more was refunded of this money than arrived.") % values
    elif after == 0:
        if before > 0:
            yield _("None of this money stays unmatched.")
    elif effect.after.status == ReceiptStatus.OVERPAID:
        yield (_("%(amount)s stays overpaid.") if before >= after else _("%(amount)s will be overpaid.")) % values
    elif before >= after:
        yield _("%(amount)s stays unmatched: %(reason)s.") % values
    else:
        yield _("%(amount)s will be unmatched: %(reason)s.") % values


def _reason(reason: str) -> str:
    return str(UnmatchedReason(reason).label) if reason else ""


def _of_emails(effect: OrderEffect) -> Iterator[str]:
    """Yield the emails that the order's customer gets."""
    due = [kind for kind in effect.messages if kind in EMAILS]
    values = {"number": effect.order.number}
    if due and not effect.order.email:
        yield _("Order %(number)s has no email address: tell the customer yourself.") % values
        return
    for kind in due:
        yield _email(kind) % values


def _email(kind: MessageKind) -> str:
    if kind == MessageKind.PAID_EMAIL:
        return _("The customer gets an email that order %(number)s is paid.")
    if kind == MessageKind.PART_PAID_EMAIL:
        return _("The customer gets an email that says what is missing from order %(number)s.")
    if kind == MessageKind.UNMATCHED_EMAIL:
        return _("The customer of order %(number)s gets an email that money waits for a decision.")
    if kind == MessageKind.REFUND_EMAIL:
        return _("The customer of order %(number)s gets an email about the refund.")
    return _("The customer gets an email that order %(number)s is closed.")


def effects_of_claim(seen: Preview) -> list[str]:
    """Return what recording a payment does; ``seen.result`` is the recorded payment."""
    claim, order = seen.result, seen.orders[0]
    if claim.receipt_id is not None:
        arrived = _("Money of this amount, without a code, arrived for this order. The code is shown with it.")
        return [arrived, _("Nothing else changes.")]
    counts = order.before.balance - order.after.balance
    if counts < TOLERANCE:
        return [_why_nothing_counts(order), _("When Safaricom reports it, the money waits for a decision.")]
    sentences = effects_of(seen)
    if counts < claim.amount:
        values = {"counts": ksh(counts), "amount": ksh(claim.amount), "rest": ksh(claim.amount - counts)}
        sentences.append(_("Only %(counts)s counts for the order.") % values)
        sentences.append(_("If Safaricom reports %(amount)s, %(rest)s of it waits for a decision.") % values)
    return sentences


def _why_nothing_counts(effect: OrderEffect) -> str:
    if effect.after.is_canceled:
        return _("This order was canceled, so the payment does not count for it.")
    if effect.before.balance < TOLERANCE:
        return _("This order is already paid, so the payment does not count for it.")
    if effect.order.mpesa.basket_restored_at is not None:
        return _("The items of this order went back into the basket, so the payment does not count for it.")
    return _("This order stays closed, because its items are not all in stock. The payment does not count for it.")
