"""Send an order's emails through Oscar's dispatcher, with a time limit and links to the order's site."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sites.models import Site
from django.urls import reverse
from django.utils import translation
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import MpesaOrder, MpesaOutboxMessage, SkipReason
from oscar_mpesa.oscar_adapter import email_rows
from oscar_mpesa.oscar_adapter.email_rows import Row
from oscar_mpesa.services import order_links
from oscar_mpesa.services.mail import mail_connection


class SiteRequest:
    """Stand in for a request in Oscar's email code, with the host that the order was placed on."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_host(self) -> str:
        """Return the domain of the order's site, so that shops without ``SITE_ID`` work too."""
        return self.site.domain


def send(code: str, message: MpesaOutboxMessage, rows: list[Row], context: dict[str, Any]) -> SkipReason | None:
    """Send one of our own emails. TEST and the order's number precede its rows. Skips an order without an address."""
    mpesa_order, order = message.mpesa_order, message.mpesa_order.order
    if not order.email:
        return SkipReason.NO_ADDRESS
    is_test = mpesa_order.environment != PRODUCTION
    common = {
        "mpesa_order": mpesa_order,
        "mpesa": get_settings(),
        "is_test": is_test,
        email_rows.NAME: [*email_rows.environment_rows(is_test=is_test), *email_rows.order_rows(message), *rows],
    }
    dispatcher = new_dispatcher()
    messages = dispatcher.dispatcher.get_messages(code, {**base_context(order), **common, **context})
    messages["subject"] = marked_subject(messages["subject"], is_test=is_test)
    dispatcher.dispatch_order_messages(order, messages, code)
    return None


def marked_subject(subject: str, *, is_test: bool) -> str:
    """Return a subject that starts with TEST if no real money moves, also that of a shop's own template."""
    return f"TEST: {subject}" if is_test and not re.match(r"TEST\b", subject) else subject


def new_dispatcher() -> Any:
    """Return Oscar's dispatcher with a mail connection that has a time limit."""
    dispatcher = get_class("order.utils", "OrderDispatcher")()
    dispatcher.dispatcher.mail_connection = mail_connection()
    return dispatcher


def language_of(message: MpesaOutboxMessage) -> Any:
    """Return a context manager that activates the shopper's language."""
    return translation.override(message.mpesa_order.language or settings.LANGUAGE_CODE)


def base_context(order: Any) -> dict[str, Any]:
    """Return what the templates of all emails can use."""
    return {
        "user": order.user or AnonymousUser(),
        "order": order,
        "request": SiteRequest(order.site) if order.site else None,
    }


def order_url(mpesa_order: MpesaOrder) -> str:
    """Return a link that opens the owner's payment page in any browser, for emails to the owner only."""
    path = reverse("checkout:mpesa-order-link", args=[order_links.make_token(mpesa_order)])
    return absolute_url(mpesa_order.order, path)


def absolute_url(order: Any, path: str) -> str:
    """Build a URL as Oscar's own emails do, with ``OSCAR_URL_SCHEMA``."""
    site = order.site or Site.objects.get_current()
    return f"{getattr(settings, 'OSCAR_URL_SCHEMA', 'http')}://{site.domain}{path}"
