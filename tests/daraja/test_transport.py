"""The HTTP transport, against canned responses and a misbehaving server."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import responses
from requests.exceptions import ProxyError
from urllib3.exceptions import MaxRetryError, SSLError

from oscar_mpesa.daraja.exceptions import DarajaError, DarajaMisconfigured, DarajaUnreachable, DarajaUnreadable
from oscar_mpesa.daraja.transport import HttpTransport, Request
from tests.daraja.sockets import drip, hang_up, send_text, serving, stay_silent

URL = "https://sandbox.safaricom.co.ke/mpesa/stkpush/v1/processrequest"

PUSH = Request(
    method="POST",
    url=URL,
    headers={"Authorization": "Bearer abc", "Content-Type": "application/json"},
    body=b'{"Amount": 1}',
    idempotent=False,
    connect=0.3,
    read=0.2,
)

OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(autouse=True)
def _no_environment_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def error_of(request: Request) -> DarajaError:
    with pytest.raises(DarajaError) as raised:
        HttpTransport().send(request)
    return raised.value


def query_to(url: str) -> Request:
    return replace(PUSH, url=url, idempotent=True)


@responses.activate
@pytest.mark.parametrize("idempotent", [False, True], ids=["a push", "a query"])
def test_request_and_response_are_unchanged(idempotent: bool) -> None:
    responses.post(URL, body=b'{"ResponseCode": "0"}', status=200, headers={"X-Request": "1"})

    answer = HttpTransport().send(replace(PUSH, idempotent=idempotent))

    sent = responses.calls[0].request
    assert (answer.status, answer.body, answer.headers["X-Request"]) == (200, b'{"ResponseCode": "0"}', "1")
    assert (sent.body, sent.headers["Authorization"]) == (b'{"Amount": 1}', "Bearer abc")


@responses.activate
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_any_status_is_a_response(status: int) -> None:
    responses.post(URL, body=b"<html>", status=status)

    assert HttpTransport().send(PUSH).status == status


@responses.activate
def test_redirect_is_not_followed() -> None:
    responses.post(URL, status=302, headers={"Location": "https://elsewhere.example/"})

    answer = HttpTransport().send(PUSH)

    assert answer.status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_large_body_is_cut() -> None:
    responses.post(URL, body=b"x" * (1_048_576 + 70_000))

    assert len(HttpTransport().send(PUSH).body) == 1_048_576


@responses.activate
@pytest.mark.parametrize("status", [500, 503])
def test_error_status_is_not_retried(status: int) -> None:
    responses.post(URL, status=status)

    HttpTransport().send(replace(PUSH, idempotent=True))

    assert len(responses.calls) == 1


@responses.activate
def test_push_is_never_retried() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))

    assert not error_of(PUSH).was_not_sent
    assert len(responses.calls) == 1


@responses.activate
def test_early_failure_of_a_query_is_retried_once() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))
    responses.post(URL, body=b"{}")

    answer = HttpTransport().send(replace(PUSH, idempotent=True))

    assert answer.body == b"{}"
    assert len(responses.calls) == 2


@responses.activate
def test_query_fails_after_two_tries() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))

    assert isinstance(error_of(replace(PUSH, idempotent=True)), DarajaUnreachable)
    assert len(responses.calls) == 2


@responses.activate
def test_late_failure_of_a_query_is_not_retried() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))
    ticks = iter([0.0, 0.5])
    transport = HttpTransport(monotonic=lambda: next(ticks))

    with pytest.raises(DarajaUnreachable):
        transport.send(replace(PUSH, idempotent=True))

    assert len(responses.calls) == 1


def certificate_error(cause: Exception) -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(MaxRetryError(None, URL, SSLError(cause)))  # type: ignore[arg-type]


@responses.activate
@pytest.mark.parametrize(
    ("failure", "was_not_sent"),
    [
        pytest.param(certificate_error(ssl.SSLCertVerificationError("expired")), True, id="a wrong certificate"),
        pytest.param(certificate_error(ssl.SSLError("bad record")), False, id="a broken TLS record"),
        pytest.param(requests.ReadTimeout("read"), False, id="silence"),
        pytest.param(OSError("no certificates"), False, id="an error of the system"),
        pytest.param(requests.ConnectionError(), False, id="an error without words"),
    ],
)
def test_was_not_sent_only_if_proven(failure: Exception, was_not_sent: bool) -> None:
    responses.post(URL, body=failure)

    raised = error_of(PUSH)

    assert isinstance(raised, DarajaUnreachable)
    assert raised.was_not_sent is was_not_sent
    assert raised.message == f"sandbox.safaricom.co.ke: {type(failure).__name__}"


@pytest.mark.parametrize("url", ["", "no-scheme/path", "ftp://host/", "https://", "https://[bad/", "https://*/"])
def test_invalid_url_is_misconfigured(url: str) -> None:
    assert isinstance(error_of(replace(PUSH, url=url)), DarajaMisconfigured)


def test_refused_connection_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    raised = error_of(replace(PUSH, url=f"http://127.0.0.1:{port}/"))

    assert isinstance(raised, DarajaUnreachable)
    assert raised.was_not_sent


def test_unknown_host_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert error_of(replace(PUSH, url="http://daraja.example/")).was_not_sent


def test_missing_proxy_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")

    raised = error_of(replace(PUSH, url="http://daraja.example/"))

    assert raised.message == f"daraja.example: {ProxyError.__name__}"
    assert raised.was_not_sent


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(stay_silent, id="silence"),
        pytest.param(hang_up, id="hanging up"),
        pytest.param(send_text("nonsense\r\n\r\n"), id="nonsense"),
        pytest.param(drip("HTTP/1.1 200 OK\r\nX-Head: "), id="dripping the head"),
        pytest.param(drip("HTTP/1.1 200 OK\r\n\r\n{"), id="dripping the body"),
        pytest.param(drip("HTTP/1.1 200 OK\r\n\r\n{", pause=0), id="pouring the body"),
        pytest.param(drip("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"), id="dripping a measured body"),
    ],
)
@pytest.mark.parametrize("idempotent", [False, True], ids=["a push", "a query"])
def test_slow_server_cannot_exceed_the_time_limits(behave: Callable[..., None], idempotent: bool) -> None:
    with serving(behave) as server:
        began = time.monotonic()

        raised = error_of(replace(PUSH, url=server.url, idempotent=idempotent))

        took = time.monotonic() - began

    assert isinstance(raised, DarajaUnreachable)
    assert not raised.was_not_sent
    assert took < 5  # the server goes on for longer, and the limits are half a second


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Checkout', id="fewer bytes than announced"),
        pytest.param('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"Checkout', id="half a chunk"),
        pytest.param("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip", id="a wrong encoding"),
    ],
)
def test_incomplete_response_is_unreadable(text: str) -> None:
    with serving(send_text(text)) as server:
        raised = error_of(replace(PUSH, url=server.url))

    assert isinstance(raised, DarajaUnreadable)
    assert not raised.was_not_sent


def test_pushes_use_new_connections_and_queries_share_one() -> None:
    def answer_twice(connection: socket.socket, stopped: object) -> None:
        connection.sendall(OK.encode())
        connection.recv(4096)
        connection.sendall(OK.encode())

    transport = HttpTransport()
    with serving(answer_twice) as server:
        for _ in range(2):
            transport.send(replace(PUSH, url=server.url))
        after_pushes = len(server.heads)
        for _ in range(2):
            transport.send(replace(query_to(server.url), method="GET", body=None))

    assert after_pushes == 2
    assert len(server.heads) == 3


def test_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with serving(send_text(OK)) as server:
        HttpTransport().send(replace(PUSH, url=server.url))

    assert "Authorization: Bearer abc" in server.heads[0]


def test_cookies_are_not_sent_back() -> None:
    marked = OK.replace("Content-Type", "Set-Cookie: visid=1\r\nContent-Type")
    transport = HttpTransport()

    with serving(send_text(marked)) as server:
        for _ in range(2):
            transport.send(query_to(server.url))

    assert len(server.heads) == 2
    assert "Cookie:" not in server.heads[1]


def test_environment_proxy_is_used_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(send_text(OK), drip("HTTP/1.1 200 OK\r\nX-Head: ")) as server:
        monkeypatch.setenv("http_proxy", server.url)

        answer = HttpTransport().send(replace(PUSH, url="http://daraja.example/path"))
        raised = error_of(replace(PUSH, url="http://daraja.example/path"))

    assert answer.body == b"{}"
    assert server.heads[0].startswith("POST http://daraja.example/path ")
    assert isinstance(raised, DarajaUnreachable)
