"""A set-up to try: Safaricom's answers, ways to the shop, and what was found by name."""

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
    """A token, and Safaricom's clock."""
    return replace(answer(TOKEN), headers={"Date": format_datetime(moment)})


class Rerouted:
    """A way from the shop's public name to where the test's own server listens."""

    def __init__(self, name: str, server: str) -> None:
        self._there: Callable[[str], str] = lambda url: url.replace(name, server)
        self._http = HttpTransport()

    def send(self, request: Request) -> Response:
        return self._http.send(replace(request, url=self._there(request.url)))


def set_up(settings: Any, **changes: Any) -> None:
    """Give the shop these settings over the practice keys."""
    settings.OSCAR_MPESA = {**KEYS, **changes}
