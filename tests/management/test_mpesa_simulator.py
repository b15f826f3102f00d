"""``manage.py mpesa_simulator``: its output, the credentials it accepts, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.client import Client
from oscar_mpesa.daraja.exceptions import DarajaBusy
from oscar_mpesa.daraja.stk_push import StkPush
from oscar_mpesa.daraja.transport import HttpTransport
from oscar_mpesa.simulator.server import SANDBOX
from oscar_mpesa.testing.transport import DictCache
from tests.house.sources import ROOT
from tests.journeys.plain_browser import OPENER
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import PAYS

URL = re.compile(r"http://127\.0\.0\.1:\d+")
TOTAL = "Payments: 0, total KSh 0."


@pytest.fixture(autouse=True)
def _usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a ``PORT`` of ``make test PORT=8080``."""
    monkeypatch.delenv("PORT", raising=False)


class Screen(StringIO):
    """Call ``action`` once the command has started, then send Ctrl-C."""

    def __init__(self, action: Callable[[str], None]) -> None:
        super().__init__()
        self._action = action

    def flush(self) -> None:
        text = self.getvalue()
        if text.endswith("Press Ctrl-C to stop.\n"):
            threading.Thread(target=self._run, args=(text,)).start()

    def _run(self, text: str) -> None:
        try:
            self._action(text)
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def do_nothing(text: str) -> None:
    """Stop at once."""


def output(action: Callable[[str], None] = do_nothing, **options: Any) -> str:
    """Return the whole output of the command."""
    screen = Screen(action)
    call_command("mpesa_simulator", port=0, stdout=screen, **options)
    return screen.getvalue()


def variables_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"^  MPESA_(\w+)=(.+)$", text, re.MULTILINE))


def test_shop_without_credentials_is_shown_variables_to_set() -> None:
    before = signal.getsignal(signal.SIGINT)

    text = output()

    match = URL.search(text)
    assert match is not None
    assert variables_in(text) == {
        "CONSUMER_KEY": SANDBOX.consumer_key,
        "CONSUMER_SECRET": SANDBOX.consumer_secret,
        "SHORTCODE": "174379",
        "PASSKEY": SANDBOX.passkey,
        "CALLBACK_URL": "http://127.0.0.1:8000/api/payments/hooks",
        "BASE_URL": match[0],
    }
    assert text.rstrip().endswith(TOTAL)
    assert signal.getsignal(signal.SIGINT) is before


def test_existing_credentials_are_not_printed(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS}

    text = output()

    assert set(variables_in(text)) == {"BASE_URL"}
    assert "of-the-app" not in text


def test_disallowed_test_mode_is_listed_to_set(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "TEST_MODE": False}

    assert variables_in(output())["TEST_MODE"] == "true"


def test_missing_callback_url_falls_back_to_default_path(settings: Any) -> None:
    settings.ROOT_URLCONF = "oscar_mpesa.practice_phone.urls"

    assert variables_in(output())["CALLBACK_URL"] == "http://127.0.0.1:8000/api/payments/hooks"


def test_callback_url_uses_port_of_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")

    assert variables_in(output())["CALLBACK_URL"] == "http://127.0.0.1:8080/api/payments/hooks"


def test_simulator_accepts_credentials_of_shop_and_prints_calls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    settings.OSCAR_MPESA = {**CREDENTIALS}

    text = output(push_while_busy, scenario="busy")

    assert "a token was given\npush 1: KSh 1,500 from 0708 •••149 (busy)\n" in text
    assert text.rstrip().endswith(TOTAL)


def push_while_busy(text: str) -> None:
    """Send a push with the credentials of the settings."""
    match = URL.search(text)
    assert match is not None
    keys = replace(get_settings().credentials, base_url=match[0])
    push = StkPush(
        phone=PAYS,
        amount=1500,
        callback_url="http://127.0.0.1:9/hooks/",
        account_reference="100042",
        description="Order 100042",
    )
    with suppress(DarajaBusy):
        Client(keys, HttpTransport(), DictCache()).push(push, now=timezone.now())


def test_chaos_prints_its_seed() -> None:
    assert "To repeat this chaos run: --seed 7\n" in output(scenario="chaos", seed=7)
    assert "--seed" not in output(scenario="slow", seed=7)


def test_command_refuses_production(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "ENVIRONMENT": "production"}

    with pytest.raises(CommandError, match="set MPESA_ENVIRONMENT=sandbox"):
        call_command("mpesa_simulator", port=0)


def test_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CommandError, match=rf"Port {port} is not free .* --port"):
            call_command("mpesa_simulator", port=port)


def test_unknown_scenario_is_refused_with_list_of_names() -> None:
    with pytest.raises(CommandError, match=r"earthquake.*lost_reply"):
        call_command("mpesa_simulator", "--scenario", "earthquake")


def test_program_serves_and_ends_on_sigterm() -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "django", "mpesa_simulator", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        match = URL.search(program.stdout.readline())
        assert match is not None
        with OPENER.open(f"{match[0]}/ledger", timeout=5) as ledger:
            shown = ledger.read()
        program.terminate()
        rest, errors = program.communicate(timeout=10)

    assert shown == b'{"total": 0, "taken": []}'
    assert rest.rstrip().endswith(TOTAL)
    assert (program.returncode, errors) == (0, "")
