"""The record of an API call."""

from __future__ import annotations

import logging

import pytest

from oscar_mpesa.daraja.call_log import ApiCall, loggable, loggable_body
from oscar_mpesa.daraja.client import Client
from oscar_mpesa.daraja.exceptions import DarajaMisconfigured, DarajaUnreachable
from oscar_mpesa.daraja.stk_push import push_body
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import DictCache
from tests.daraja.clients import SlowTransport, client
from tests.daraja.pushes import NOW, PAYBILL, PUSH, Clock
from tests.daraja.samples import CHECKOUT_ID, body, reply

ACCEPTED = reply("push_accepted")


def test_logged_push_has_no_password_callback_url_or_phone() -> None:
    fields = loggable(push_body(PAYBILL, PUSH, now=NOW))

    assert fields == {
        "BusinessShortCode": "174379",
        "Timestamp": "20261124013005",
        "TransactionType": "CustomerPayBillOnline",
        "Amount": "1500",
        "PartyA": "•••149",
        "PartyB": "174379",
        "PhoneNumber": "•••149",
        "AccountReference": "100042",
        "TransactionDesc": "Order 100042",
    }


def test_logged_reply_has_no_phone_in_its_checkout_id() -> None:
    reply_fields = loggable_body(body("push_accepted"))

    assert reply_fields["CheckoutRequestID"] == "ws_CO_19122019102036…"
    assert reply_fields["MerchantRequestID"] == "29115-34620561-1"
    assert reply_fields["CustomerMessage"] == "Success. Request accepted for processing"


def test_token_is_never_logged() -> None:
    assert loggable_body(body("oauth_token")) == {}


def test_logged_error_keeps_safaricoms_message() -> None:
    assert loggable_body(body("error_merchant")) == {
        "requestId": "16813-1590513-1",
        "errorCode": "500.001.1001",
        "errorMessage": "Merchant does not exist",
    }


def test_other_documents_and_values_are_not_logged() -> None:
    assert loggable_body(b"<html>") == {}
    assert loggable({"ResultCode": {"a": 1}, "ResultDesc": None}) == {}


def test_every_call_is_observed_without_secrets() -> None:
    seen: list[ApiCall] = []
    transport = ScriptedTransport({"push": [ACCEPTED]})

    client(transport, seen=seen).push(PUSH, now=NOW)

    oauth, push = seen
    assert (oauth.endpoint, oauth.http_status, oauth.request, oauth.reply, oauth.error) == ("oauth", 200, {}, {}, "")
    assert (push.endpoint, push.http_status, push.error, push.error_kind) == ("push", 200, "", None)
    assert push.reply["ResponseCode"] == "0"
    for secret in ("token-1", "708374149", "the-", "0123456789abcdef", "Password"):
        assert secret not in repr(seen)


def test_failed_call_is_observed_with_error_and_duration() -> None:
    seen: list[ApiCall] = []
    clock = Clock()
    transport = SlowTransport(clock, {"push": [reply("error_merchant", status=500)]})

    with pytest.raises(DarajaMisconfigured):
        client(transport, clock, seen).push(PUSH, now=NOW)

    assert (seen[1].error_kind, seen[1].error) == ("shortcode_rejected", "Merchant does not exist (500.001.1001)")
    assert (seen[1].http_status, seen[1].milliseconds) == (500, 9000)
    assert seen[1].reply["errorCode"] == "500.001.1001"


def test_call_without_a_reply_has_no_http_status() -> None:
    seen: list[ApiCall] = []
    transport = ScriptedTransport({"push": [DarajaUnreachable("timeout")]})

    with pytest.raises(DarajaUnreachable):
        client(transport, seen=seen).push(PUSH, now=NOW)

    assert (seen[1].http_status, seen[1].reply) == (None, {})
    assert (seen[1].error_kind, seen[1].error) == ("unreachable", "timeout")


def test_failing_observer_does_not_lose_the_reply(caplog: pytest.LogCaptureFixture) -> None:
    def fail(exchange: ApiCall) -> None:
        raise RuntimeError("the disk is full")

    daraja = Client(PAYBILL, ScriptedTransport({"push": [ACCEPTED]}), DictCache(), fail)

    with caplog.at_level(logging.ERROR, logger="oscar_mpesa"):
        push_reply = daraja.push(PUSH, now=NOW)

    assert push_reply.checkout_request_id == CHECKOUT_ID
    assert "could not be recorded" in caplog.text
