"""Decide who owns an order (its user, or a session that placed it or opened its email's link) and who may pay it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string

from oscar_mpesa.access.client_address import client_address
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPayLink, MpesaPayment
from oscar_mpesa.services.actors import Actor, Role

#: Session keys of lists, newest last: public ids of placed orders and of orders opened by a link in an email, ids of
#: opened payment links and of payments that were started through one, and phone numbers that were typed in this session
#: and received a prompt.
ORDERS_KEY, OPENED_KEY, LINKS_KEY = "oscar_mpesa_orders", "oscar_mpesa_opened", "oscar_mpesa_links"
PAYMENTS_KEY, NUMBERS_KEY = "oscar_mpesa_payments", "oscar_mpesa_numbers"
MAX_REMEMBERED = 20

#: Session key of the id of a session that is kept in a cookie.
ID_KEY = "oscar_mpesa_session"


def grant_order(request: HttpRequest, mpesa_order: MpesaOrder) -> None:
    """Store in the session that it placed this order."""
    _remember(request, ORDERS_KEY, mpesa_order.public_id)


def grant_opened_order(request: HttpRequest, mpesa_order: MpesaOrder) -> None:
    """Let a session act as the order's owner, because it opened the link in an email.

    It did not place the order: anybody can send somebody the link of another's order, so nothing may lead there by
    itself.
    """
    _remember(request, OPENED_KEY, mpesa_order.public_id)


def grant_payment(request: HttpRequest, link: MpesaPayLink) -> None:
    """Store in the session that it opened this payment link. It may pay the order as long as the link is active."""
    _remember(request, LINKS_KEY, link.pk)


def remember_payment(request: HttpRequest, payment: MpesaPayment) -> None:
    """Let a session that came by a payment link see the result of this payment, because it typed the number."""
    _remember(request, PAYMENTS_KEY, payment.pk)


def started_payment(request: HttpRequest, payment: MpesaPayment) -> bool:
    """Return whether this session came by a payment link and started this payment."""
    return payment.pk in request.session.get(PAYMENTS_KEY, [])


def remember_number(request: HttpRequest, phone: PhoneNumber) -> None:
    """Let this session see a number in full, because it typed the number.

    Call it only after the push is sent. Otherwise a reader of the masked number could try out the missing digits.
    """
    _remember(request, NUMBERS_KEY, phone.msisdn)


def own_public_ids(request: HttpRequest) -> list[str]:
    """Return the public ids of the orders that this session placed, oldest first."""
    return list(request.session.get(ORDERS_KEY, []))


def stored_public_ids(request: HttpRequest) -> list[str]:
    """Read ``own_public_ids`` again from the session's store, because a parallel request may have added one."""
    stored = type(request.session)(request.session.session_key)
    return list(stored.get(ORDERS_KEY, []))


def owns(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """Return whether this session placed the order or opened its email's link, or its user is signed in.

    May read ``mpesa_order.order``.
    """
    return mpesa_order.public_id in request.session.get(OPENED_KEY, []) or may_see_order(request, mpesa_order)


def may_see_order(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """Return whether the request may see Oscar's page of the order: this session placed it, or its user is signed in.

    An email's link is not enough. People forward emails, and Oscar's page shows the customer's address and phone.
    """
    return mpesa_order.public_id in own_public_ids(request) or _is_users_order(request, mpesa_order.order)


def owns_order(request: HttpRequest, order: Any) -> bool:
    """Return whether the request owns Oscar's order, with or without a payment.

    Oscar's checkout stores the id of the order it placed in the session.
    """
    mpesa_order: MpesaOrder | None = getattr(order, "mpesa", None)
    if mpesa_order is not None and owns(request, mpesa_order):
        return True
    return request.session.get("checkout_order_id") == order.pk or _is_users_order(request, order)


def _is_users_order(request: HttpRequest, order: Any) -> bool:
    user: Any = request.user
    return bool(user.is_authenticated and order.user_id == user.pk)


def typed_number(request: HttpRequest, phone: PhoneNumber) -> bool:
    """Return whether this session typed a phone number and a prompt was sent to it."""
    return phone.msisdn in request.session.get(NUMBERS_KEY, [])


def make_actor(request: HttpRequest, role: Role = Role.OWNER) -> Actor:
    """Return the request as an actor of this role, with its session and client address. Checks no access."""
    user = request.user if role is Role.STAFF else None
    return Actor(role=role, session_digest=session_digest(request), address=client_address(request), user=user)


def actor_of(request: HttpRequest, mpesa_order: MpesaOrder) -> Actor | None:
    """Return the request as the owner or payer of an order; None if it may not see the order's payment page."""
    if owns(request, mpesa_order):
        return make_actor(request)
    return make_actor(request, Role.PAYER) if _holds_link(request, mpesa_order) else None


def _holds_link(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """Return whether this session opened a link of the order that is still active. Queries sessions with links only."""
    opened = request.session.get(LINKS_KEY, [])
    links = MpesaPayLink.objects.active(timezone.now()).filter(pk__in=opened, mpesa_order_id=mpesa_order.pk)
    return bool(opened) and links.exists()


def require_owner(request: HttpRequest, payment: MpesaPayment) -> Actor:
    """Return the owner of the payment's order. Raises ``Http404`` for others, as for an order that does not exist."""
    if not owns(request, payment.mpesa_order):
        raise Http404
    return make_actor(request)


def may_pay(request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
    """Return whether the request may pay the order, as its owner or through a payment link."""
    return actor_of(request, mpesa_order) is not None


def require_payer(request: HttpRequest, payment: MpesaPayment) -> Actor:
    """Return the owner or payer of the payment's order. Raises ``Http404`` for others."""
    actor = actor_of(request, payment.mpesa_order)
    if actor is None:
        raise Http404
    return actor


def session_digest(request: HttpRequest) -> str:
    """Return a hash that identifies the session without revealing its key; empty if there is no session yet.

    A session in a signed cookie has a new key whenever it changes, so it stores an id.
    """
    key = request.session.session_key
    if key and isinstance(request.session, CookieSession):
        key = request.session.setdefault(ID_KEY, get_random_string(32))
    return hashlib.sha256(key.encode()).hexdigest() if key else ""


def _remember(request: HttpRequest, key: str, value: str | int) -> None:
    others = [each for each in request.session.get(key, []) if each != value]
    request.session[key] = [*others, value][-MAX_REMEMBERED:]
