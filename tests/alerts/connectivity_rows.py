"""Calls to Safaricom as they are kept, and attempts that ended, without anybody who made them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend

from oscar_mpesa.models import MpesaApiCall, MpesaOrder, MpesaPayment
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import NOON, PAYS, later, new_order

#: Kinds of errors as the gateway stores them.
UNREACHABLE = "unreachable"
REFUSED_KEY = "misconfigured"
REFUSED_REQUEST = "passkey_rejected"


def with_credentials(settings: Any, **changes: Any) -> None:
    """A shop that calls Safaricom's sandbox."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, **changes}


def called(endpoint: str, error: str = "", *, at: datetime = NOON, shortcode: str = "174379") -> None:
    """One call of ours and how it ended."""
    MpesaApiCall.objects.create(
        endpoint=endpoint,
        environment="sandbox",
        shortcode=shortcode,
        http_status=None if error == UNREACHABLE else 200,
        milliseconds=900,
        error_kind=error,
        created_at=at,
    )


def customers_wait(count: int) -> None:
    """So many have a request on the phone."""
    for _ in range(count):
        mpesa_order = _mpesa_order("sandbox")
        MpesaPayment.objects.create(
            mpesa_order=mpesa_order,
            live_order=mpesa_order.pk,
            status="processing",
            push_sent_at=NOON,
            **_attempt("sandbox", NOON),
        )


def many_ended(
    count: int,
    *,
    status: str,
    at: datetime,
    code: str = "",
    environment: str = "simulated",
    after: timedelta = timedelta(seconds=12),
) -> None:
    """So many attempts of one order, made at one moment, that ended one way, those that were paid after so long."""
    mpesa_order = _mpesa_order(environment)
    ended: dict[str, Any] = {"status": status, "result_code": code, "push_sent_at": at, "ended_at": at + after}
    if status == "completed":
        ended["completed_at"] = at + after
    rows = [MpesaPayment(mpesa_order=mpesa_order, **_attempt(environment, at), **ended) for _ in range(count)]
    MpesaPayment.objects.bulk_create(rows)


def _mpesa_order(environment: str) -> MpesaOrder:
    moments = {"created_at": NOON, "pay_before": later(1800)}
    mpesa_order: MpesaOrder = MpesaOrder.objects.create(order=new_order(), environment=environment, **moments)
    return mpesa_order


def _attempt(environment: str, at: datetime) -> dict[str, Any]:
    return {"phone": PAYS.msisdn, "amount": 1500, "environment": environment, "created_at": at}


def minutes(number: float) -> datetime:
    """So many after ``NOON``; fewer than none are before it."""
    return later(60 * number)


class Broken(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Any) -> int:
        """Raises."""
        raise OSError("no mail server")
