"""Emails about an order's payments, sent from the outbox in the shopper's language.

Every ``send_*`` function returns why it sent nothing, or None, and raises what the email backend raises.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaRefund,
    RefundStatus,
    SkipReason,
    UnmatchedReason,
)
from oscar_mpesa.oscar_adapter import email_rows, email_sender, order_messages
from oscar_mpesa.oscar_adapter.email_rows import Row
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.pay_later import is_payable
from oscar_mpesa.services.pay_links import get_or_create_link

#: Codes of Oscar's communication event types. A shop can override an email with a row of this code.
FAILED, LATER, PART_PAID = "MPESA_PAYMENT_FAILED", "MPESA_PAY_LATER", "MPESA_PART_PAID"
CLOSED, UNMATCHED, REFUND = "MPESA_ORDER_CLOSED", "MPESA_RECEIPT_UNMATCHED", "MPESA_REFUND"


def send_payment_failed(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the shopper the reason why a payment failed and a link to pay. Skips orders that pay later or are paying."""
    mpesa_order = message.mpesa_order
    last = mpesa_order.payments.latest("id")
    if mpesa_order.pay_later_at is not None or last.is_live:
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        happened = order_messages.outcome_message(last.outcome, warns=False)
        return _send_link(FAILED, message, [], {"happened": happened})


def send_part_paid(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the shopper what arrived, what is left to pay, and a link. Skips an order that is paid or closed."""
    counted = MpesaAllocation.objects.active().filter(order_id=message.mpesa_order.pk, receipt=message.receipt)
    entry = counted.select_related("order", "receipt__meant_for").last()
    if entry is None:
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        money = order_messages.money_name(entry.amount, order_messages.visible_number(entry))
        happened = _("We received your %(money)s for order %(number)s.")
        values = {"money": money, "number": message.mpesa_order.order.number}
        return _send_link(PART_PAID, message, email_rows.allocation_rows(entry), {"happened": happened % values})


def send_pay_later(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the payment link to a shopper who chose to pay later."""
    with email_sender.language_of(message):
        return _send_link(LATER, message, [], {})


def _send_link(code: str, message: MpesaOutboxMessage, rows: list[Row], context: dict[str, Any]) -> SkipReason | None:
    """Send an email with a payment link, if the order can still be paid. What is left to pay follows its rows."""
    mpesa_order, now = message.mpesa_order, timezone.now()
    if not is_payable(mpesa_order) or mpesa_order.pay_before <= now:
        return SkipReason.OUTDATED
    path = reverse("checkout:mpesa-pay-link", args=[get_or_create_link(mpesa_order, now=now).token])
    link = {
        "pay_url": email_sender.absolute_url(mpesa_order.order, path),
        "amount": ksh(mpesa_order.amount_due),
        "part_paid": _part_paid(mpesa_order),
        "until": order_messages.when(mpesa_order.pay_before, now),
    }
    rows = [*rows, *email_rows.due_rows(mpesa_order)]
    return email_sender.send(code, message, rows, {**context, **link})


def _part_paid(mpesa_order: MpesaOrder) -> str:
    """Say what an order has, without what was refunded, and what is left to pay; empty without money.

    Makes two queries.
    """
    money = MpesaAllocation.objects.active().filter(order_id=mpesa_order.pk)
    counted = money.aggregate(total=Sum("amount"), claims=Count("claim"))
    refunds = MpesaRefund.objects.filter(allocation__in=money, status=RefundStatus.COMPLETED)
    refunded = refunds.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    received = (counted["total"] or Decimal(0)) - refunded
    if not received:
        return ""
    return order_messages.part_paid_message(mpesa_order, received=received, is_confirmed=not counted["claims"])


def send_order_closed(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the shopper a link to restore the basket of a closed order.

    Skips orders that were reopened or restored. Money that waits for a decision, as a part payment does, has an email
    of its own.
    """
    mpesa_order = message.mpesa_order
    is_restored = mpesa_order.basket_restored_at is not None
    if mpesa_order.closed_at is None or is_restored or has_open_money(mpesa_order):
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        claims = MpesaClaim.objects.filter(order_id=mpesa_order.pk, status=ClaimStatus.OPEN)
        has_claim, closed_at = claims.exists(), mpesa_order.closed_at
        context = {
            "happened": order_messages.closed_order_message(mpesa_order, now=closed_at, has_open_claim=has_claim),
            "page_url": email_sender.order_url(mpesa_order),
        }
        return email_sender.send(CLOSED, message, email_rows.closed_rows(mpesa_order, closed_at), context)


def send_receipt_unmatched(message: MpesaOutboxMessage) -> SkipReason | None:
    """Ask the customer not to pay again while staff decide about the receipt. Skips receipts that are decided.

    Test money in a shop that takes real money is nobody's, so no email is sent about it.
    """
    receipt = message.receipt
    assert receipt is not None  # nosec B101 # narrows the type
    is_test = receipt.unmatched_reason == UnmatchedReason.TEST_MONEY
    if receipt.unallocated <= 0 or is_test:
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        context = {
            "happened": order_messages.unmatched_receipt_message(receipt, message.mpesa_order),
            "amount": ksh(receipt.unallocated),
            "code": receipt.number or "",
            "reason": order_messages.unmatched_reason_for(receipt, message.mpesa_order),
            "page_url": email_sender.order_url(message.mpesa_order),
        }
        rows = email_rows.receipt_rows(receipt, receipt.unallocated)
        return email_sender.send(UNMATCHED, message, rows, context)


def send_refund(message: MpesaOutboxMessage) -> SkipReason | None:
    """Tell the customer what the shop refunded. Skips a refund that was voided, and test money of a real order.

    ``message.number`` is how many refunds the receipt had with the newest of them. One step can record several.
    """
    receipt = message.receipt
    assert receipt is not None  # nosec B101 # narrows the type
    known = list(receipt.refunds.order_by("pk")[: message.number or 0])
    together = [each for each in known if each.requested_at == known[-1].requested_at]
    valid = [each for each in together if each.status == RefundStatus.COMPLETED]
    if not valid or receipt.environment != message.mpesa_order.environment:
        return SkipReason.OUTDATED
    with email_sender.language_of(message):
        amount = sum((each.amount for each in valid), Decimal(0))
        context = {"amount": ksh(amount), "page_url": email_sender.order_url(message.mpesa_order)}
        return email_sender.send(REFUND, message, email_rows.refund_rows(receipt, valid[-1], amount), context)
