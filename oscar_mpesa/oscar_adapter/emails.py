"""Emails about an order's payments, sent from the outbox in the shopper's language.

Every ``send_*`` function returns why it sent nothing, or None, and raises what the email backend raises.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sites.models import Site
from django.db.models import Count, Sum
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.money import ROUNDING_CODE, ksh
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
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.mail import mail_connection
from oscar_mpesa.services.pay_later import is_payable
from oscar_mpesa.services.pay_links import get_or_create_link

#: Codes of Oscar's communication event types. A shop can override an email with a row of this code.
FAILED, LATER, PART_PAID = "MPESA_PAYMENT_FAILED", "MPESA_PAY_LATER", "MPESA_PART_PAID"
CLOSED, UNMATCHED = "MPESA_ORDER_CLOSED", "MPESA_RECEIPT_UNMATCHED"


class SiteRequest:
    """Stand in for a request in Oscar's email code, with the host that the order was placed on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_host(self) -> str:
        """Return the domain of the order's site, so that shops without ``SITE_ID`` work too."""
        return self.site.domain


def send_order_placed(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send Oscar's order confirmation, with a line about the payment.

    Skips an order without an email address, and one whose money was unmatched meanwhile.
    """
    order = message.mpesa_order.order
    counted = MpesaAllocation.objects.active().filter(order_id=order.pk)
    money = list(counted.select_related("order", "receipt__meant_for", "claim"))
    if not order.email:
        return SkipReason.NO_ADDRESS
    if not money:
        return SkipReason.OUTDATED
    with _language_of(message):
        dispatcher = _dispatcher()
        get_messages = dispatcher.dispatcher.get_messages
        dispatcher.dispatcher.get_messages = _with_payment_line(get_messages, message, money)
        dispatcher.send_order_placed_email_for_user(order, _context(message, money))
    return None


def send_payment_failed(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the shopper the reason why a payment failed and a link to pay. Skips orders that pay later or are paying."""
    mpesa_order = message.mpesa_order
    last = mpesa_order.payments.latest("id")
    if mpesa_order.pay_later_at is not None or last.is_live:
        return SkipReason.OUTDATED
    with _language_of(message):
        happened = order_messages.outcome_message(last.outcome)
        return _send_link(FAILED, message, {"happened": happened})


def send_part_paid(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the shopper what arrived, what is left to pay, and a link. Skips an order that is paid or closed."""
    counted = MpesaAllocation.objects.active().filter(order_id=message.mpesa_order.pk, receipt=message.receipt)
    entry = counted.select_related("order", "receipt__meant_for").last()
    if entry is None:
        return SkipReason.OUTDATED
    with _language_of(message):
        money = order_messages.money_name(entry.amount, order_messages.visible_number(entry))
        happened = _("We received your %(money)s for order %(number)s.")
        values = {"money": money, "number": message.mpesa_order.order.number}
        return _send_link(PART_PAID, message, {"happened": happened % values})


def send_pay_later(message: MpesaOutboxMessage) -> SkipReason | None:
    """Send the payment link to a shopper who chose to pay later."""
    with _language_of(message):
        return _send_link(LATER, message, {})


def _send_link(code: str, message: MpesaOutboxMessage, context: dict[str, Any]) -> SkipReason | None:
    """Send an email with a payment link, if the order can still be paid."""
    mpesa_order, now = message.mpesa_order, timezone.now()
    if not is_payable(mpesa_order) or mpesa_order.pay_before <= now:
        return SkipReason.OUTDATED
    path = reverse("checkout:mpesa-pay-link", args=[get_or_create_link(mpesa_order, now=now).token])
    link = {
        "pay_url": _absolute_url(mpesa_order.order, path),
        "amount": ksh(mpesa_order.amount_due),
        "part_paid": _part_paid(mpesa_order),
        "until": order_messages.when(mpesa_order.pay_before, now),
    }
    return _send(code, message, {**context, **link})


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
    with _language_of(message):
        path = reverse("checkout:mpesa-payment", args=[mpesa_order.public_id])
        claims = MpesaClaim.objects.filter(order_id=mpesa_order.pk, status=ClaimStatus.OPEN)
        has_claim, closed_at = claims.exists(), mpesa_order.closed_at
        context = {
            "happened": order_messages.closed_order_message(mpesa_order, now=closed_at, has_open_claim=has_claim),
            "page_url": _absolute_url(mpesa_order.order, path),
        }
        return _send(CLOSED, message, context)


def send_receipt_unmatched(message: MpesaOutboxMessage) -> SkipReason | None:
    """Ask the customer not to pay again while staff decide about the receipt. Skips receipts that are decided.

    Test money in a shop that takes real money is nobody's, so no email is sent about it.
    """
    receipt = message.receipt
    assert receipt is not None  # nosec B101 # narrows the type
    is_test = receipt.unmatched_reason == UnmatchedReason.TEST_MONEY
    if receipt.unallocated <= 0 or is_test:
        return SkipReason.OUTDATED
    with _language_of(message):
        context = {
            "happened": order_messages.unmatched_receipt_message(receipt, message.mpesa_order),
            "amount": ksh(receipt.unallocated),
            "code": receipt.number or "",
            "reason": order_messages.unmatched_reason_for(receipt, message.mpesa_order),
        }
        return _send(UNMATCHED, message, context)


def _send(code: str, message: MpesaOutboxMessage, context: dict[str, Any]) -> SkipReason | None:
    """Send one of our own emails through Oscar's dispatcher. Skips an order without an email address."""
    mpesa_order, order = message.mpesa_order, message.mpesa_order.order
    if not order.email:
        return SkipReason.NO_ADDRESS
    full_context = {
        **_base_context(order),
        "mpesa_order": mpesa_order,
        "mpesa": get_settings(),
        "is_test": mpesa_order.environment != PRODUCTION,
        **context,
    }
    dispatcher = _dispatcher()
    messages = dispatcher.dispatcher.get_messages(code, full_context)
    dispatcher.dispatch_order_messages(order, messages, code)
    return None


def _dispatcher() -> Any:
    """Return Oscar's dispatcher with a mail connection that has a time limit."""
    dispatcher = get_class("order.utils", "OrderDispatcher")()
    dispatcher.dispatcher.mail_connection = mail_connection()
    return dispatcher


def _language_of(message: MpesaOutboxMessage) -> Any:
    return translation.override(message.mpesa_order.language or settings.LANGUAGE_CODE)


def _with_payment_line(get_messages: Any, message: MpesaOutboxMessage, money: list[MpesaAllocation]) -> Any:
    """Wrap Oscar's ``get_messages`` so that the messages end with a line about the payment."""

    def get_messages_with_line(*args: Any, **kwargs: Any) -> dict[str, str]:
        messages: dict[str, str] = get_messages(*args, **kwargs)
        line = _payment_line(message, money, messages["body"])
        if line:
            messages["body"] = f"{messages['body'].rstrip()}\n\n{line}\n"
            messages["html"] = _append_paragraph(messages["html"], line)
        return messages

    return get_messages_with_line


def _payment_line(message: MpesaOutboxMessage, money: list[MpesaAllocation], body: str) -> str:
    """Return what Oscar's email lacks: the payments whose code the shop's template leaves out, and a missing TEST."""
    unnamed = [each for each in money if not each.number or each.number not in body]
    parts = [_received_sentence(each) for each in unnamed]
    parts.append(_rounding_sentence(message) if unnamed else "")
    if any(each.environment != PRODUCTION for each in money) and "TEST" not in body:
        parts.append(f"TEST: {_('No real money moves.')}")
    return " ".join(part for part in parts if part)


def _received_sentence(allocation: MpesaAllocation) -> str:
    facts = {"code": order_messages.visible_number(allocation), "amount": ksh(allocation.amount)}
    if allocation.claim is not None:
        return _("M-PESA code %(code)s, entered by the shop: %(amount)s.") % facts
    if facts["code"]:
        return _("M-PESA code %(code)s: %(amount)s received.") % facts
    return _("%(amount)s received by M-PESA.") % facts


def _rounding_sentence(message: MpesaOutboxMessage) -> str:
    """Explain the difference between the lines and the total, because Oscar's email lists no surcharges.

    An order from another checkout has no surcharge. Its payment was rounded instead.
    """
    order, payment = message.mpesa_order.order, message.payment
    surcharges = order.surcharges.filter(code=ROUNDING_CODE).values_list("incl_tax", flat=True)
    difference = sum(surcharges, payment.rounding if payment else Decimal(0))
    facts = {"amount": ksh(abs(difference))}
    if not difference:
        return ""
    if difference < 0:
        return _("Rounded down by %(amount)s: M-PESA takes whole shillings.") % facts
    return _("Rounded up by %(amount)s: M-PESA takes whole shillings.") % facts


def _append_paragraph(html: str, line: str) -> str:
    start, end, rest = html.rpartition("</body>")
    paragraph = format_html("<p>{}</p>", line)
    return f"{start}{paragraph}{end}{rest}" if end else f"{html}{paragraph}" if html else ""


def _context(message: MpesaOutboxMessage, money: list[MpesaAllocation]) -> dict[str, Any]:
    """Return the context of Oscar's email. ``mpesa_receipt`` is the last money: a receipt, or a recorded payment."""
    order, last = message.mpesa_order.order, money[-1]
    context = {**_base_context(order), "lines": order.lines.all(), "mpesa_receipt": last.receipt or last.claim}
    path = _status_path(order)
    if path:
        context["status_path"] = path
        context["status_url"] = _absolute_url(order, path)
    return context


def _base_context(order: Any) -> dict[str, Any]:
    return {
        "user": order.user or AnonymousUser(),
        "order": order,
        "request": SiteRequest(order.site) if order.site else None,
    }


def _absolute_url(order: Any, path: str) -> str:
    """Build a URL as Oscar's own emails do, with ``OSCAR_URL_SCHEMA``."""
    site = order.site or Site.objects.get_current()
    return f"{getattr(settings, 'OSCAR_URL_SCHEMA', 'http')}://{site.domain}{path}"


def _status_path(order: Any) -> str:
    try:
        if order.user_id:
            return reverse("customer:order", kwargs={"order_number": order.number})
        kwargs = {"order_number": order.number, "hash": order.verification_hash()}
        return reverse("customer:anon-order", kwargs=kwargs)
    except NoReverseMatch:
        return ""
