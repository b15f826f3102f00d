"""Safaricom that does not answer is not called for a while (M15)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.cache import caches

from oscar_mpesa.daraja.exceptions import DarajaError, DarajaPaused, DarajaUnreachable
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.services import gateway
from oscar_mpesa.services.circuit_breaker import open_circuits
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import endpoint_of, page
from tests.outages import closed_port, redis_cache
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply, refusal
from tests.shop import NOON, later, new_order, new_payment

pytestmark = pytest.mark.django_db

LOST = DarajaUnreachable("read timed out")
REFUSED = DarajaUnreachable("connection refused", sent=False)
PATIENT, POLL = 10.0, 2.0


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def pushed(transport: ScriptedTransport, now: datetime = NOON) -> MpesaPayment:
    """Send the push of a new order to a phone of its own."""
    phone = PhoneNumber.parse(f"25471{MpesaPayment.objects.count():07}")
    with replaced_transport(transport):
        return new_payment(new_order(), phone=phone, now=now)


@pytest.fixture
def payment() -> MpesaPayment:
    """Return a payment that can be queried. Its push left a token in the cache."""
    return pushed(ScriptedTransport({"push": [ACCEPTED]}))


def query(payment: MpesaPayment, transport: Any, *, at: float, limit: float = PATIENT) -> str:
    """Query once; return the result code, or the name of the error."""
    try:
        with replaced_transport(transport):
            reply = gateway.query_status(payment, payment.checkout_request_id or "", now=later(at), limit=limit)
    except DarajaUnreachable:
        return "no answer"
    except DarajaPaused:
        return "paused"
    assert reply is not None and not isinstance(reply, bytes)
    return str(reply.result_code)


def test_third_call_without_an_answer_pauses_the_calls(payment: MpesaPayment) -> None:
    transport = ScriptedTransport({"query": [LOST, REFUSED, LOST, query_reply("4999")]})

    results = [query(payment, transport, at=at) for at in (0, 1, 2, 3, 31, 33)]

    assert results == ["no answer", "no answer", "no answer", "paused", "paused", "4999"]
    assert MpesaApiCall.objects.filter(endpoint="query").count() == 4


def test_answer_between_two_failures_resets_the_count(payment: MpesaPayment) -> None:
    transport = ScriptedTransport({"query": [LOST, LOST, query_reply("4999"), LOST, LOST, query_reply("4999")]})

    results = [query(payment, transport, at=at) for at in range(6)]

    assert results == ["no answer", "no answer", "4999", "no answer", "no answer", "4999"]


@pytest.mark.parametrize(
    "answer",
    [refusal("500.003.02", "System is busy", status=500), page("<html>Incapsula", status=503), page("", status=502)],
    ids=["busy", "error page", "bad gateway"],
)
def test_error_that_arrives_in_time_is_an_answer(payment: MpesaPayment, answer: Response) -> None:
    transport = ScriptedTransport({"query": [answer] * 4 + [query_reply("4999")]})

    with replaced_transport(transport):
        for _ in range(4):
            with pytest.raises(DarajaError):
                gateway.query_status(payment, payment.checkout_request_id or "", now=NOON)

    assert query(payment, transport, at=5) == "4999"


def test_one_caller_tries_after_the_pause(payment: MpesaPayment) -> None:
    open_it = ScriptedTransport({"query": [LOST, LOST, LOST]})
    for at in range(3):
        query(payment, open_it, at=at)
    meanwhile: list[str] = []

    class Slow(ScriptedTransport):
        def send(self, request: Request) -> Response:
            meanwhile.append(query(payment, ScriptedTransport({"query": []}), at=33))
            return super().send(request)

    first = query(payment, Slow({"query": [query_reply("4999")]}), at=33)
    after = query(payment, ScriptedTransport({"query": [query_reply("1032")]}), at=34)

    assert (meanwhile, first, after) == (["paused"], "4999", "1032")


def test_failed_try_prolongs_the_pause_and_keeps_its_beginning(payment: MpesaPayment) -> None:
    transport = ScriptedTransport({"query": [LOST, LOST, LOST, LOST]})
    results = [query(payment, transport, at=at) for at in (0, 1, 2, 33, 34, 62)]

    (circuit,) = open_circuits(later(62))

    assert results[3:] == ["no answer", "paused", "paused"]
    assert (circuit.endpoint, circuit.is_patient) == ("query", True)
    assert 2 <= (circuit.since - NOON).total_seconds() < 3
    assert 63 <= (circuit.next_try_at - NOON).total_seconds() < 64


def test_paused_push_is_not_sent_and_may_be_sent_again() -> None:
    transport = ScriptedTransport({"push": [LOST, LOST, LOST, ACCEPTED]})
    lost = [pushed(transport, later(at)).status for at in range(3)]
    calls = MpesaApiCall.objects.count()

    paused = pushed(transport, later(4))
    calls_then = MpesaApiCall.objects.count()
    sent = pushed(transport, later(40))

    assert lost == ["processing"] * 3
    assert (paused.status, paused.result_code, paused.live_order) == ("failed", "busy", None)
    assert paused.outcome.wait == 60
    assert (calls_then, sent.checkout_request_id) == (calls, ACCEPTED["CheckoutRequestID"])


def test_endpoints_do_not_pause_each_other(payment: MpesaPayment) -> None:
    transport = ScriptedTransport({"query": [LOST] * 3, "push": [{**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]})
    for at in range(3):
        query(payment, transport, at=at)

    assert query(payment, transport, at=4) == "paused"
    assert pushed(transport, later(5)).checkout_request_id == "ws_CO_2"


def test_another_base_url_is_not_paused(payment: MpesaPayment, settings: Any) -> None:
    for at in range(3):
        query(payment, ScriptedTransport({"query": [LOST]}), at=at)

    settings.OSCAR_MPESA = {**CREDENTIALS, "BASE_URL": "https://proxy.example.com"}

    assert query(payment, ScriptedTransport({"query": [query_reply("4999")]}), at=3) == "4999"


class SlowDaraja(ScriptedTransport):
    """Answer a query after three seconds: too late for whoever waits for two."""

    def send(self, request: Request) -> Response:
        """Answer, if the caller waits long enough."""
        response = super().send(request)
        if endpoint_of(request) == "query" and request.connect + request.read < 3:
            raise LOST
        return response


def test_slow_safaricom_pauses_the_polls_and_not_the_reconciliation(payment: MpesaPayment) -> None:
    transport = SlowDaraja({"query": [query_reply("4999")] * 9})

    polls = [query(payment, transport, at=at, limit=POLL) for at in range(5)]
    patient = [query(payment, transport, at=at) for at in range(6, 9)]
    polls_after = query(payment, transport, at=10, limit=POLL)

    assert polls == ["no answer"] * 3 + ["paused"] * 2
    assert patient == ["4999"] * 3
    assert polls_after == "paused"
    assert [(each.endpoint, each.is_patient) for each in open_circuits(later(10))] == [("query", False)]


def test_paused_poll_leaves_its_query_to_the_reconciliation(payment: MpesaPayment) -> None:
    MpesaPayment.objects.update(next_query_at=NOON)
    slow = SlowDaraja({"query": [query_reply("4999")] * 3})
    for at in range(3):
        query(payment, slow, at=at, limit=POLL)
    payment.refresh_from_db()

    with replaced_transport(ScriptedTransport({"query": [query_reply("1032")]})):
        is_changed = refresh_payment(payment, now=later(4))
        count = MpesaPayment.objects.get(pk=payment.pk).query_count
        refresh_payment(payment, now=later(5), limit=PATIENT)

    assert (is_changed, count, payment.status) == (False, 0, "cancelled")


def test_answer_to_a_poll_ends_the_pause_for_all(payment: MpesaPayment) -> None:
    for at in range(3):
        query(payment, ScriptedTransport({"query": [LOST]}), at=at)

    poll = query(payment, ScriptedTransport({"query": [query_reply("4999")]}), at=3, limit=POLL)
    patient = query(payment, ScriptedTransport({"query": [query_reply("4999")]}), at=4)

    assert (poll, patient) == ("4999", "4999")


def test_poll_that_gets_no_token_fails_no_push() -> None:
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        payment = new_payment()
    no_tokens = ScriptedTransport({"oauth": [LOST]})
    forget_tokens()

    poll = query(payment, no_tokens, at=0, limit=POLL)
    push = pushed(ScriptedTransport({"push": [{**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]}), later(1))

    assert (poll, push.checkout_request_id) == ("no answer", "ws_CO_2")


def test_process_counts_for_itself_while_the_cache_is_down(payment: MpesaPayment, settings: Any) -> None:
    settings.CACHES = {"default": redis_cache(closed_port())}
    transport = ScriptedTransport({"query": [LOST, LOST, LOST]})

    results = [query(payment, transport, at=at) for at in range(5)]

    assert results == ["no answer"] * 3 + ["paused"] * 2


def forget_tokens() -> None:
    """Empty the shared cache."""
    caches["default"].clear()
