"""Post callbacks that need a confirmation, and answer the queries that follow."""

from __future__ import annotations

from typing import Any

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import QueryResult, query_status
from oscar_mpesa.testing import ScriptedTransport
from tests.shop import later, post, success


def forge(payment: MpesaPayment, *, at: float, **items: Any) -> MpesaCallback:
    """Post what somebody can who read the callback's address in an access log: nothing but the secret is known."""
    return post(payment, success(payment, checkout_id="", **items), now=later(at), confirmed=False)


def query(payment: MpesaPayment, answer: Any, *, at: float) -> QueryResult:
    payment.refresh_from_db()
    forget_calls()
    with replaced_transport(ScriptedTransport([answer])):
        return query_status(payment, now=later(at))


def forget_calls() -> None:
    """Empty the minute's budget of queries, which counts by the real clock."""
    MpesaApiCall.objects.all().delete()
