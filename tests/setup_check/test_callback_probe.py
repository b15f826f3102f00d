"""Probe of the shop's own callback URL: it arrives, or the finding names the obstacle."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaCallback
from oscar_mpesa.services import gateway
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.setup_check.callback_probe import _redirect_target, callback_findings
from oscar_mpesa.setup_check.findings import Finding, Level
from tests.daraja.sockets import send_text, serving, stay_silent
from tests.setup_check.probes import ReroutingTransport, by_name, set_up
from tests.shop import failure, new_payment, post
from tests.simulator.shopside import Hooks
from tests.transports import ImpatientTransport

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/payments/hooks"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    with Hooks() as hooks:
        yield hooks


def probe(settings: Any, address: str, **changes: Any) -> dict[str, Finding]:
    set_up(settings, CALLBACK_URL=address, **changes)
    return by_name(callback_findings(timezone.now()))


def test_probe_that_arrives_is_found_and_deleted(settings: Any, live_server: Any) -> None:
    payment = new_payment()
    existing = post(payment, failure(payment))

    findings = probe(settings, f"{live_server.url}{PATH}")

    assert {name: finding.level for name, finding in findings.items()} == {"callback-ok": Level.OK}
    assert list(MpesaCallback.objects.all()) == [existing]


@pytest.mark.parametrize(
    ("status", "name", "text"),
    [
        pytest.param(301, "callback-redirects", "answers 301 and sends on to http://127.0.0.1:", id="a redirect"),
        pytest.param(302, "callback-redirects", "answers 302", id="another redirect"),
        pytest.param(401, "callback-forbidden", "answers 401", id="a password"),
        pytest.param(403, "callback-forbidden", "blocks outside access", id="a firewall or CSRF"),
        pytest.param(404, "callback-missing", "nothing at its path", id="a wrong path"),
        pytest.param(405, "callback-missing", "answers 405", id="a page of the shop"),
        pytest.param(502, "callback-broken", "answers 502", id="a server that is down"),
        pytest.param(200, "callback-page", "not the shop, but a page", id="a parking page"),
    ],
)
def test_wrong_answer_of_callback_url_is_named(settings: Any, hooks: Hooks, status: int, name: str, text: str) -> None:
    hooks.status, hooks.body = status, b"<html>Hello</html>"

    findings = probe(settings, hooks.url)

    assert list(findings) == [name]
    assert findings[name].level is Level.ERROR and text in findings[name].sentence
    assert findings[name].remedy
    assert len(hooks.bodies) == 1


def test_redirect_target_is_shown_without_its_end() -> None:
    response = Response(status=301, headers={"location": "/en/api/payments/hooks/" + "a" * 40}, body=b"")
    broken = Response(status=301, headers={"Location": "https://[bad"}, body=b"")

    assert _redirect_target(response) == "/en/api/payments/hooks/" + "a" * 17 + "…"
    assert _redirect_target(broken) == "…"


def test_answer_of_another_shop_is_recognized(settings: Any, hooks: Hooks) -> None:
    findings = probe(settings, hooks.url)

    assert list(findings) == ["callback-elsewhere"]
    assert "another copy of the shop" in findings["callback-elsewhere"].meaning


def test_many_unverified_callbacks_make_probe_inconclusive(settings: Any, live_server: Any) -> None:
    for _ in range(20):
        receive_callback(b"{}", secret="", address=None, now=timezone.now())

    findings = probe(settings, f"{live_server.url}{PATH}")

    assert list(findings) == ["callback-inconclusive"]
    assert MpesaCallback.objects.count() == 20


def test_unreachable_callback_url_is_an_error(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    findings = probe(settings, f"http://127.0.0.1:{port}{PATH}")

    assert list(findings) == ["callback-unreachable"]
    assert "127.0.0.1: ConnectionError" in findings["callback-unreachable"].sentence


def test_slow_callback_url_is_an_error(settings: Any) -> None:
    with serving(stay_silent) as server, gateway.replaced_transport(ImpatientTransport(read=0.2)):
        findings = probe(settings, server.url.rstrip("/") + PATH)

    assert list(findings) == ["callback-slow"]
    assert "one worker" in findings["callback-slow"].meaning


def test_invalid_certificate_is_an_error(settings: Any) -> None:
    with serving(send_text("HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        findings = probe(settings, server.url.replace("http:", "https:").rstrip("/") + PATH)

    assert list(findings) == ["callback-certificate"]
    assert "127.0.0.1" in findings["callback-certificate"].sentence


def test_too_many_trusted_proxies_are_found(settings: Any, live_server: Any) -> None:
    findings = probe(settings, f"{live_server.url}{PATH}", TRUSTED_PROXIES=1)

    assert list(findings) == ["callback-ok", "proxies-forged"]
    assert "it is 1 now" in findings["proxies-forged"].remedy


def test_too_few_trusted_proxies_are_found(settings: Any, live_server: Any) -> None:
    with gateway.replaced_transport(ReroutingTransport("https://duka.example", live_server.url)):
        findings = probe(settings, f"https://duka.example{PATH}")

    assert list(findings) == ["callback-ok", "proxies-hidden"]
    assert "127.0.0.1" in findings["proxies-hidden"].sentence


@pytest.mark.parametrize("address", ["", "duka.example/hooks", "https://duka.example/hooks?a=1"])
def test_invalid_callback_url_is_not_probed(settings: Any, address: str) -> None:
    assert probe(settings, address) == {}
