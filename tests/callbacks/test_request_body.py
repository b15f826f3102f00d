"""Read a callback's body under each kind of web server."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import AsyncRequestFactory, Client, RequestFactory

from oscar_mpesa.callbacks.request_body import LengthRequired, read_body
from oscar_mpesa.models import MpesaCallback
from tests.shop import new_payment

BODY = b'{"Body": {"stkCallback": {"ResultCode": 0}}}'

#: What a server adds to a request in chunks, beside the stream.
CHUNKED: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "Chunked", "CONTENT_LENGTH": ""}
DECODED: dict[str, Any] = {**CHUNKED, "wsgi.input_terminated": True}


def request_with(body: bytes, **environ: Any) -> Any:
    return RequestFactory().generic("POST", "/", **{"wsgi.input": BytesIO(body), **environ})


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param(DECODED, id="chunks decoded by the server"),
        pytest.param({"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}, id="until the connection closes"),
        pytest.param({**DECODED, "CONTENT_LENGTH": str(len(BODY))}, id="chunks with a length"),
        pytest.param({**CHUNKED, "CONTENT_LENGTH": str(len(BODY))}, id="chunks collected by the proxy"),
        pytest.param({"CONTENT_LENGTH": str(len(BODY))}, id="a length"),
        pytest.param({"CONTENT_LENGTH": "12345", "wsgi.input_terminated": True, "cut": True}, id="more than the limit"),
    ],
)
def test_body_is_read_whole(environ: dict[str, Any]) -> None:
    body = BODY * 300 if environ.pop("cut", False) else BODY

    assert read_body(request_with(body, **environ), 10_000) == body[:10_000]


def test_body_that_a_middleware_has_read_is_not_lost() -> None:
    request = request_with(BODY, CONTENT_LENGTH=str(len(BODY)), **{"wsgi.input_terminated": True})

    assert (request.body, read_body(request, 10_000)) == (BODY, BODY)


def test_body_under_asgi_is_read_whole() -> None:
    request = AsyncRequestFactory().post("/", BODY, content_type="application/json")

    assert read_body(request, 10_000) == BODY


def test_chunks_that_the_server_does_not_decode_need_a_length() -> None:
    with pytest.raises(LengthRequired):
        read_body(request_with(BODY, **CHUNKED), 10_000)


def test_request_without_a_body_is_empty() -> None:
    assert [read_body(request_with(b"", **extra), 100) for extra in ({}, DECODED)] == [b"", b""]


@pytest.mark.django_db(transaction=True)
def test_callback_that_cannot_be_read_is_refused(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    payment = new_payment()
    path = f"/api/payments/hooks/{payment.secret}/"

    undecoded: dict[str, Any] = {"wsgi.input": BytesIO(BODY), **CHUNKED}
    short: dict[str, Any] = {"wsgi.input": BytesIO(BODY), "CONTENT_LENGTH": "1000"}

    unread, cut = (client.generic("POST", path, **environ) for environ in (undecoded, short))

    assert (unread.status_code, cut.status_code, MpesaCallback.objects.count()) == (411, 400, 0)
    assert json.loads(unread.content) == {"ResultCode": 1, "ResultDesc": "Not stored, send it again"}
    assert "the web server does not decode chunked request bodies" in caplog.text
    assert "from 127.0.0.1 was not stored: its body is malformed or ends too early" in caplog.text
    assert payment.secret not in caplog.text
