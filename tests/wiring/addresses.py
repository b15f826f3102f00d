"""Every address of ours as the demo shop mounts them, and what each answers to whom it does not concern.

A new address goes into ``TABLE``; ``test_ownership_table.py`` fails by its name until it does. The answers of the
shopkeeper's desk depend on permissions: ``tests/dashboard/test_permission_matrix.py`` has its addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLResolver, get_resolver

from oscar_mpesa.models import MpesaPayment
from tests.shop import success


@dataclass(frozen=True, slots=True)
class To:
    """The statuses of the answers to a stranger's GET and POST."""

    get: int
    post: int


OURS, DESK = "oscar_mpesa.", "oscar_mpesa.dashboard."

#: 405 says only that nobody may use the method there: it is the same for an order that does not exist.
PAGE, WISH = To(404, 405), To(404, 404)

#: Safaricom has no session; what is posted is kept, and believed with the payment's secret only.
SAFARICOM = To(405, 200)

WAIT = "/en/checkout/mpesa/<public_id>/"
STATUS = "/en/checkout/mpesa/<public_id>/status/"
RETRY = "/en/checkout/mpesa/<public_id>/retry/"
LINK = "/en/checkout/mpesa/pay/<token>/"
INITIATE = "/api/payments/initiate_mpesa"
CHECK = "/api/payments/<int:payment_id>/check_status"
PHONE_LIST = "/practice-phone/"
PHONE = "/practice-phone/<int:payment_id>/"

TABLE = {
    WAIT: PAGE,
    STATUS: PAGE,
    RETRY: WISH,
    "/en/checkout/mpesa/<public_id>/restore-basket/": WISH,
    "/en/checkout/mpesa/<public_id>/pay-later/": WISH,
    "/en/checkout/mpesa/<public_id>/other-method/": WISH,
    "/en/checkout/mpesa/<public_id>/done/": WISH,
    LINK: PAGE,
    INITIATE: To(405, 404),
    f"{INITIATE}/": To(405, 404),
    CHECK: PAGE,
    f"{CHECK}/": PAGE,
    # Without a token of the shop's own there is no such page.
    "/api/payments/health": PAGE,
    "/api/payments/health/": PAGE,
    "/api/payments/mpesa/callback/": SAFARICOM,
    "/api/payments/mpesa/callback/<secret>/": SAFARICOM,
    "/api/payments/hooks/<secret>/": SAFARICOM,
    # The practice phone is there for everybody, with nobody's requests on it.
    PHONE_LIST: To(200, 405),
    PHONE: PAGE,
    "/practice-phone/<int:payment_id>/answer/": WISH,
}


def mounted() -> set[str]:
    """The addresses whose views are ours, wherever an app or the shop has mounted them; the desk has its own table."""
    routes = _walk(get_resolver(), "")
    return {
        simplify_regex(route) for route, module in routes if module.startswith(OURS) and not module.startswith(DESK)
    }


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        route = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _walk(each, route)
        else:
            yield route, each.callback.__module__


def filled(address: str, payment: MpesaPayment, *, token: str = "1.made.up") -> str:
    """The address with a payment's ids in it; its secret is Safaricom's alone, so there stands another one."""
    known: dict[str, Any] = {
        "<public_id>": payment.mpesa_order.public_id,
        "<int:payment_id>": payment.pk,
        "<token>": token,
        "<secret>": "0" * 32,
    }
    return re.sub(r"<[^>]+>", lambda found: str(known[found[0]]), address)


def wish(address: str, payment: MpesaPayment, *, phone: str = "0712 345 678") -> dict[str, Any]:
    """What the right asker would post there, as keyword arguments of a client's ``post``."""
    if address.rstrip("/") == INITIATE:
        return {"data": {"order_id": payment.order_id, "phone_number": phone}, "content_type": "application/json"}
    if TABLE[address] is SAFARICOM:
        return {"data": success(payment), "content_type": "application/json"}
    return {"data": {"phone_number": phone, "answer": "right"}}
