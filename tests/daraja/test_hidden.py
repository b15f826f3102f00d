"""No report of a crash shows a secret or a phone number as a local variable."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from base64 import b64encode

import pytest
from django.views.debug import ExceptionReporter

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.credentials import password
from oscar_mpesa.daraja.exceptions import DarajaError
from oscar_mpesa.daraja.hidden import HiddenBytes, HiddenText
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.testing import ScriptedTransport
from tests.daraja.clients import client
from tests.daraja.pushes import NOW, PAYBILL, PUSH
from tests.daraja.samples import CHECKOUT_ID

SECRETS = [
    password(PAYBILL, "20261124013005"),
    b64encode(b"the-key:the-secret").decode(),
    "the-key:",
    "the-secret",
    "the-passkey",
    "0123456789abcdef",
    "708374149",
    "token-1",
]


class CrashingTransport(ScriptedTransport):
    """Return a token, and crash at any other request."""

    def __init__(self, at: str) -> None:
        super().__init__({})
        self.crashes_at = at

    def send(self, request: Request) -> Response:
        """Crash at the named endpoint."""
        if self.crashes_at in str(request.url):
            raise RuntimeError("out of memory")
        return super().send(request)


def report(transport: CrashingTransport, call: str) -> str:
    """Return both reports of the error that the call ends in. The crash is its cause."""
    caller = client(transport)
    try:
        caller.push(PUSH, now=NOW) if call == "push" else caller.query(CHECKOUT_ID, now=NOW)
    except DarajaError:
        reporter = ExceptionReporter(None, *sys.exc_info())
        return reporter.get_traceback_html() + reporter.get_traceback_text()
    return ""


@pytest.mark.parametrize(("at", "call"), [("oauth", "push"), ("processrequest", "push"), ("query", "query")])
def test_crash_report_shows_no_secret_and_no_phone(at: str, call: str) -> None:
    shown = report(CrashingTransport(at), call)

    assert "out of memory" in shown and "&lt;hidden&gt;" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_request_and_callback_url_show_no_secret() -> None:
    url = get_settings().callback_url("0123456789abcdef")
    request = Request(method="POST", url=url, headers={}, body=b"{}", idempotent=False, connect=1, read=1)

    assert url.endswith("/0123456789abcdef/")
    assert "0123456789abcdef" not in repr(request) + repr(url) + repr({"CallBackURL": url})
    assert "url=<hidden>" in repr(request)


@pytest.mark.parametrize("hidden", [HiddenText("0712345678"), HiddenBytes(b"0712345678")], ids=["text", "bytes"])
def test_hidden_value_is_used_like_any_other(hidden: HiddenText | HiddenBytes) -> None:
    plain = "0712345678" if isinstance(hidden, str) else b"0712345678"

    assert (hidden, len(hidden), hash(hidden)) == (plain, 10, hash(plain))
    pickled = pickle.loads(pickle.dumps(hidden))  # noqa: S301 - its own bytes
    assert repr([hidden, copy.copy(hidden), pickled]) == "[<hidden>, <hidden>, <hidden>]"


def test_hidden_text_is_sent_and_formatted_in_full() -> None:
    hidden = HiddenText("0712345678")

    assert (json.dumps({"a": hidden}), f"{hidden}", str(hidden)) == ('{"a": "0712345678"}', "0712345678", "0712345678")
