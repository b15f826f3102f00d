"""The simulator's endpoints over plain HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.daraja.exceptions import DarajaUnreadable
from oscar_mpesa.daraja.stk_push import StkPush, push_body
from oscar_mpesa.daraja.stk_query import query_body
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.replies import Reply
from oscar_mpesa.simulator.scenarios import Daraja
from oscar_mpesa.simulator.server import SANDBOX, Simulator
from tests.shop import PAYS
from tests.simulator.shopside import Hooks, Shop

OAUTH = "/oauth/v1/generate?grant_type=client_credentials"
PUSH = "/mpesa/stkpush/v1/processrequest"
QUERY = "/mpesa/stkpushquery/v1/query"

PAIR = f"Basic {b64encode(f'{SANDBOX.consumer_key}:{SANDBOX.consumer_secret}'.encode()).decode()}"


def request(simulator: Simulator, path: str, *, authorization: str = "", body: bytes | None = None) -> tuple[int, Any]:
    """Return a response's status and document, None if it is empty."""
    connection = http.client.HTTPConnection("127.0.0.1", int(simulator.url.rpartition(":")[2]), timeout=5)
    headers = {"Authorization": authorization} if authorization else {}
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def bearer(simulator: Simulator) -> str:
    return f"Bearer {request(simulator, OAUTH, authorization=PAIR)[1]['access_token']}"


def post(simulator: Simulator, path: str, fields: Mapping[str, object], *, authorization: str) -> tuple[int, Any]:
    return request(simulator, path, authorization=authorization, body=json.dumps(fields).encode())


def push_fields() -> dict[str, object]:
    about = {"callback_url": "http://127.0.0.1:9/hooks/", "account_reference": "100042", "description": "Order"}
    return dict(push_body(SANDBOX, StkPush(phone=PAYS, amount=1500, **about), now=timezone.now()))


@pytest.fixture
def simulator(simulator: Simulator) -> Simulator:
    """Return a simulator whose phones wait for ``call_back``."""
    simulator.delay = None
    return simulator


def test_new_token_ends_the_one_before(simulator: Simulator) -> None:
    status, given = request(simulator, OAUTH, authorization=PAIR)
    first = f"Bearer {given['access_token']}"
    taken = post(simulator, PUSH, push_fields(), authorization=first)
    bearer(simulator)

    refused = post(simulator, PUSH, push_fields(), authorization=first)

    assert (status, given["expires_in"], taken[0]) == (200, "3599", 200)
    assert (refused[0], refused[1]["errorCode"]) == (404, "404.001.03")
    assert (len(simulator.pushes), simulator.problems) == (1, [])


def test_push_without_a_token_is_refused(simulator: Simulator) -> None:
    for authorization in ("", "Bearer ", "Bearer unknown"):
        assert post(simulator, PUSH, push_fields(), authorization=authorization)[0] == 404

    assert simulator.pushes == []


def test_wrong_keys_get_an_empty_refusal(simulator: Simulator) -> None:
    assert request(simulator, OAUTH, authorization="Basic d3Jvbmc6a2V5cw==") == (400, None)
    assert request(simulator, OAUTH) == (400, None)
    assert simulator.problems == ["wrong consumer key or secret"] * 2


def test_accepted_push_replies_like_safaricom(simulator: Simulator) -> None:
    status, document = post(simulator, PUSH, push_fields(), authorization=bearer(simulator))

    assert status == 200
    assert list(document) == [
        "MerchantRequestID",
        "CheckoutRequestID",
        "ResponseCode",
        "ResponseDescription",
        "CustomerMessage",
    ]
    assert document["ResponseCode"] == "0"
    assert document["CheckoutRequestID"].endswith("708374149")


def test_invalid_requests_are_refused_and_reported(simulator: Simulator) -> None:
    token = bearer(simulator)

    refusals = [
        post(simulator, PUSH, {**push_fields(), "Amount": 1500.5}, authorization=token),
        post(simulator, QUERY, {}, authorization=token),
        request(simulator, PUSH, authorization=token, body=b"Amount=1500"),
        request(simulator, PUSH, authorization=token, body=b""),
        request(simulator, "/mpesa/stkpush/v2/processrequest", authorization=token, body=b"{}"),
        request(simulator, "/oauth/v1/generate", authorization=PAIR),
    ]

    codes = ["400.002.02", "400.002.02", "400.002.05", "400.002.05", "404.001.01", "400.008.02"]
    assert [document["errorCode"] for _, document in refusals] == codes
    assert [status for status, _ in refusals] == [400, 400, 400, 400, 404, 400]
    assert simulator.problems[0] == "Bad Request - Invalid Amount (400.002.02)"
    assert len(simulator.problems) == 6
    assert (simulator.pushes, simulator.queries) == ([], [])


def test_query_replies_in_text_without_receipt_or_amount(simulator: Simulator) -> None:
    token = bearer(simulator)
    checkout_id = post(simulator, PUSH, push_fields(), authorization=token)[1]["CheckoutRequestID"]
    query = query_body(SANDBOX, checkout_id, now=timezone.now())

    pending = [post(simulator, QUERY, query, authorization=token) for _ in range(2)]
    simulator.answer(simulator.pushes[0])
    paid = post(simulator, QUERY, query, authorization=token)

    assert (pending[0][0], pending[0][1]["errorMessage"]) == (500, "The transaction is being processed")
    assert (pending[1][0], pending[1][1]["ResultCode"]) == (200, "4999")
    assert (paid[0], paid[1]["ResultCode"]) == (200, "0")
    assert set(paid[1]) == {
        "ResponseCode",
        "ResponseDescription",
        "MerchantRequestID",
        "CheckoutRequestID",
        "ResultCode",
        "ResultDesc",
    }


def test_unknown_push_does_not_exist(simulator: Simulator) -> None:
    query = query_body(SANDBOX, "ws_CO_1", now=timezone.now())

    status, document = post(simulator, QUERY, query, authorization=bearer(simulator))

    assert (status, document["errorMessage"]) == (500, "The transaction does not exist")


def test_queries_take_no_money(simulator: Simulator, shop: Shop) -> None:
    reply = shop.push()

    for _ in range(5):
        shop.query(reply.checkout_request_id)

    assert (len(simulator.queries), simulator.ledger.total, len(simulator.ledger)) == (5, 0, 0)


def test_ledger_page_lists_the_money(simulator: Simulator, shop: Shop) -> None:
    shop.push()
    simulator.call_back(simulator.pushes[0])

    status, ledger = request(simulator, "/ledger")

    assert (status, ledger["total"]) == (200, 1500)
    assert ledger["taken"][0]["receipt_number"] == simulator.pushes[0].receipt_number
    assert ledger["taken"][0]["phone"] == "0712 •••678"
    assert request(simulator, "/favicon.ico")[0] == 404
    assert simulator.problems == []


def test_concurrent_pushes_are_all_accepted(hooks: Hooks) -> None:
    with Simulator(delay=0.05) as simulator:
        shop = Shop(simulator, hooks)
        shop.push()
        threads = [threading.Thread(target=shop.push) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        simulator.wait()

    assert [push.number for push in simulator.pushes] == list(range(1, 22))
    assert len({callback.checkout_request_id for callback in hooks.callbacks}) == 21
    assert (simulator.ledger.total, len(simulator.ledger)) == (21 * 1500, 21)


def test_log_has_every_event_without_secrets(hooks: Hooks) -> None:
    lines: list[str] = []
    with Simulator(delay=None, log=lines.append) as simulator:
        shop = Shop(simulator, hooks)
        reply = shop.push(phone="0712345678")
        shop.query(reply.checkout_request_id)
        simulator.call_back(simulator.pushes[0])
        shop.query(reply.checkout_request_id)

    assert lines == [
        "a token was given",
        "push 1: KSh 1,500 from 0712 •••678 (usual)",
        "push 1: queried, no answer yet",
        f"push 1: KSh 1,500 taken, receipt {simulator.pushes[0].receipt_number}",
        "push 1: callback with result 0, the shop answered 200",
        "push 1: queried, result 0",
    ]


def test_custom_scenario_decides_the_reply(simulator: Simulator, shop: Shop) -> None:
    def maintenance(daraja: Daraja, push: ReceivedPush) -> Reply:
        return Reply(status=503, body=b"<html>Back soon</html>")

    simulator.script(maintenance)

    with pytest.raises(DarajaUnreadable, match="HTTP 503"):
        shop.push()

    assert simulator.pushes[0].scenario == "maintenance"


def test_disconnected_shop_still_gets_its_callback(simulator: Simulator, hooks: Hooks) -> None:
    simulator.delay = 0.02
    simulator.script("slow")
    body = json.dumps({**push_fields(), "CallBackURL": hooks.url})
    head = f"POST {PUSH} HTTP/1.0\r\nAuthorization: {bearer(simulator)}\r\nContent-Length: {len(body)}\r\n\r\n"

    with socket.create_connection(("127.0.0.1", int(simulator.url.rpartition(":")[2]))) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(f"{head}{body}".encode())
        while not simulator.pushes:
            time.sleep(0.01)
    ends = time.monotonic() + 10
    while not hooks.bodies and time.monotonic() < ends:  # the push is listed before its answer is scheduled
        time.sleep(0.01)
    simulator.wait()

    assert (len(hooks.bodies), simulator.ledger.total) == (1, 1500)
