"""Build payments in each stage by the services, and read what a session stores about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.ownership import NUMBERS_KEY, ORDERS_KEY
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.pay_later import pay_later
from tests.shop import CANCELS, failure, new_order, new_payment, pay, post


def pending(*, user: Any = None, now: datetime | None = None) -> MpesaPayment:
    """Create a payment with a pending prompt that the simulator reports as cancelled."""
    return new_payment(new_order(user=user), phone=CANCELS, now=now or timezone.now())


def pending_for_a_while(*, user: Any = None) -> MpesaPayment:
    """Create a payment whose result Safaricom has and the shop has not queried."""
    return pending(user=user, now=timezone.now() - timedelta(seconds=30))


def cancelled(*, user: Any = None) -> MpesaPayment:
    """Create a payment that was cancelled on the phone."""
    payment = pending(user=user)
    post(payment, failure(payment), now=timezone.now())
    payment.refresh_from_db()
    return payment


def kept_for_later(*, user: Any = None) -> MpesaPayment:
    """Create a cancelled payment whose shopper pays later."""
    payment = cancelled(user=user)
    pay_later(payment.mpesa_order.order, actor=Actor(), now=timezone.now())
    return payment


def paid(*, user: Any = None) -> MpesaPayment:
    """Create a paid payment."""
    return pay(pending(user=user), now=timezone.now())


def closed(*, user: Any = None) -> MpesaPayment:
    """Create a payment whose order closed unpaid."""
    return close(cancelled(user=user))


def close(payment: MpesaPayment) -> MpesaPayment:
    """Close the payment's order because its time is over."""
    mpesa_order = MpesaOrder.objects.get(pk=payment.mpesa_order_id)
    assert close_expired_order(mpesa_order, now=timezone.now() + timedelta(minutes=31)) is CloseResult.CLOSED
    return payment


STAGES: dict[str, Callable[..., MpesaPayment]] = {
    "pending": pending,
    "cancelled": cancelled,
    "kept for later": kept_for_later,
    "paid": paid,
    "closed": closed,
}


def placing(payment: MpesaPayment) -> Client:
    """Return a browser that placed the order and typed the number."""
    client = Client()
    session = client.session
    session[ORDERS_KEY], session[NUMBERS_KEY] = [payment.mpesa_order.public_id], [payment.phone]
    session["checkout_order_id"] = payment.order_id
    session.save()
    return client


def session_data(client: Client) -> dict[str, Any]:
    """Return our keys of the browser's session, without creating a session."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    session = SessionStore(cookie.value) if cookie else {}
    return {key: value for key, value in session.items() if key.startswith("oscar_mpesa")}
