"""Probe of credentials, short code and clock at Safaricom, without a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaApiCall
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.setup_check.daraja_probe import daraja_findings
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.simulator.server import Simulator
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import Step, page
from tests.services.daraja_replies import query_reply, refusal
from tests.setup_check.probes import TOKEN, by_name, set_up, token_at

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Simulator() as simulator:
        yield simulator


def probe() -> dict[str, Finding]:
    return by_name(daraja_findings(timezone.now()))


def scripted(*, oauth: Step = TOKEN, query: Step = TOKEN) -> dict[str, Finding]:
    with replaced_transport(ScriptedTransport({"oauth": [oauth, oauth], "query": [query, query]})):
        return probe()


def test_valid_credentials_pass_without_sending_a_prompt(settings: Any, simulator: Simulator) -> None:
    set_up(settings, BASE_URL=simulator.url)

    findings = probe()

    assert list(findings) == ["token-ok", "shortcode-ok", "clock-ok"]
    assert "174379" in findings["shortcode-ok"].sentence
    assert "only after the first payment" in findings["shortcode-ok"].meaning
    assert (simulator.tokens_given, simulator.pushes) == (1, [])


def test_probe_calls_are_recorded(settings: Any, simulator: Simulator) -> None:
    set_up(settings, BASE_URL=simulator.url)

    probe()

    calls = list(MpesaApiCall.objects.order_by("pk").values_list("endpoint", "shortcode", "environment", "payment"))
    assert calls == [("oauth", "174379", "sandbox", None), ("query", "174379", "sandbox", None)]


@pytest.mark.parametrize(
    ("changes", "name", "remedy"),
    [
        pytest.param({"CONSUMER_SECRET": "another"}, "token-refused", "Keys of the sandbox", id="wrong secret"),
        pytest.param({"CONSUMER_KEY": "another"}, "token-refused", "MPESA_ENVIRONMENT is sandbox", id="wrong key"),
        pytest.param({"SHORTCODE": "600986"}, "shortcode-refused", "its store number", id="wrong short code"),
        pytest.param({"PASSKEY": "another"}, "passkey-refused", "Copy MPESA_PASSKEY", id="wrong passkey"),
    ],
)
def test_wrong_credential_is_named(
    settings: Any, simulator: Simulator, changes: dict[str, str], name: str, remedy: str
) -> None:
    set_up(settings, BASE_URL=simulator.url, **changes)

    findings = probe()

    assert findings[name].level is Level.ERROR
    assert remedy in findings[name].remedy
    assert findings[name].meaning == "Nobody can pay by M-PESA."


@pytest.mark.parametrize(
    ("answer", "name", "text"),
    [
        pytest.param(page("", status=403), "server-blocked", "blocks this server", id="firewall"),
        pytest.param(
            page("<html>Incapsula incident ID: 0-0</html>", status=503),
            "server-blocked",
            "blocks this server",
            id="page of the firewall",
        ),
        pytest.param(page("<html>Welcome</html>"), "safaricom-unreadable", "sandbox.safaricom.co.ke", id="HTML"),
        pytest.param(page("", status=503), "safaricom-unreadable", "does not answer as Safaricom", id="gateway"),
        pytest.param(page("", status=429), "safaricom-busy", "busy", id="too many"),
        pytest.param(
            DarajaUnreachable("down", sent=False),
            "safaricom-unreachable",
            "sandbox.safaricom.co.ke",
            id="no connection",
        ),
    ],
)
@pytest.mark.parametrize("endpoint", ["oauth", "query"])
def test_missing_answer_is_distinguished_from_rejection(
    settings: Any, answer: Step, name: str, text: str, endpoint: str
) -> None:
    set_up(settings)

    findings = scripted(**{endpoint: answer})

    assert text in findings[name].sentence
    assert ("token-ok" in findings) == (endpoint == "query")
    assert "shortcode-ok" not in findings


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        pytest.param(refusal("401.003.01", "Error Occurred", status=401), "product-missing", id="product not enabled"),
        pytest.param(refusal("404.001.03", "Invalid Access Token", status=404), "token-replaced", id="token refused"),
        pytest.param(refusal("404.001.01", "Resource not found", status=404), "setup-refused", id="wrong host"),
        pytest.param(
            refusal("400.002.05", "Invalid Request Payload", status=400), "shortcode-unknown", id="other error"
        ),
        pytest.param(
            refusal("400.002.02", "Bad Request - Invalid CheckoutRequestID", status=400), "shortcode-unknown", id="id"
        ),
        pytest.param(
            refusal("500.001.1001", "The transaction is being processed", status=500), "shortcode-ok", id="processed"
        ),
    ],
)
def test_query_error_decides_the_finding(settings: Any, answer: Step, name: str) -> None:
    set_up(settings)

    findings = scripted(query=answer)

    assert list(findings) == ["token-ok", name]


def test_query_result_proves_short_code_is_known(settings: Any) -> None:
    set_up(settings)

    findings = scripted(query={**query_reply("4999"), "CheckoutRequestID": ""})

    assert "shortcode-ok" in findings


@pytest.mark.parametrize(("minutes", "name"), [(0, "clock-ok"), (1, "clock-ok"), (3, "clock-off"), (-180, "clock-off")])
def test_wrong_clock_is_found(settings: Any, minutes: int, name: str) -> None:
    set_up(settings)

    findings = scripted(oauth=token_at(timezone.now() + timedelta(minutes=minutes)))

    assert name in findings
    assert name == "clock-ok" or f"{abs(minutes)} minutes" in findings[name].sentence


def test_failed_probe_keeps_cached_token(settings: Any) -> None:
    set_up(settings)
    key = get_settings().credentials.token_key
    cache.set(key, "token-of-the-shop", 600)

    scripted(oauth=page("", status=503))

    assert cache.get(key) == "token-of-the-shop"


def test_test_mode_makes_no_probe(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}

    findings = scripted()

    assert {name: finding.level for name, finding in findings.items()} == {"simulated": Level.OK}


def test_credentials_of_invalid_settings_are_not_sent(settings: Any) -> None:
    set_up(settings, ENVIRONMENT="production", BASE_URL="https://another.example")

    findings = scripted()

    assert list(findings) == ["not-checked"]
    assert not MpesaApiCall.objects.exists()
