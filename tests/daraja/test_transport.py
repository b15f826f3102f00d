"""The one seam to the network, against canned answers and against a server that misbehaves."""

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
from tests.daraja.sockets import answers, drips, hangs_up, keeps_silent, serving

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
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_what_is_sent_and_answered_passes_unchanged(idempotent: bool) -> None:
    responses.post(URL, body=b'{"ResponseCode": "0"}', status=200, headers={"X-Request": "1"})

    answer = HttpTransport().send(replace(PUSH, idempotent=idempotent))

    sent = responses.calls[0].request
    assert (answer.status, answer.body, answer.headers["X-Request"]) == (200, b'{"ResponseCode": "0"}', "1")
    assert (sent.body, sent.headers["Authorization"]) == (b'{"Amount": 1}', "Bearer abc")


@responses.activate
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_an_answer_of_any_status_is_an_answer(status: int) -> None:
    responses.post(URL, body=b"<html>", status=status)

    assert HttpTransport().send(PUSH).status == status


@responses.activate
def test_a_redirect_is_not_followed() -> None:
    responses.post(URL, status=302, headers={"Location": "https://elsewhere.example/"})

    answer = HttpTransport().send(PUSH)

    assert answer.status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_an_endless_answer_is_cut() -> None:
    responses.post(URL, body=b"x" * (1_048_576 + 70_000))

    assert len(HttpTransport().send(PUSH).body) == 1_048_576


@responses.activate
@pytest.mark.parametrize("status", [500, 503])
def test_no_status_is_a_reason_to_send_again(status: int) -> None:
    responses.post(URL, status=status)

    HttpTransport().send(replace(PUSH, idempotent=True))

    assert len(responses.calls) == 1


@responses.activate
def test_a_push_is_never_sent_again() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))

    assert not error_of(PUSH).was_not_sent
    assert len(responses.calls) == 1


@responses.activate
def test_a_query_that_failed_early_is_sent_once_more() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))
    responses.post(URL, body=b"{}")

    answer = HttpTransport().send(replace(PUSH, idempotent=True))

    assert answer.body == b"{}"
    assert len(responses.calls) == 2


@responses.activate
def test_a_query_that_fails_twice_has_failed() -> None:
    responses.post(URL, body=requests.ConnectionError("reset"))

    assert isinstance(error_of(replace(PUSH, idempotent=True)), DarajaUnreachable)
    assert len(responses.calls) == 2


@responses.activate
def test_a_query_that_failed_late_is_not_sent_again() -> None:
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
    ("failure", "surely"),
    [
        pytest.param(certificate_error(ssl.SSLCertVerificationError("expired")), True, id="a wrong certificate"),
        pytest.param(certificate_error(ssl.SSLError("bad record")), False, id="a broken TLS record"),
        pytest.param(requests.ReadTimeout("read"), False, id="silence"),
        pytest.param(OSError("no certificates"), False, id="an error of the system"),
        pytest.param(requests.ConnectionError(), False, id="an error without words"),
    ],
)
def test_only_a_proven_failure_before_sending_is_called_one(failure: Exception, surely: bool) -> None:
    responses.post(URL, body=failure)

    raised = error_of(PUSH)

    assert isinstance(raised, DarajaUnreachable)
    assert raised.was_not_sent is surely
    assert raised.message == f"sandbox.safaricom.co.ke: {type(failure).__name__}"


@pytest.mark.parametrize("url", ["", "no-scheme/path", "ftp://host/", "https://", "https://[bad/", "https://*/"])
def test_an_address_that_is_none_is_the_set_ups_fault(url: str) -> None:
    assert isinstance(error_of(replace(PUSH, url=url)), DarajaMisconfigured)


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    raised = error_of(replace(PUSH, url=f"http://127.0.0.1:{port}/"))

    assert isinstance(raised, DarajaUnreachable)
    assert raised.was_not_sent


def test_a_host_without_an_address_proves_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    assert error_of(replace(PUSH, url="http://daraja.example/")).was_not_sent


def test_a_proxy_that_is_not_there_proves_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")

    raised = error_of(replace(PUSH, url="http://daraja.example/"))

    assert raised.message == f"daraja.example: {ProxyError.__name__}"
    assert raised.was_not_sent


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(keeps_silent, id="silence"),
        pytest.param(hangs_up, id="hanging up"),
        pytest.param(answers("nonsense\r\n\r\n"), id="nonsense"),
        pytest.param(drips("HTTP/1.1 200 OK\r\nX-Head: "), id="dripping the head"),
        pytest.param(drips("HTTP/1.1 200 OK\r\n\r\n{"), id="dripping the body"),
        pytest.param(drips("HTTP/1.1 200 OK\r\n\r\n{", pause=0), id="pouring the body"),
        pytest.param(drips("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{"), id="dripping a measured body"),
    ],
)
@pytest.mark.parametrize("idempotent", [False, True], ids=["a push", "a query"])
def test_no_server_holds_us_longer_than_the_limits(behave: Callable[..., None], idempotent: bool) -> None:
    with serving(behave) as server:
        began = time.monotonic()

        raised = error_of(replace(PUSH, url=server.url, idempotent=idempotent))

        took = time.monotonic() - began

    assert isinstance(raised, DarajaUnreachable)
    assert not raised.was_not_sent
    assert took < PUSH.connect + PUSH.read + 0.5


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"Checkout', id="fewer bytes than announced"),
        pytest.param('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"Checkout', id="half a chunk"),
        pytest.param("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip", id="a wrong encoding"),
    ],
)
def test_an_answer_that_breaks_off_proves_nothing(text: str) -> None:
    with serving(answers(text)) as server:
        raised = error_of(replace(PUSH, url=server.url))

    assert isinstance(raised, DarajaUnreadable)
    assert not raised.was_not_sent


def test_every_push_has_a_connection_of_its_own_and_queries_share_one() -> None:
    def answers_twice(connection: socket.socket, stopped: object) -> None:
        connection.sendall(OK.encode())
        connection.recv(4096)
        connection.sendall(OK.encode())

    transport = HttpTransport()
    with serving(answers_twice) as server:
        for _ in range(2):
            transport.send(replace(PUSH, url=server.url))
        after_pushes = len(server.heads)
        for _ in range(2):
            transport.send(replace(query_to(server.url), method="GET", body=None))

    assert after_pushes == 2
    assert len(server.heads) == 3


def test_a_password_file_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with serving(answers(OK)) as server:
        HttpTransport().send(replace(PUSH, url=server.url))

    assert "Authorization: Bearer abc" in server.heads[0]


def test_a_firewalls_cookie_is_not_carried_along() -> None:
    marked = OK.replace("Content-Type", "Set-Cookie: visid=1\r\nContent-Type")
    transport = HttpTransport()

    with serving(answers(marked)) as server:
        for _ in range(2):
            transport.send(query_to(server.url))

    assert len(server.heads) == 2
    assert "Cookie:" not in server.heads[1]


def test_a_proxy_from_the_environment_is_used_and_held_to_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answers(OK), drips("HTTP/1.1 200 OK\r\nX-Head: ")) as server:
        monkeypatch.setenv("http_proxy", server.url)

        answer = HttpTransport().send(replace(PUSH, url="http://daraja.example/path"))
        raised = error_of(replace(PUSH, url="http://daraja.example/path"))

    assert answer.body == b"{}"
    assert server.heads[0].startswith("POST http://daraja.example/path ")
    assert isinstance(raised, DarajaUnreachable)
