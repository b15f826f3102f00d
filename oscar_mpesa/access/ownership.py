"""Whose order it is: its user's, or the session's that placed it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import Http404, HttpRequest

from oscar_mpesa.models import MpesaOrder, MpesaPayment

#: The session's own orders, by public id, newest last.
SESSION_KEY = "oscar_mpesa_orders"
KEPT = 20


def grant(request: HttpRequest, mpesa_order: MpesaOrder) -> None:
    """Remember in the session that it placed this order."""
    others = [public_id for public_id in own_public_ids(request) if public_id != mpesa_order.public_id]
    request.session[SESSION_KEY] = [*others, mpesa_order.public_id][-KEPT:]


def own_public_ids(request: HttpRequest) -> list[str]:
    """Public ids of the orders that this session placed, oldest first."""
    return list(request.session.get(SESSION_KEY, []))


def public_ids_now(request: HttpRequest) -> list[str]:
    """The same, read again from the session's store: another request of this browser may have added one just now."""
    stored = type(request.session)(request.session.session_key)
    return list(stored.get(SESSION_KEY, []))


def owns(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """The session placed the order, or its user is signed in; ``mpesa_order.order`` is read in the second case."""
    return mpesa_order.public_id in own_public_ids(request) or _is_users(request, mpesa_order.order)


def owns_order(request: HttpRequest, order: Any) -> bool:
    """The same of Oscar's order, which need have no attempt yet: Oscar's checkout tells the session what it placed."""
    mpesa_order: MpesaOrder | None = getattr(order, "mpesa", None)
    if mpesa_order is not None and owns(request, mpesa_order):
        return True
    return request.session.get("checkout_order_id") == order.pk or _is_users(request, order)


def _is_users(request: HttpRequest, order: Any) -> bool:
    user: Any = request.user
    return bool(user.is_authenticated and order.user_id == user.pk)


def typed_the_number(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """The full phone number is shown only in the session that typed it."""
    return mpesa_order.public_id in own_public_ids(request)


def require_owner(request: HttpRequest, payment: MpesaPayment) -> None:
    """Raise ``Http404`` for a stranger, who is told no more than of an order that does not exist."""
    if not owns(request, payment.mpesa_order):
        raise Http404


def session_digest(request: HttpRequest) -> str:
    """The session's name for counting, without being its key; empty where there is no session yet."""
    key = request.session.session_key
    return hashlib.sha256(key.encode()).hexdigest() if key else ""
