"""The scripted transport and the in-memory cache."""

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
from oscar_mpesa.testing.transport import DictCache, UnscriptedCall, answer, endpoint_of

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


def test_transport_replies_by_script_and_records_requests() -> None:
    transport = ScriptedTransport([ACCEPTED, {"ResponseCode": "0", "ResultCode": "1032"}])
    daraja = Client(SHOP, transport, DictCache())

    pushed = daraja.push(PUSH, now=NOW)
    queried = daraja.query(pushed.checkout_request_id, now=NOW)

    assert (pushed.checkout_request_id, queried.result_code) == ("ws_CO_1", "1032")
    assert transport.sent("push")[0]["Amount"] == 1500
    assert transport.sent("query")[0]["CheckoutRequestID"] == "ws_CO_1"
    assert transport.sent("oauth") == [{}]


def test_each_endpoint_can_have_its_own_script() -> None:
    transport = ScriptedTransport(
        {"oauth": [answer({"access_token": "mine", "expires_in": 3599})], "push": [DarajaUnreachable("timeout")]}
    )

    with pytest.raises(DarajaUnreachable):
        Client(SHOP, transport, DictCache()).push(PUSH, now=NOW)

    assert transport.requests[1].headers["Authorization"] == "Bearer mine"


def test_unscripted_call_fails_the_test() -> None:
    transport = ScriptedTransport()

    with pytest.raises(UnscriptedCall, match="call 1 to push was not in the script"):
        Client(SHOP, transport, DictCache()).push(PUSH, now=NOW)


def test_script_for_an_unknown_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="refund"):
        ScriptedTransport({"refund": []})


def test_request_to_an_unknown_path_fails_the_test() -> None:
    with pytest.raises(UnscriptedCall, match="Daraja has no /elsewhere"):
        endpoint_of(request_to("/elsewhere"))


def test_cache_expires_and_locks_once() -> None:
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
