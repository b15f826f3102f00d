"""Whose order it is: its user's, or the session's that placed it; and who else may pay it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import Http404, HttpRequest

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPayment

#: What a session remembers, newest last: orders that it placed and orders that it came to by a link, by public id;
#: and phone numbers that were typed in it and prompted.
ORDERS_KEY, LINKED_KEY, NUMBERS_KEY = "oscar_mpesa_orders", "oscar_mpesa_linked", "oscar_mpesa_numbers"
MAX_REMEMBERED = 20


def grant_order(request: HttpRequest, mpesa_order: MpesaOrder) -> None:
    """Remember in the session that it placed this order."""
    _remember(request, ORDERS_KEY, mpesa_order.public_id)


def grant_payment(request: HttpRequest, mpesa_order: MpesaOrder) -> None:
    """Remember in the session that a link led here: it may pay this order, and no more."""
    _remember(request, LINKED_KEY, mpesa_order.public_id)


def remember_number(request: HttpRequest, phone: PhoneNumber) -> None:
    """A request went to a number that was typed in this session, which may read it in full from now on.

    Not before the request is on its way: whoever may see the masked number could try all of them in silence.
    """
    _remember(request, NUMBERS_KEY, phone.msisdn)


def own_public_ids(request: HttpRequest) -> list[str]:
    """Public ids of the orders that this session placed, oldest first."""
    return list(request.session.get(ORDERS_KEY, []))


def public_ids_now(request: HttpRequest) -> list[str]:
    """The same, read again from the session's store: another request of this browser may have added one just now."""
    stored = type(request.session)(request.session.session_key)
    return list(stored.get(ORDERS_KEY, []))


def owns(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """The session placed the order, or its user is signed in; ``mpesa_order.order`` is read in the second case."""
    return mpesa_order.public_id in own_public_ids(request) or _is_users_order(request, mpesa_order.order)


def owns_order(request: HttpRequest, order: Any) -> bool:
    """The same of Oscar's order, which need have no attempt yet: Oscar's checkout tells the session what it placed."""
    mpesa_order: MpesaOrder | None = getattr(order, "mpesa", None)
    if mpesa_order is not None and owns(request, mpesa_order):
        return True
    return request.session.get("checkout_order_id") == order.pk or _is_users_order(request, order)


def _is_users_order(request: HttpRequest, order: Any) -> bool:
    user: Any = request.user
    return bool(user.is_authenticated and order.user_id == user.pk)


def typed_number(request: HttpRequest, phone: PhoneNumber) -> bool:
    """A phone number is shown in full only in a session in which it was typed, to be prompted."""
    return phone.msisdn in request.session.get(NUMBERS_KEY, [])


def require_owner(request: HttpRequest, payment: MpesaPayment) -> None:
    """Raise ``Http404`` for a stranger, who is told no more than of an order that does not exist."""
    if not owns(request, payment.mpesa_order):
        raise Http404


def may_pay(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """The session came to the order by a link that its owner passed on, or owns it."""
    is_linked = mpesa_order.public_id in request.session.get(LINKED_KEY, [])
    return is_linked or owns(request, mpesa_order)


def require_payer(request: HttpRequest, payment: MpesaPayment) -> None:
    """Raise ``Http404`` for who may not even pay the order."""
    if not may_pay(request, payment.mpesa_order):
        raise Http404


def session_digest(request: HttpRequest) -> str:
    """The session's name for counting, without being its key; empty where there is no session yet."""
    key = request.session.session_key
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


def _remember(request: HttpRequest, key: str, value: str) -> None:
    others = [each for each in request.session.get(key, []) if each != value]
    request.session[key] = [*others, value][-MAX_REMEMBERED:]
