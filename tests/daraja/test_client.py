"""The client's calls: authentication, retries and time limits."""

from __future__ import annotations

import threading
from base64 import b64decode

import pytest

from oscar_mpesa.daraja.client import Client
from oscar_mpesa.daraja.exceptions import (
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    DarajaUnreadable,
)
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import DictCache, Step, page
from tests.daraja.clients import SlowTransport, client, endpoints
from tests.daraja.pushes import NOW, PAYBILL, PUSH, Clock
from tests.daraja.samples import CHECKOUT_ID, fields, reply

REJECTED = reply("error_invalid_token", status=404)
ACCEPTED = reply("push_accepted")


def test_push_returns_the_checkout_id() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED]})

    result = client(transport).push(PUSH, now=NOW)

    assert result.checkout_request_id == CHECKOUT_ID
    assert endpoints(transport) == ["oauth", "push"]


def test_push_authenticates_with_a_fetched_token() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED]})

    client(transport).push(PUSH, now=NOW)

    oauth, push = transport.requests
    assert b64decode(oauth.headers["Authorization"].removeprefix("Basic ")) == b"the-key:the-secret"
    assert (oauth.method, oauth.body, oauth.idempotent) == ("GET", None, True)
    assert push.headers == {"Authorization": "Bearer token-1", "Content-Type": "application/json"}
    assert (push.method, push.idempotent) == ("POST", False)
    assert transport.sent("push")[0]["Amount"] == 1500


def test_request_repr_has_no_secret() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED]})

    client(transport).push(PUSH, now=NOW)

    assert "/mpesa/stkpush/v1/processrequest" in repr(transport.requests)
    assert "token-1" not in repr(transport.requests)
    assert "Basic" not in repr(transport.requests)


def test_push_and_query_share_one_token() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED], "query": [reply("query_paid")]})
    daraja = client(transport)

    daraja.push(PUSH, now=NOW)
    daraja.query(CHECKOUT_ID, now=NOW)

    assert endpoints(transport) == ["oauth", "push", "query"]


def test_fifty_concurrent_pushes_fetch_one_token() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED] * 50})
    cache = DictCache()
    started = threading.Barrier(50)

    def work() -> None:
        started.wait()
        Client(PAYBILL, transport, cache).push(PUSH, now=NOW)

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert endpoints(transport).count("oauth") == 1
    assert endpoints(transport).count("push") == 50


def test_push_is_retried_once_after_a_refused_token() -> None:
    transport = ScriptedTransport({"push": [REJECTED, ACCEPTED]})

    result = client(transport).push(PUSH, now=NOW)

    assert result.checkout_request_id == CHECKOUT_ID
    assert endpoints(transport) == ["oauth", "push", "oauth", "push"]
    assert transport.requests[3].headers["Authorization"] == "Bearer token-2"


def test_second_refused_token_is_misconfigured() -> None:
    transport = ScriptedTransport({"push": [REJECTED, REJECTED]})

    with pytest.raises(DarajaMisconfigured) as refused:
        client(transport).push(PUSH, now=NOW)

    assert refused.value.was_not_sent
    assert endpoints(transport).count("push") == 2


@pytest.mark.parametrize(
    ("step", "error", "was_not_sent"),
    [
        pytest.param(DarajaUnreachable("timeout"), DarajaUnreachable, False, id="no answer"),
        pytest.param(DarajaUnreachable("refused", sent=False), DarajaUnreachable, True, id="no connection"),
        pytest.param(page("<html>", status=503), DarajaUnreadable, False, id="HTML"),
        pytest.param(page('{"Merchant'), DarajaUnreadable, False, id="half an answer"),
        pytest.param(page("blocked", status=403), DarajaUnreadable, False, id="the firewall"),
        pytest.param({"ResponseCode": "0"}, DarajaUnreadable, False, id="accepted without an id"),
        pytest.param({"ResponseCode": "17"}, DarajaRefused, True, id="another response code"),
        pytest.param(reply("error_being_processed", status=500), DarajaUnreadable, False, id="words for a query"),
        pytest.param(reply("error_invalid_amount", status=400), DarajaRefused, True, id="a bad amount"),
        pytest.param(reply("error_locked", status=500), DarajaBusy, True, id="another prompt is open"),
        pytest.param(reply("error_merchant", status=500), DarajaMisconfigured, True, id="no such merchant"),
    ],
)
def test_failed_push_is_sent_once(step: Step, error: type[DarajaError], was_not_sent: bool) -> None:
    transport = ScriptedTransport({"push": [step]})

    with pytest.raises(error) as raised:
        client(transport).push(PUSH, now=NOW)

    assert raised.value.was_not_sent is was_not_sent
    assert endpoints(transport).count("push") == 1


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(DarajaUnreachable("timeout"), DarajaUnreachable, id="no answer"),
        pytest.param(page("", status=400), DarajaMisconfigured, id="wrong keys"),
        pytest.param(page("<html>", status=503), DarajaUnreadable, id="HTML"),
        pytest.param(page("{}"), DarajaUnreadable, id="an empty object"),
        pytest.param({"expires_in": "3599"}, DarajaUnreadable, id="no token in it"),
        pytest.param(reply("error_busy", status=500), DarajaBusy, id="busy"),
    ],
)
def test_failed_token_fetch_sends_no_push(step: Step, error: type[DarajaError]) -> None:
    transport = ScriptedTransport({"oauth": [step]})

    with pytest.raises(error) as raised:
        client(transport).push(PUSH, now=NOW)

    assert raised.value.was_not_sent
    assert endpoints(transport) == ["oauth"]


def test_token_and_push_take_at_most_15_seconds() -> None:
    clock = Clock()
    began = clock.now
    transport = SlowTransport(clock, {"push": [DarajaUnreachable("timeout")]})

    with pytest.raises(DarajaUnreachable):
        client(transport, clock).push(PUSH, now=NOW)

    assert clock.now - began == pytest.approx(15.0)
    assert transport.requests[0].connect + transport.requests[0].read == pytest.approx(6.0)


def test_push_without_time_for_a_reply_is_not_sent() -> None:
    clock = Clock()
    began = clock.now
    transport = SlowTransport(clock, {"push": [REJECTED]})

    with pytest.raises(DarajaUnreachable, match="too little time left") as refused:
        client(transport, clock).push(PUSH, now=NOW)

    assert refused.value.was_not_sent
    assert clock.now - began <= 15.0
    assert endpoints(transport) == ["oauth", "push"]


def test_query_with_token_takes_at_most_10_seconds() -> None:
    clock = Clock()
    began = clock.now
    transport = SlowTransport(clock, {"query": [DarajaUnreachable("timeout")]})

    with pytest.raises(DarajaUnreachable):
        client(transport, clock).query(CHECKOUT_ID, now=NOW)

    assert clock.now - began == pytest.approx(10.0)
    assert transport.requests[1].idempotent


def test_query_of_a_page_takes_at_most_two_seconds() -> None:
    clock = Clock()
    began = clock.now
    no_token = SlowTransport(clock, {"oauth": [DarajaUnreachable("timeout")]})
    no_reply = SlowTransport(clock, {"query": [DarajaUnreachable("timeout")]})

    with pytest.raises(DarajaUnreachable) as without_token:
        client(no_token, clock).query(CHECKOUT_ID, now=NOW, limit=2.0)
    after_token = clock.now
    with pytest.raises(DarajaUnreachable):
        client(no_reply, clock).query(CHECKOUT_ID, now=NOW, limit=2.0)

    assert without_token.value.was_not_sent
    assert (after_token - began, clock.now - after_token) == (pytest.approx(1.5), pytest.approx(2.0))
    assert endpoints(no_reply) == ["oauth", "query"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("query_paid", 200, "0"),
        ("query_cancelled", 200, "1032"),
        ("query_pending", 200, "4999"),
        ("error_being_processed", 500, None),
        ("error_does_not_exist", 500, None),
    ],
)
def test_query_separates_results_from_pending(name: str, status: int, code: str | None) -> None:
    transport = ScriptedTransport({"query": [reply(name, status=status)]})

    result = client(transport).query(CHECKOUT_ID, now=NOW)

    assert result.result_code == code
    assert result.description


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(fields("query_paid") | {"CheckoutRequestID": "ws_CO_other"}, DarajaUnreadable, id="another one"),
        pytest.param(reply("error_rate_limit", status=429), DarajaBusy, id="too many questions"),
        pytest.param(reply("error_merchant", status=500), DarajaMisconfigured, id="no such merchant"),
        pytest.param(page("<html>"), DarajaUnreadable, id="HTML"),
    ],
)
def test_query_without_a_result_raises(step: Step, error: type[DarajaError]) -> None:
    with pytest.raises(error):
        client(ScriptedTransport({"query": [step]})).query(CHECKOUT_ID, now=NOW)
