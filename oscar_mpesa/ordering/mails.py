"""Mails about an order's money, sent when it is due and in the shopper's language, not from the shopper's request."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sites.models import Site
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaDue


class SiteRequest:
    """What Oscar's mail code asks of a request when there is none: the host that the order was placed on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_host(self) -> str:
        """The order's own site, so that shops without SITE_ID work too."""
        return self.site.domain


def send_order_placed(due: MpesaDue) -> None:
    """Send Oscar's own order confirmation, now that the money is there; raises what the mail backend raises."""
    order = due.mpesa_order.order
    with translation.override(due.mpesa_order.language or settings.LANGUAGE_CODE):
        dispatcher = get_class("order.utils", "OrderDispatcher")()
        dispatcher.dispatcher.get_messages = _naming_the_receipt(dispatcher.dispatcher.get_messages, due)
        dispatcher.send_order_placed_email_for_user(order, _context(due))


def _naming_the_receipt(get_messages: Any, due: MpesaDue) -> Any:
    """Oscar's messages with a line about the payment below, unless the shop's own template names the receipt."""

    def named(*args: Any, **kwargs: Any) -> dict[str, str]:
        messages: dict[str, str] = get_messages(*args, **kwargs)
        receipt = due.receipt
        if receipt is not None and receipt.number and receipt.number not in messages["body"]:
            facts = {"code": receipt.number, "amount": ksh(receipt.amount)}
            line = _("M-PESA code %(code)s: %(amount)s received.") % facts
            if receipt.environment != PRODUCTION:
                line = f"{line} TEST: {_('No real money moves.')}"
            messages["body"] = f"{messages['body'].rstrip()}\n\n{line}\n"
            messages["html"] = _before_the_end(messages["html"], line)
        return messages

    return named


def _before_the_end(html: str, line: str) -> str:
    start, end, rest = html.rpartition("</body>")
    paragraph = format_html("<p>{}</p>", line)
    return f"{start}{paragraph}{end}{rest}" if end else f"{html}{paragraph}" if html else ""


def _context(due: MpesaDue) -> dict[str, Any]:
    order = due.mpesa_order.order
    context = {
        "user": order.user or AnonymousUser(),
        "order": order,
        "lines": order.lines.all(),
        "mpesa_receipt": due.receipt,
        "request": SiteRequest(order.site) if order.site else None,
    }
    path = _status_path(order)
    if path:
        context["status_path"] = path
        context["status_url"] = f"http://{order.site.domain}{path}" if order.site else path
    return context


def _status_path(order: Any) -> str:
    try:
        if order.user_id:
            return reverse("customer:order", kwargs={"order_number": order.number})
        kwargs = {"order_number": order.number, "hash": order.verification_hash()}
        return reverse("customer:anon-order", kwargs=kwargs)
    except NoReverseMatch:
        return ""
