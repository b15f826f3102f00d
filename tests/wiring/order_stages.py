"""How far an order's payment has come, each as the shop's own verbs bring it there; and what its browser remembers."""

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
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.pay_later import pay_later
from tests.shop import CANCELS, failure, new_order, new_payment, pay, post


def asked(*, user: Any = None, now: datetime | None = None) -> MpesaPayment:
    """A request is on the phone, just now unless told otherwise; whenever the simulator is asked, it is cancelled."""
    return new_payment(new_order(user=user), phone=CANCELS, now=now or timezone.now())


def asked_a_while_ago(*, user: Any = None) -> MpesaPayment:
    """Safaricom knows by now what became of it, and nobody has looked."""
    return asked(user=user, now=timezone.now() - timedelta(seconds=30))


def cancelled(*, user: Any = None) -> MpesaPayment:
    """Cancelled on the phone."""
    payment = asked(user=user)
    post(payment, failure(payment), now=timezone.now())
    payment.refresh_from_db()
    return payment


def kept_for_later(*, user: Any = None) -> MpesaPayment:
    """Cancelled, and the shopper pays later."""
    payment = cancelled(user=user)
    pay_later(payment.mpesa_order.order, now=timezone.now())
    return payment


def paid(*, user: Any = None) -> MpesaPayment:
    """The money is there."""
    return pay(asked(user=user), now=timezone.now())


def closed(*, user: Any = None) -> MpesaPayment:
    """Given up by the clock."""
    return close(cancelled(user=user))


def close(payment: MpesaPayment) -> MpesaPayment:
    """Let the order's time run out."""
    mpesa_order = MpesaOrder.objects.get(pk=payment.mpesa_order_id)
    assert close_expired_order(mpesa_order, now=timezone.now() + timedelta(minutes=31)) is CloseResult.CLOSED
    return payment


STAGES: dict[str, Callable[..., MpesaPayment]] = {
    "asked": asked,
    "cancelled": cancelled,
    "kept for later": kept_for_later,
    "paid": paid,
    "closed": closed,
}


def placing(payment: MpesaPayment) -> Client:
    """The browser in which the order was placed and the number typed."""
    client = Client()
    session = client.session
    session[ORDERS_KEY], session[NUMBERS_KEY] = [payment.mpesa_order.public_id], [payment.phone]
    session["checkout_order_id"] = payment.order_id
    session.save()
    return client


def remembered(client: Client) -> dict[str, Any]:
    """What the browser's session knows of orders and numbers; asking makes no session where there is none."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    session = SessionStore(cookie.value) if cookie else {}
    return {key: value for key, value in session.items() if key.startswith("oscar_mpesa")}
