"""Whatever goes wrong at a call becomes a named error: a payment fails, or it waits for its result (M2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.db import DatabaseError

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaApiCall, MpesaEvent, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.status_query import QueryResult, query_status
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import endpoint_of
from tests.services.concurrent_changes import failing_queries
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import NOON, PAYS, later, new_order, new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


class BrokenTransport(ScriptedTransport):
    """Raise an error of our own as one endpoint is called."""

    def __init__(self, endpoint: str) -> None:
        super().__init__({"push": [ACCEPTED], "query": [query_reply("0")]})
        self.broken = endpoint

    def send(self, request: Request) -> Response:
        """Answer, but not at the broken endpoint."""
        if endpoint_of(request) == self.broken:
            raise TypeError("a fault of ours")
        return super().send(request)


class BrokenNumber:
    """A shop's order number that raises."""

    def __str__(self) -> str:
        raise ValueError("no number yet")


class BrokenCache(LocMemCache):
    """A cache that fails."""

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Fail."""
        raise RuntimeError("out of memory")


def push(transport: ScriptedTransport, payment: MpesaPayment | None = None) -> MpesaPayment:
    payment = payment or start_payment(new_order(), phone=PAYS, now=NOON)
    with replaced_transport(transport):
        send_stk_push(payment, now=NOON)
    return MpesaPayment.objects.get(pk=payment.pk)


@pytest.mark.parametrize(
    ("endpoint", "status", "code", "event"),
    [("oauth", "failed", "not-sent", 0), ("push", "processing", "", 1)],
)
def test_unknown_error_of_the_transport(endpoint: str, status: str, code: str, event: int) -> None:
    payment = push(BrokenTransport(endpoint))

    assert (payment.status, payment.result_code) == (status, code)
    assert MpesaEvent.objects.filter(type="push_unanswered").count() == event


def test_order_number_that_raises_fails_the_payment(caplog: pytest.LogCaptureFixture) -> None:
    payment, transport = start_payment(new_order(), phone=PAYS, now=NOON), ScriptedTransport({"push": [ACCEPTED]})
    payment.mpesa_order.order.number = BrokenNumber()

    failed = push(transport, payment)

    assert (failed.status, failed.result_code, transport.requests) == ("failed", "not-sent", [])
    assert "M-PESA: a call to Safaricom was not made" in caplog.text


def test_settings_that_break_after_the_reservation_fail_the_payment(settings: Any) -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    settings.OSCAR_MPESA = {**CREDENTIALS, "NO_SUCH_SETTING": 1}

    failed = push(ScriptedTransport({"push": [ACCEPTED]}), payment)

    assert (failed.status, failed.result_code) == ("failed", "misconfigured")


@pytest.mark.django_db(transaction=True)
def test_database_that_refuses_the_call_s_record_changes_nothing() -> None:
    with failing_queries("INSERT", "mpesaapicall", error=DatabaseError("disk full")):
        payment = push(ScriptedTransport({"push": [ACCEPTED]}))

    assert (payment.status, payment.checkout_request_id) == ("processing", ACCEPTED["CheckoutRequestID"])
    assert not MpesaApiCall.objects.exists()


def test_cache_that_raises_costs_a_token_and_no_payment(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.services.test_gateway.BrokenCache"}}
    transport = ScriptedTransport({"push": [ACCEPTED]})

    payment = push(transport)

    assert (payment.status, len(transport.sent("oauth")), len(transport.sent("push"))) == ("processing", 1, 1)


def test_query_that_meets_our_own_error_has_no_answer() -> None:
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        payment = new_payment()
    with replaced_transport(BrokenTransport("query")):
        result = query_status(payment, now=later(20))
    payment.refresh_from_db()
    with replaced_transport(ScriptedTransport({"query": [query_reply("1032")]})):
        next_result = query_status(payment, now=later(60))

    assert (result, next_result) == (QueryResult.NOTHING, QueryResult.NOT_PAID)
    assert MpesaEvent.objects.filter(type="query_unanswered").count() == 1


def test_push_with_a_reply_that_our_own_code_cannot_read_stays_open() -> None:
    headers: Any = {"Retry-After": 5}  # a transport of a shop's own may give a number
    with replaced_transport(ScriptedTransport({"push": [Response(status=429, headers=headers, body=b"{}")]})):
        payment = new_payment()

    assert (payment.status, payment.checkout_request_id) == ("processing", None)
    assert MpesaEvent.objects.get(type="push_unanswered").params == {"error_kind": "unreadable"}
