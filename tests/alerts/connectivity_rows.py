"""Create rows of API calls and of waiting and ended payments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend

from oscar_mpesa.models import MpesaApiCall, MpesaOrder, MpesaPayment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import NOON, PAYS, later, new_order

#: Error kinds as the gateway stores them.
UNREACHABLE = "unreachable"
REJECTED_CREDENTIALS = "keys_rejected"
REJECTED_REQUEST = "passkey_rejected"


def with_credentials(settings: Any, **changes: Any) -> None:
    """Configure the shop for Safaricom's sandbox."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, **changes}


def record_call(
    endpoint: str,
    error: str = "",
    *,
    at: datetime = NOON,
    shortcode: str = "174379",
    environment: str = "sandbox",
) -> None:
    """Create one API call with its result."""
    MpesaApiCall.objects.create(
        endpoint=endpoint,
        environment=environment,
        shortcode=shortcode,
        http_status=None if error == UNREACHABLE else 200,
        milliseconds=900,
        error_kind=error,
        created_at=at,
    )


def new_waiting_payments(count: int) -> None:
    """Create payments with a prompt on the phone."""
    for _ in range(count):
        mpesa_order = _mpesa_order("sandbox")
        MpesaPayment.objects.create(
            mpesa_order=mpesa_order,
            live_order=mpesa_order.pk,
            status="processing",
            push_sent_at=NOON,
            **_payment_columns("sandbox", NOON),
        )


def new_ended_payments(
    count: int,
    *,
    status: str,
    at: datetime,
    code: str = "",
    environment: str = "simulated",
    after: timedelta = timedelta(seconds=12),
) -> None:
    """Create payments of one order that were created at one time and ended ``after`` it."""
    mpesa_order = _mpesa_order(environment)
    ended: dict[str, Any] = {"status": status, "result_code": code, "push_sent_at": at, "ended_at": at + after}
    if status == "completed":
        ended["completed_at"] = at + after
    rows = [MpesaPayment(mpesa_order=mpesa_order, **_payment_columns(environment, at), **ended) for _ in range(count)]
    MpesaPayment.objects.bulk_create(rows)


def _mpesa_order(environment: str) -> MpesaOrder:
    moments = {"created_at": NOON, "pay_before": later(1800)}
    mpesa_order: MpesaOrder = MpesaOrder.objects.create(order=new_order(), environment=environment, **moments)
    return mpesa_order


def _payment_columns(environment: str, at: datetime) -> dict[str, Any]:
    return {"phone": PAYS.msisdn, "amount": 1500, "environment": environment, "created_at": at}


def minutes(number: float) -> datetime:
    """Return the time so many minutes after ``NOON``, or before it if negative."""
    return later(60 * number)


class UnreachableBackend(BaseEmailBackend):
    """An email server that cannot be reached."""

    def send_messages(self, email_messages: Any) -> int:
        """Raise ``OSError``."""
        raise OSError("no email server")
