"""``mpesa_check_setup``: one line per finding, and an exit status for monitoring."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.server import Simulator
from tests.setup_check.probes import KEYS, set_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def output() -> str:
    out = StringIO()
    call_command("mpesa_check_setup", stdout=out)
    return out.getvalue()


def test_command_without_errors_succeeds_and_lists_warnings(settings: Any, live_server: Any) -> None:
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, CALLBACK_URL=f"{live_server.url}/api/payments/hooks")
        lines = output().splitlines()

    assert lines[0] == "WARNING E010: This shop takes no real money: M-PESA runs in its sandbox environment."
    assert lines[1] == "        → Take the steps of the set-up page one by one: production comes after the try."
    assert "OK      callback-ok: A test message to the callback address came through." in lines
    assert "OK      token-ok: Safaricom takes the consumer key and secret, and gave a token." in lines
    assert not MpesaPayment.objects.exists()


def test_error_finding_fails_the_command(settings: Any, live_server: Any) -> None:
    out = StringIO()
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, PASSKEY="another", CALLBACK_URL=f"{live_server.url}/api/payment/hooks")
        with pytest.raises(CommandError, match="Errors: 2"):
            call_command("mpesa_check_setup", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0] == "ERROR   passkey-refused: The passkey does not belong to the short code 174379."
    assert lines[1] == "        Nobody can pay by M-PESA."
    assert "ERROR   callback-missing: The callback address answers 404: there is nothing at its path." in lines


def test_command_reports_invalid_settings(settings: Any) -> None:
    set_up(settings, PASSKEY="", CALLBACK_URL="")

    out = StringIO()
    with pytest.raises(CommandError, match="Errors: "):
        call_command("mpesa_check_setup", stdout=out)

    assert "ERROR   E003: Some M-PESA credentials are missing." in out.getvalue()
    assert not any(KEYS[name] in out.getvalue() for name in ("CONSUMER_KEY", "CONSUMER_SECRET"))


def test_command_in_test_mode_makes_no_probe() -> None:
    assert "OK      simulated: Test mode" in output()
