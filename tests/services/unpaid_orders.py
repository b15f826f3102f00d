"""Build unpaid orders around the time at which they close."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaApiCall, MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, query_reply
from tests.shop import NOON, PAYS, later, new_payment

HALF_AN_HOUR, A_DAY = 30 * 60, 24 * 60 * 60


def prompted(order: Any = None, *, phone: PhoneNumber = PAYS, now: datetime = NOON) -> MpesaPayment:
    """Create a payment whose prompt is on the phone."""
    ids = {"CheckoutRequestID": f"ws_CO_{MpesaPayment.objects.count()}", "MerchantRequestID": "29115"}
    with replaced_transport(ScriptedTransport({"push": [{**ACCEPTED, **ids}]})):
        return new_payment(order, phone=phone, now=now)


def expired(order: Any = None, *, phone: PhoneNumber = PAYS, now: datetime = NOON) -> MpesaPayment:
    """Create a payment whose prompt expired."""
    payment = prompted(order, phone=phone, now=now)
    apply_update(payment, push_expired(), now=now + timedelta(seconds=150))
    payment.refresh_from_db()
    return payment


def result_of(payment: MpesaPayment, code: str) -> dict[str, str]:
    return {**query_reply(code), "CheckoutRequestID": payment.checkout_request_id or ""}


def check_order(payment: MpesaPayment, *answers: Any, at: float = HALF_AN_HOUR) -> CloseResult:
    """Run the order's close check with these replies; each of them must be used, and no further query made."""
    transport = ScriptedTransport({"query": answers})
    with replaced_transport(transport):
        outcome = close_expired_order(MpesaOrder.objects.get(pk=payment.order_id), now=later(at))
    assert len(transport.sent("query")) == len(answers)
    MpesaApiCall.objects.all().delete()
    return outcome


def row(payment: MpesaPayment) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=payment.order_id)
