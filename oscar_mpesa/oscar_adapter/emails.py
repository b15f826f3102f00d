"""Emails about an order's payments, sent from the outbox in the shopper's language.

Every ``send_*`` function raises what the email backend raises.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sites.models import Site
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.money import ROUNDING_CODE, ksh
from oscar_mpesa.models import MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.models.receipts import MONEY_ARRIVED, NEEDS_DECISION
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.services.order_tokens import TokenPurpose, make_token
from oscar_mpesa.services.pay_later import is_payable

#: Codes of Oscar's communication event types. A shop can override an email with a row of this code.
FAILED, LATER = "MPESA_PAYMENT_FAILED", "MPESA_PAY_LATER"
CLOSED, UNMATCHED = "MPESA_ORDER_CLOSED", "MPESA_RECEIPT_UNMATCHED"


class SiteRequest:
    """Stand in for a request in Oscar's email code, with the host that the order was placed on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_host(self) -> str:
        """Return the domain of the order's site, so that shops without ``SITE_ID`` work too."""
        return self.site.domain


def send_order_placed(message: MpesaOutboxMessage) -> None:
    """Send Oscar's order confirmation, with a line about the payment."""
    order = message.mpesa_order.order
    with _language_of(message):
        dispatcher = get_class("order.utils", "OrderDispatcher")()
        dispatcher.dispatcher.get_messages = _with_payment_line(dispatcher.dispatcher.get_messages, message)
        dispatcher.send_order_placed_email_for_user(order, _context(message))


def send_payment_failed(message: MpesaOutboxMessage) -> None:
    """Send the shopper the reason why a payment failed and a link to pay. Skips orders that pay later or are paying."""
    mpesa_order = message.mpesa_order
    last = mpesa_order.payments.latest("id")
    if mpesa_order.pay_later_at is not None or last.is_live:
        return
    with _language_of(message):
        happened = order_messages.outcome_message(last.outcome, phone=last.phone_number.masked)
        _send_link(FAILED, message, {"happened": happened})


def send_pay_later(message: MpesaOutboxMessage) -> None:
    """Send the payment link to a shopper who chose to pay later."""
    with _language_of(message):
        _send_link(LATER, message, {})


def _send_link(code: str, message: MpesaOutboxMessage, context: dict[str, Any]) -> None:
    """Send an email with a payment link, if the order can still be paid."""
    mpesa_order, now = message.mpesa_order, timezone.now()
    if not is_payable(mpesa_order) or mpesa_order.pay_before <= now:
        return
    path = reverse("checkout:mpesa-pay-link", args=[make_token(mpesa_order.pk, TokenPurpose.PAY)])
    link = {
        "pay_url": _absolute_url(mpesa_order.order, path),
        "amount": ksh(mpesa_order.order.total_incl_tax),
        "until": order_messages.when(mpesa_order.pay_before, now),
    }
    _send(code, message, {**context, **link})


def send_order_closed(message: MpesaOutboxMessage) -> None:
    """Send the shopper a link to restore the basket of a closed order. Skips reopened, restored and paid orders."""
    mpesa_order = message.mpesa_order
    has_money = MpesaReceipt.objects.filter(order_id=mpesa_order.pk, allocation__in=MONEY_ARRIVED).exists()
    if mpesa_order.closed_at is None or mpesa_order.basket_restored_at is not None or has_money:
        return
    with _language_of(message):
        path = reverse("checkout:mpesa-payment", args=[mpesa_order.public_id])
        context = {
            "happened": order_messages.closed_order_message(mpesa_order, now=mpesa_order.closed_at),
            "page_url": _absolute_url(mpesa_order.order, path),
        }
        _send(CLOSED, message, context)


def send_receipt_unmatched(message: MpesaOutboxMessage) -> None:
    """Ask the customer not to pay again while staff decide about the receipt. Skips receipts that are decided."""
    receipt = message.receipt
    assert receipt is not None
    if receipt.allocation not in NEEDS_DECISION:
        return
    with _language_of(message):
        context = {
            "happened": order_messages.unmatched_receipt_message(receipt),
            "amount": ksh(receipt.amount),
            "code": receipt.number or "",
        }
        _send(UNMATCHED, message, context)


def _send(code: str, message: MpesaOutboxMessage, context: dict[str, Any]) -> None:
    """Send one of our own emails through Oscar's dispatcher. Skips an order without an email address."""
    mpesa_order, order = message.mpesa_order, message.mpesa_order.order
    if not order.email:
        return
    full_context = {
        **_base_context(order),
        "mpesa_order": mpesa_order,
        "mpesa": get_settings(),
        "is_test": mpesa_order.environment != PRODUCTION,
        **context,
    }
    dispatcher = get_class("order.utils", "OrderDispatcher")()
    messages = dispatcher.dispatcher.get_messages(code, full_context)
    dispatcher.dispatch_order_messages(order, messages, code)


def _language_of(message: MpesaOutboxMessage) -> Any:
    return translation.override(message.mpesa_order.language or settings.LANGUAGE_CODE)


def _with_payment_line(get_messages: Any, message: MpesaOutboxMessage) -> Any:
    """Wrap Oscar's ``get_messages`` so that the messages end with a line about the payment."""

    def get_messages_with_line(*args: Any, **kwargs: Any) -> dict[str, str]:
        messages: dict[str, str] = get_messages(*args, **kwargs)
        line = _payment_line(message, messages["body"])
        if line:
            messages["body"] = f"{messages['body'].rstrip()}\n\n{line}\n"
            messages["html"] = _append_paragraph(messages["html"], line)
        return messages

    return get_messages_with_line


def _payment_line(message: MpesaOutboxMessage, body: str) -> str:
    """Return what Oscar's email lacks: the payment unless the shop's template names its code, and a missing TEST."""
    receipt = message.receipt
    assert receipt is not None
    names_receipt = receipt.number is not None and receipt.number in body
    parts = [] if names_receipt else [_received_sentence(receipt), _rounding_sentence(message)]
    if receipt.environment != PRODUCTION and "TEST" not in body:
        parts.append(f"TEST: {_('No real money moves.')}")
    return " ".join(part for part in parts if part)


def _received_sentence(receipt: MpesaReceipt) -> str:
    facts = {"code": receipt.number, "amount": ksh(receipt.amount)}
    if receipt.number:
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


def _context(message: MpesaOutboxMessage) -> dict[str, Any]:
    order = message.mpesa_order.order
    context = {**_base_context(order), "lines": order.lines.all(), "mpesa_receipt": message.receipt}
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
