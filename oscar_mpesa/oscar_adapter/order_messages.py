"""Messages to shoppers about payments and receipts, for emails and pages.

All are in the active language. Times are in Nairobi's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import (
    CloseReason,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaReceipt,
    MpesaRefund,
    RefundStatus,
    UnmatchedReason,
)
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method


def outcome_message(
    outcome: outcomes.Outcome, *, number: str = "", warns: bool = True, suggests_other_method: bool = True
) -> str:
    """Say how a payment ended and what to do next.

    ``number`` is the phone as the reader may see it. Without one, the sentence says "that number". With ``warns``, it
    can say not to pay again after an M-PESA SMS. Emails with a payment link say so anyway. Without
    ``suggests_other_method``, or in a shop that has none, it names the support contact.
    """
    suggests = suggests_other_method and has_other_method()
    other = outcomes.PAY_ANOTHER_WAY if suggests else outcomes.CALL_THE_SHOP
    parts = {
        "N": _(outcomes.NO_MONEY_TAKEN),
        "C": _(outcomes.IF_CONFIRMED) if warns else "",
        "P": _(outcomes.PAID_IF_CONFIRMED) if warns else "",
        "other": _(other).format(help=get_settings().SUPPORT_CONTACT or pgettext("label", "the shop")),
        "number": number or pgettext("phone", "that number"),
    }
    message = _(outcome.sentence).format(**parts).replace("  ", " ").strip()
    return message[:1].upper() + message[1:]


def unpaid_order_message(mpesa_order: MpesaOrder) -> str:
    """Remind the shopper of an order that awaits payment. Basket, checkout and order history show it beside a link."""
    values = {"number": mpesa_order.order.number, "amount": ksh(mpesa_order.amount_due)}
    return _("Order %(number)s is waiting for %(amount)s.") % values


def part_paid_message(mpesa_order: MpesaOrder, *, received: Decimal, is_confirmed: bool) -> str:
    """Say what an order has of its total, and what is left to pay.

    ``is_confirmed`` is whether Safaricom reported all of it. Staff recorded the rest.
    """
    left = mpesa_order.amount_due
    values = {"received": ksh(received), "total": ksh(received + left), "left": ksh(left)}
    if is_confirmed:
        return _("%(received)s of %(total)s has arrived. %(left)s is left to pay.") % values
    return _("%(received)s of %(total)s is recorded. %(left)s is left to pay.") % values


def closed_order_message(mpesa_order: MpesaOrder, *, now: datetime, has_open_claim: bool) -> str:
    """Say why an unpaid order is closed. With ``has_open_claim``, staff recorded a payment that is not confirmed."""
    reason = _close_reason_message(mpesa_order, now)
    if not has_open_claim:
        return reason
    checking = _("The shop is checking the payment that it recorded for this order. Don't pay again.")
    return f"{reason} {checking}"


def _close_reason_message(mpesa_order: MpesaOrder, now: datetime) -> str:
    values = {"number": mpesa_order.order.number, "time": when(mpesa_order.pay_before, now)}
    had_money = mpesa_order.part_paid_at is not None or mpesa_order.paid_at is not None
    if mpesa_order.was_closed_by_clock and had_money:
        return _("We didn't receive the full amount for order %(number)s by %(time)s, so it's closed.") % values
    if mpesa_order.was_closed_by_clock:
        return _("We received no payment for order %(number)s by %(time)s, so it's closed.") % values
    if mpesa_order.close_reason == CloseReason.OTHER_METHOD:
        return _("You chose another way to pay, so order %(number)s is closed.") % values
    if had_money:
        return _("The shop closed order %(number)s.") % values
    return _("The shop closed order %(number)s. We received no payment for it.") % values


def unmatched_receipt_message(
    receipt: MpesaReceipt, mpesa_order: MpesaOrder, *, is_second_payment: bool | None = None
) -> str:
    """Say why a receipt, or part of it, does not pay the order it was meant for, and what the shop does about it.

    ``is_second_payment`` is what the function of this name returns. Makes one query without it if the order is paid.
    """
    reason, number = unmatched_reason_for(receipt, mpesa_order), mpesa_order.order.number
    if reason == UnmatchedReason.ORDER_PAID:
        is_second = _is_second(receipt, mpesa_order) if is_second_payment is None else is_second_payment
        return _overpaid_message(receipt, number, is_second_payment=is_second)
    if reason == UnmatchedReason.WRONG_AMOUNT and not receipt.is_of_right_amount:
        payment: Any = receipt.payment
        return _(
            "%(arrived)s arrived; the prompt asked for %(asked)s. The shop is reviewing it and will write to you. "
            "Don't pay again."
        ) % {"arrived": ksh(receipt.amount), "asked": ksh(payment.amount)}
    if reason in {UnmatchedReason.ORDER_CLOSED, UnmatchedReason.SOLD_OUT}:
        return _closed_too_early_message(receipt, mpesa_order)
    if reason == UnmatchedReason.ORDER_CANCELED:
        return _(
            "Order %(number)s was canceled. The shop has been asked to refund your %(amount)s to the number that paid. "
            "Nobody will ask for your PIN or a fee."
        ) % {"amount": _unallocated_name(receipt), "number": number}
    return _("The shop is reviewing your %(amount)s for order %(number)s and will write to you. Don't pay again.") % {
        "amount": _unallocated_name(receipt),
        "number": number,
    }


def unmatched_reason_for(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> str:
    """Return why a receipt is left, as an order's customer should read it; "" if the reason is another order's."""
    if receipt.meant_for_id in {None, mpesa_order.pk}:
        return receipt.unmatched_reason
    if mpesa_order.order.status == get_settings().CANCELLED_STATUS:
        return UnmatchedReason.ORDER_CANCELED.value
    return UnmatchedReason.ORDER_PAID.value if mpesa_order.is_paid else ""


def is_second_payment(receipt: MpesaReceipt, *, paid_by: int) -> bool:
    """Return whether no part of a receipt is used, and one other payment pays the whole order.

    ``paid_by`` is the number of payments that count for the order.
    """
    return receipt.unallocated == receipt.amount and paid_by == 1


def _is_second(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> bool:
    counted = MpesaAllocation.objects.active().filter(order_id=mpesa_order.pk)
    money = set(counted.values_list("receipt_id", "claim_id"))
    return is_second_payment(receipt, paid_by=len(money))


def _overpaid_message(receipt: MpesaReceipt, number: str, *, is_second_payment: bool) -> str:
    if is_second_payment:
        return _(
            "We received two payments for this order. One is enough. The shop has been asked to "
            "refund the other to the number that paid. Nobody will ask for your PIN or a fee."
        )
    return _(
        "We received %(amount)s more than order %(number)s needs. The shop has been asked to refund it to the number "
        "that paid. Nobody will ask for your PIN or a fee."
    ) % {"amount": ksh(receipt.unallocated), "number": number}


def _closed_too_early_message(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> str:
    values = {"amount": _unallocated_name(receipt), "number": mpesa_order.order.number}
    if mpesa_order.closed_at is not None and receipt.created_at < mpesa_order.closed_at:
        return (
            _(
                "Order %(number)s was closed before it was paid in full. The shop will send your items or refund your "
                "%(amount)s, and write to you. Don't pay again."
            )
            % values
        )
    return (
        _(
            "Your %(amount)s arrived after order %(number)s was closed. The shop will send your "
            "items or refund the money, and write to you. Don't pay again."
        )
        % values
    )


def load_decisions(receipts: Iterable[MpesaReceipt]) -> None:
    """Load what ``decision_message`` needs of receipts, in two queries for all of them."""
    entries = MpesaAllocation.objects.select_related("order")
    prefetch_related_objects(list(receipts), Prefetch("allocations", queryset=entries), "refunds")


def decision_message(receipt: MpesaReceipt, *, order: Any = None) -> str:
    """Say what was refunded of a receipt, used for other orders than it was meant for, and resolved with a note.

    ``order`` is the order that the receipt was meant for. Other orders are named if they are of its customer; without
    ``order``, none is. Makes two queries unless ``load_decisions`` made them.
    """
    load_decisions([receipt])
    refunds = [each for each in receipt.refunds.all() if each.status == RefundStatus.COMPLETED]
    worth = _worth_by_order(receipt, refunds)
    is_resolved = worth.pop(None, Decimal(0)) > 0
    others = {each: amount for each, amount in worth.items() if each.pk != receipt.meant_for_id and amount > 0}
    sentences = [*_refund_messages(receipt, refunds)]
    sentences += [_used_message(receipt, amount, each, order) for each, amount in others.items()]
    if is_resolved:
        resolved = _("The shop has resolved your payment of %(money)s. If you have questions, call us.")
        sentences.append(resolved % {"money": receipt_name(receipt)})
    return " ".join(sentences)


def _worth_by_order(receipt: MpesaReceipt, refunds: list[MpesaRefund]) -> dict[Any, Decimal]:
    """Return what a receipt counts for each order, less what was refunded of it, in shillings."""
    worth: dict[Any, Decimal] = {}
    for entry in [each for each in receipt.allocations.all() if each.is_active]:
        refunded = sum((each.amount for each in refunds if each.allocation_id == entry.pk), Decimal(0))
        worth[entry.order] = worth.get(entry.order, Decimal(0)) + entry.amount - refunded
    return worth


def visible_number(entry: MpesaAllocation) -> str:
    """Return the M-PESA code of an order's entry; empty if the money was meant for an order of another customer.

    The entry has an order.
    """
    meant_for: Any = entry.receipt.meant_for if entry.receipt is not None else None
    if meant_for is None or meant_for.pk == entry.order_id:
        return entry.number
    customer = {"user_id": meant_for.user_id, "guest_email": meant_for.guest_email}
    return entry.number if is_same_customer(entry.order, **customer) else ""


def is_same_customer(order: Any, *, user_id: int | None, guest_email: str) -> bool:
    """Return whether an order is of this user, or of the guest with this email address."""
    if order.user_id is not None or user_id is not None:
        return bool(order.user_id == user_id)
    return bool(guest_email) and order.guest_email.casefold() == guest_email.casefold()


def receipt_name(receipt: MpesaReceipt | MpesaClaim | MpesaAllocation) -> str:
    """Return the amount with its M-PESA code if it has one: ``KSh 1,500 (M-PESA code OD123ABC45)``."""
    return money_name(receipt.amount, receipt.number)


def money_name(amount: Decimal, number: str | None, *, is_proven: bool = True) -> str:
    """Return an amount with its M-PESA code if it has one. ``is_proven`` is False for a code that staff entered."""
    if not number:
        return ksh(amount)
    if is_proven:
        return f"{ksh(amount)} ({_('M-PESA code')} {number})"
    return _("%(amount)s (M-PESA code %(code)s, entered by the shop)") % {"amount": ksh(amount), "code": number}


def _unallocated_name(receipt: MpesaReceipt) -> str:
    """Return the unallocated amount with the M-PESA code; the whole amount if more was refunded than there was."""
    return money_name(receipt.unallocated if receipt.unallocated > 0 else receipt.amount, receipt.number)


def _refund_messages(receipt: MpesaReceipt, refunds: list[MpesaRefund]) -> list[str]:
    if not refunds:
        return []
    amount = sum((each.amount for each in refunds), Decimal(0))
    moment = max(each.happened_at for each in refunds if each.happened_at is not None)
    day = date_format(moment.astimezone(NAIROBI), "j M")
    values = {"money": receipt_name(receipt), "part": ksh(amount), "day": day}
    if amount < receipt.amount:
        return [_("The shop refunded %(part)s of your %(money)s on %(day)s.") % values]
    return [_("The shop refunded your %(money)s on %(day)s.") % values]


def _used_message(receipt: MpesaReceipt, amount: Decimal, used_for: Any, order: Any) -> str:
    customer = {"user_id": used_for.user_id, "guest_email": used_for.guest_email}
    names_order = order is not None and is_same_customer(order, **customer)
    values = {"money": receipt_name(receipt), "part": ksh(amount), "number": used_for.number}
    if amount < receipt.amount:
        if names_order:
            return _("%(part)s of your %(money)s was used for order %(number)s.") % values
        return _("%(part)s of your %(money)s was used for another order.") % values
    if names_order:
        return _("Your %(money)s was used for order %(number)s.") % values
    return _("Your %(money)s was used for another order.") % values


def when(moment: datetime, now: datetime) -> str:
    """Return a time in Nairobi as ``15:34``, with the day if it is not today."""
    local = moment.astimezone(NAIROBI)
    is_today = local.date() == now.astimezone(NAIROBI).date()
    return f"{local:%H:%M}" if is_today else f"{local:%H:%M}, {date_format(local, 'j M')}"


def day_and_time(moment: datetime) -> str:
    """Return a time in Nairobi with its year, as ``23 Nov 2026, 15:34``."""
    local = moment.astimezone(NAIROBI)
    return f"{date_format(local, 'j M Y')}, {local:%H:%M}"
