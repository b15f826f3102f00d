"""The scripted transport that shops test with."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from oscar_mpesa.daraja.client import Client
from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.daraja.stk_push import StkPush
from oscar_mpesa.daraja.transport import Request
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import DictCache, answer, endpoint_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)

SHOP = Credentials(
    consumer_key="key",
    consumer_secret="secret",
    shortcode="174379",
    passkey="passkey",
    base_url="https://sandbox.safaricom.co.ke",
)

PUSH = StkPush(
    phone=PhoneNumber(msisdn="254708374149"),
    amount=1500,
    callback_url="https://shop.example/hooks/abc/",
    account_reference="100042",
    description="Order 100042",
)

ACCEPTED = {"ResponseCode": "0", "CheckoutRequestID": "ws_CO_1"}


def request_to(path: str) -> Request:
    return Request(
        method="POST",
        url=f"https://sandbox.safaricom.co.ke{path}",
        headers={},
        body=None,
        idempotent=True,
        connect=1,
        read=1,
    )


def test_a_shops_test_scripts_safaricom_and_sees_what_it_was_sent() -> None:
    transport = ScriptedTransport([ACCEPTED, {"ResponseCode": "0", "ResultCode": "1032"}])
    daraja = Client(SHOP, transport, DictCache())

    prompted = daraja.push(PUSH, now=NOW)
    asked = daraja.query(prompted.checkout_request_id, now=NOW)

    assert (prompted.checkout_request_id, asked.result_code) == ("ws_CO_1", "1032")
    assert transport.sent("push")[0]["Amount"] == 1500
    assert transport.sent("query")[0]["CheckoutRequestID"] == "ws_CO_1"
    assert transport.sent("oauth") == [{}]


def test_each_endpoint_may_have_a_script_of_its_own() -> None:
    transport = ScriptedTransport(
        {"oauth": [answer({"access_token": "mine", "expires_in": 3599})], "push": [DarajaUnreachable("timeout")]}
    )

    with pytest.raises(DarajaUnreachable):
        Client(SHOP, transport, DictCache()).push(PUSH, now=NOW)

    assert transport.requests[1].headers["Authorization"] == "Bearer mine"


def test_a_call_that_no_script_foresaw_fails_the_test() -> None:
    transport = ScriptedTransport()

    with pytest.raises(AssertionError, match="call 1 to push was not in the script"):
        Client(SHOP, transport, DictCache()).push(PUSH, now=NOW)


def test_a_script_for_an_endpoint_that_is_none_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="refund"):
        ScriptedTransport({"refund": []})


def test_an_address_that_daraja_does_not_have_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="Daraja has no /elsewhere"):
        endpoint_of(request_to("/elsewhere"))


def test_the_cache_forgets_in_time_and_locks_once() -> None:
    now = [0.0]
    cache = DictCache(monotonic=lambda: now[0])

    cache.set("token", "abc", 60)
    locked = [cache.add("lock", 1, 5), cache.add("lock", 1, 5)]
    now[0] = 5.0
    locked.append(cache.add("lock", 1, 5))

    assert cache.get("token") == "abc"
    assert locked == [True, False, True]
    cache.delete("token")
    cache.delete("token")
    assert cache.get("token") is None
