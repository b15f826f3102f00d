"""``manage.py mpesa_simulator``: what it says, whose keys it takes, how it ends."""

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
from tests.journeys.plain import OPENER
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import PAYS

URL = re.compile(r"http://127\.0\.0\.1:\d+")
SUM = "Payments: 0, together KSh 0."


@pytest.fixture(autouse=True)
def _usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ``make test PORT=8080`` says."""
    monkeypatch.delenv("PORT", raising=False)


class Screen(StringIO):
    """Shows what the command says, and presses Ctrl-C when it has said how it is ended and ``meanwhile`` is done."""

    def __init__(self, meanwhile: Callable[[str], None]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def flush(self) -> None:
        text = self.getvalue()
        if text.endswith("Ctrl-C ends it.\n"):
            threading.Thread(target=self._go_on, args=(text,)).start()

    def _go_on(self, text: str) -> None:
        try:
            self._meanwhile(text)
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def wait_no_longer(greeting: str) -> None:
    """Do nothing meanwhile."""


def said(meanwhile: Callable[[str], None] = wait_no_longer, **options: Any) -> str:
    """What the command says from its start to its end."""
    screen = Screen(meanwhile)
    call_command("mpesa_simulator", port=0, stdout=screen, **options)
    return screen.getvalue()


def variables_in(text: str) -> dict[str, str]:
    return dict(re.findall(r"^  MPESA_(\w+)=(.+)$", text, re.MULTILINE))


def test_shop_without_credentials_is_shown_variables_to_set() -> None:
    before = signal.getsignal(signal.SIGINT)

    text = said()

    found = URL.search(text)
    assert found is not None
    assert variables_in(text) == {
        "CONSUMER_KEY": SANDBOX.consumer_key,
        "CONSUMER_SECRET": SANDBOX.consumer_secret,
        "SHORTCODE": "174379",
        "PASSKEY": SANDBOX.passkey,
        "CALLBACK_URL": "http://127.0.0.1:8000/api/payments/hooks",
        "BASE_URL": found[0],
    }
    assert text.rstrip().endswith(SUM)
    assert signal.getsignal(signal.SIGINT) is before


def test_existing_credentials_are_not_printed(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS}

    text = said()

    assert set(variables_in(text)) == {"BASE_URL"}
    assert "of-the-app" not in text


def test_disallowed_test_mode_is_listed_to_set(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "TEST_MODE": False}

    assert variables_in(said())["TEST_MODE"] == "true"


def test_missing_callback_url_falls_back_to_default_path(settings: Any) -> None:
    settings.ROOT_URLCONF = "oscar_mpesa.practice_phone.urls"

    assert variables_in(said())["CALLBACK_URL"] == "http://127.0.0.1:8000/api/payments/hooks"


def test_callback_url_uses_port_of_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")

    assert variables_in(said())["CALLBACK_URL"] == "http://127.0.0.1:8080/api/payments/hooks"


def test_simulator_accepts_credentials_of_shop_and_prints_calls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    settings.OSCAR_MPESA = {**CREDENTIALS}

    text = said(push_and_be_refused, scenario="busy")

    assert "a token was given\npush 1: KSh 1,500 from 0708 •••149 (busy)\n" in text
    assert text.rstrip().endswith(SUM)


def push_and_be_refused(greeting: str) -> None:
    """Send a push as the shop that has its credentials in the settings."""
    found = URL.search(greeting)
    assert found is not None
    keys = replace(get_settings().credentials, base_url=found[0])
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
    assert "The same chaos again: --seed 7\n" in said(scenario="chaos", seed=7)
    assert "--seed" not in said(scenario="slow", seed=7)


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
        found = URL.search(program.stdout.readline())
        assert found is not None
        with OPENER.open(f"{found[0]}/ledger", timeout=5) as ledger:
            shown = ledger.read()
        program.terminate()
        rest, errors = program.communicate(timeout=10)

    assert shown == b'{"total": 0, "taken": []}'
    assert rest.rstrip().endswith(SUM)
    assert (program.returncode, errors) == (0, "")
