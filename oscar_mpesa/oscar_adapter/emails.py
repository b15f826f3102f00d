"""Mails about an order's money, sent when it is due and in the shopper's language, not from the shopper's request."""

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

#: Oscar's communication event types: a shop that makes rows with these codes writes the mails itself.
FAILED, LATER = "MPESA_PAYMENT_FAILED", "MPESA_PAY_LATER"
CLOSED, UNMATCHED = "MPESA_ORDER_CLOSED", "MPESA_RECEIPT_UNMATCHED"


class SiteRequest:
    """What Oscar's mail code asks of a request when there is none: the host that the order was placed on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_host(self) -> str:
        """The order's own site, so that shops without SITE_ID work too."""
        return self.site.domain


def send_order_placed(due: MpesaOutboxMessage) -> None:
    """Send Oscar's own order confirmation, now that the money is there; raises what the mail backend raises."""
    order = due.mpesa_order.order
    with _language_of(due):
        dispatcher = get_class("order.utils", "OrderDispatcher")()
        dispatcher.dispatcher.get_messages = _with_the_payment(dispatcher.dispatcher.get_messages, due)
        dispatcher.send_order_placed_email_for_user(order, _context(due))


def send_payment_failed(due: MpesaOutboxMessage) -> None:
    """Tell who went away after an attempt failed how it ended and where to pay, if the order still awaits that.

    Raises what the mail backend raises.
    """
    mpesa_order = due.mpesa_order
    last = mpesa_order.payments.latest("id")
    if mpesa_order.pay_later_at is not None or last.is_live:
        return
    with _language_of(due):
        phone = last.phone_number.masked
        happened = order_messages.outcome_message(last.outcome, phone=phone)
        _send_link(FAILED, due, {"happened": happened})


def send_pay_later(due: MpesaOutboxMessage) -> None:
    """Mail the link to who wants to pay later; raises what the mail backend raises."""
    with _language_of(due):
        _send_link(LATER, due, {})


def _send_link(code: str, due: MpesaOutboxMessage, told: dict[str, Any]) -> None:
    """A mail with a link to pay by, while the order can be paid and is kept for a while."""
    mpesa_order, now = due.mpesa_order, timezone.now()
    if not is_payable(mpesa_order) or mpesa_order.pay_before <= now:
        return
    path = reverse("checkout:mpesa-pay-link", args=[make_token(mpesa_order.pk, TokenPurpose.PAY)])
    link = {
        "pay_url": _absolute(mpesa_order.order, path),
        "amount": ksh(mpesa_order.order.total_incl_tax),
        "until": order_messages.when(mpesa_order.pay_before, now),
    }
    _send(code, due, {**told, **link})


def send_order_closed(due: MpesaOutboxMessage) -> None:
    """Tell that an unpaid order was closed and where to take its things back, if that is still so.

    Raises what the mail backend raises.
    """
    mpesa_order = due.mpesa_order
    has_money = MpesaReceipt.objects.filter(order_id=mpesa_order.pk, allocation__in=MONEY_ARRIVED).exists()
    if mpesa_order.closed_at is None or mpesa_order.basket_restored_at is not None or has_money:
        return
    with _language_of(due):
        path = reverse("checkout:mpesa-payment", args=[mpesa_order.public_id])
        told = {
            "happened": order_messages.closed_order_message(mpesa_order, now=mpesa_order.closed_at),
            "wait_url": _absolute(mpesa_order.order, path),
        }
        _send(CLOSED, due, told)


def send_receipt_unmatched(due: MpesaOutboxMessage) -> None:
    """Tell who paid that their money waits for the shop's decision, if it still does, so that nobody pays again.

    Raises what the mail backend raises.
    """
    receipt = due.receipt
    assert receipt is not None
    if receipt.allocation not in NEEDS_DECISION:
        return
    with _language_of(due):
        told = {
            "happened": order_messages.unmatched_receipt_message(receipt),
            "amount": ksh(receipt.amount),
            "code": receipt.number or "",
        }
        _send(UNMATCHED, due, told)


def _send(code: str, due: MpesaOutboxMessage, told: dict[str, Any]) -> None:
    """One of our own mails, over Oscar's dispatcher; none to an order whose user is gone."""
    mpesa_order, order = due.mpesa_order, due.mpesa_order.order
    if not order.email:
        return
    context = {
        **_base_context(order),
        "mpesa_order": mpesa_order,
        "mpesa": get_settings(),
        "is_test": mpesa_order.environment != PRODUCTION,
        **told,
    }
    dispatcher = get_class("order.utils", "OrderDispatcher")()
    messages = dispatcher.dispatcher.get_messages(code, context)
    dispatcher.dispatch_order_messages(order, messages, code)


def _language_of(due: MpesaOutboxMessage) -> Any:
    return translation.override(due.mpesa_order.language or settings.LANGUAGE_CODE)


def _with_the_payment(get_messages: Any, due: MpesaOutboxMessage) -> Any:
    """Oscar's messages with a line about the payment below."""

    def told(*args: Any, **kwargs: Any) -> dict[str, str]:
        messages: dict[str, str] = get_messages(*args, **kwargs)
        line = _about_the_payment(due, messages["body"])
        if line:
            messages["body"] = f"{messages['body'].rstrip()}\n\n{line}\n"
            messages["html"] = _before_the_end(messages["html"], line)
        return messages

    return told


def _about_the_payment(due: MpesaOutboxMessage, body: str) -> str:
    """What Oscar's own mail does not tell; a shop's template that names the receipt tells it, except a missing TEST."""
    receipt = due.receipt
    assert receipt is not None
    is_told = receipt.number is not None and receipt.number in body
    parts = [] if is_told else [_received(receipt), _rounded(due)]
    if receipt.environment != PRODUCTION and "TEST" not in body:
        parts.append(f"TEST: {_('No real money moves.')}")
    return " ".join(part for part in parts if part)


def _received(receipt: MpesaReceipt) -> str:
    facts = {"code": receipt.number, "amount": ksh(receipt.amount)}
    if receipt.number:
        return _("M-PESA code %(code)s: %(amount)s received.") % facts
    return _("%(amount)s received by M-PESA.") % facts


def _rounded(due: MpesaOutboxMessage) -> str:
    """Why basket and shipping do not add up to the total: Oscar's mail lists no surcharges.

    An order that no checkout of ours rounded has none; there the prompt was rounded.
    """
    order, payment = due.mpesa_order.order, due.payment
    surcharges = order.surcharges.filter(code=ROUNDING_CODE).values_list("incl_tax", flat=True)
    difference = sum(surcharges, payment.rounding if payment else Decimal(0))
    facts = {"amount": ksh(abs(difference))}
    if not difference:
        return ""
    if difference < 0:
        return _("Rounded down by %(amount)s: M-PESA takes whole shillings.") % facts
    return _("Rounded up by %(amount)s: M-PESA takes whole shillings.") % facts


def _before_the_end(html: str, line: str) -> str:
    start, end, rest = html.rpartition("</body>")
    paragraph = format_html("<p>{}</p>", line)
    return f"{start}{paragraph}{end}{rest}" if end else f"{html}{paragraph}" if html else ""


def _context(due: MpesaOutboxMessage) -> dict[str, Any]:
    order = due.mpesa_order.order
    context = {**_base_context(order), "lines": order.lines.all(), "mpesa_receipt": due.receipt}
    path = _status_path(order)
    if path:
        context["status_path"] = path
        context["status_url"] = _absolute(order, path)
    return context


def _base_context(order: Any) -> dict[str, Any]:
    return {
        "user": order.user or AnonymousUser(),
        "order": order,
        "request": SiteRequest(order.site) if order.site else None,
    }


def _absolute(order: Any, path: str) -> str:
    """As Oscar's own mails write addresses; ``OSCAR_URL_SCHEMA`` says ``https``."""
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
