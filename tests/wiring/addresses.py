"""All of our URLs as the demo shop mounts them, with the statuses that requests without access get.

Add each new URL to ``TABLE``; ``test_ownership_table.py`` names the missing ones. The URLs of the dashboard are in
``tests/dashboard/test_permission_matrix.py``, because they depend on permissions.
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
class Statuses:
    """The statuses of a GET and a POST without access."""

    get: int
    post: int


OURS, DASHBOARD = "oscar_mpesa.", "oscar_mpesa.dashboard."

#: 405 reveals nothing, because it is the same for an order that does not exist.
PAGE, ACTION = Statuses(404, 405), Statuses(404, 404)

#: Safaricom has no session. The shop stores every callback and applies only those with the payment's secret.
SAFARICOM = Statuses(405, 200)

PAYMENT_PAGE = "/en/checkout/mpesa/<public_id>/"
STATUS = "/en/checkout/mpesa/<public_id>/status/"
RETRY = "/en/checkout/mpesa/<public_id>/retry/"
LINK = "/en/checkout/mpesa/pay/<token>/"
UNKNOWN = "/en/checkout/mpesa/<unknown>/"
ORDER_LINK = "/en/checkout/mpesa/order/<token>/"
INITIATE = "/api/payments/initiate_mpesa"
CHECK = "/api/payments/<int:payment_id>/check_status"
PHONE_LIST = "/practice-phone/"
PHONE = "/practice-phone/<row_id:payment_id>/"

TABLE = {
    PAYMENT_PAGE: PAGE,
    STATUS: PAGE,
    RETRY: ACTION,
    "/en/checkout/mpesa/<public_id>/restore-basket/": ACTION,
    "/en/checkout/mpesa/<public_id>/pay-later/": ACTION,
    "/en/checkout/mpesa/<public_id>/other-method/": ACTION,
    "/en/checkout/mpesa/<public_id>/revoke-link/": ACTION,
    "/en/checkout/mpesa/<public_id>/new-link/": ACTION,
    "/en/checkout/mpesa/<public_id>/done/": ACTION,
    LINK: PAGE,
    ORDER_LINK: PAGE,
    UNKNOWN: ACTION,
    INITIATE: Statuses(405, 404),
    f"{INITIATE}/": Statuses(405, 404),
    CHECK: PAGE,
    f"{CHECK}/": PAGE,
    # The health page exists only with ``HEALTH_TOKEN``.
    "/api/payments/health": PAGE,
    "/api/payments/health/": PAGE,
    "/api/payments/mpesa/callback/": SAFARICOM,
    "/api/payments/mpesa/callback/<secret>/": SAFARICOM,
    "/api/payments/hooks/<secret>/": SAFARICOM,
    "/api/payments/hooks/<path:longer>": ACTION,
    "/api/payments/mpesa/callback/<path:longer>": ACTION,
    # The practice phone is public and shows only the prompts of its session.
    PHONE_LIST: Statuses(200, 405),
    PHONE: PAGE,
    "/practice-phone/<row_id:payment_id>/answer/": ACTION,
}


def mounted() -> set[str]:
    """Return the URLs of all our views except the dashboard's."""
    routes = _walk(get_resolver(), "")
    return {
        simplify_regex(route)
        for route, module in routes
        if module.startswith(OURS) and not module.startswith(DASHBOARD)
    }


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        route = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _walk(each, route)
        else:
            yield route, each.callback.__module__


def filled(address: str, payment: MpesaPayment, *, token: str = "made-up") -> str:
    """Fill a URL with a payment's ids and a wrong secret, because only Safaricom knows the right one."""
    known: dict[str, Any] = {
        "<public_id>": payment.mpesa_order.public_id,
        "<int:payment_id>": payment.pk,
        "<row_id:payment_id>": payment.pk,
        "<token>": token,
        "<unknown>": "abc",
        "<secret>": "0" * 32,
        "<path:longer>": f"{'0' * 32}/more",
    }
    return re.sub(r"<[^>]+>", lambda found: str(known[found[0]]), address)


def valid_post(address: str, payment: MpesaPayment, *, phone: str = "0712 345 678") -> dict[str, Any]:
    """Return a valid POST for a URL, as keyword arguments of a client's ``post``."""
    if address.rstrip("/") == INITIATE:
        return {"data": {"order_id": payment.order_id, "phone_number": phone}, "content_type": "application/json"}
    if TABLE[address] is SAFARICOM:
        return {"data": success(payment), "content_type": "application/json"}
    return {"data": {"phone_number": phone, "answer": "right"}}
