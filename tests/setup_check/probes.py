"""Settings, answers and transports for the tests of the set-up check."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from oscar_mpesa.daraja.transport import HttpTransport, Request, Response
from oscar_mpesa.setup_check.findings import Finding
from oscar_mpesa.testing.transport import answer

KEYS: dict[str, Any] = {
    "ENVIRONMENT": "sandbox",
    "CONSUMER_KEY": "practice-key",
    "CONSUMER_SECRET": "practice-secret",
    "SHORTCODE": "174379",
    "PASSKEY": "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
    "CALLBACK_URL": "https://duka.example/api/payments/hooks",
    "TEST_MODE": True,
}

TOKEN = {"access_token": "token-1", "expires_in": "3599"}


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def token_at(moment: datetime) -> Response:
    """Return a token reply with the time of Safaricom's clock."""
    return replace(answer(TOKEN), headers={"Date": format_datetime(moment)})


class ReroutingTransport:
    """Send requests for the shop's public URL to the test's own server."""

    def __init__(self, name: str, server: str) -> None:
        self._reroute: Callable[[str], str] = lambda url: url.replace(name, server)
        self._http = HttpTransport()

    def send(self, request: Request) -> Response:
        return self._http.send(replace(request, url=self._reroute(request.url)))


def set_up(settings: Any, **changes: Any) -> None:
    """Configure the practice credentials, with these changes."""
    settings.OSCAR_MPESA = {**KEYS, **changes}
