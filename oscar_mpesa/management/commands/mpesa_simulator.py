"""``manage.py mpesa_simulator``: run a local simulator of Safaricom, optionally with a failure scenario."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oscar_mpesa.access.callback_path import callback_path
from oscar_mpesa.conf import PRODUCTION, MpesaSettings, get_settings
from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.management.shutdown import stop_on_signal
from oscar_mpesa.simulator.scenarios import CHAOS, NAMES
from oscar_mpesa.simulator.server import SANDBOX, Simulator


class Command(BaseCommand):
    """Run the simulator until Ctrl-C or SIGTERM, then print the total it took."""

    help = "Answers API calls as Safaricom does, over HTTP and without money. --scenario makes payments go wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--port``, ``--scenario`` and ``--seed``."""
        parser.add_argument("--port", type=int, default=8100, help="port to listen on (0: any free port)")
        parser.add_argument("--scenario", choices=NAMES, help="what goes wrong with every payment")
        parser.add_argument("--seed", type=int, help="repeats a chaos run")

    def handle(self, *args: Any, port: int, scenario: str | None, seed: int | None, **options: Any) -> None:
        """Serve; raise ``CommandError`` in production and if the port is taken."""
        shop = get_settings()
        if shop.ENVIRONMENT == PRODUCTION:
            raise CommandError("The simulator does not run in production: set MPESA_ENVIRONMENT=sandbox.")
        credentials = _credentials(shop)
        try:
            simulator = Simulator(credentials=credentials, port=port, scenario=scenario, seed=seed, log=self._write)
        except OSError as error:
            raise CommandError(f"Port {port} is not free ({error.strerror}): choose another with --port.") from error
        with stop_on_signal() as stop, simulator:
            self._print_setup(shop, simulator, scenario)
            stop.wait()
        self._write(f"Payments: {len(simulator.ledger)}, total {ksh(simulator.ledger.total)}.")

    def _print_setup(self, shop: MpesaSettings, simulator: Simulator, scenario: str | None) -> None:
        missing = [f"  MPESA_{name}={value}" for name, value in _missing_settings(shop, simulator).items()]
        instruction = "Set these variables for the shop and restart it:" if missing else "The shop is set up for it."
        seed = f"To repeat this {CHAOS} run: --seed {simulator.seed}\n" if scenario == CHAOS else ""
        self._write(f"The simulator listens on {simulator.url}; its ledger is {simulator.url}/ledger.\n{seed}")
        self._write("\n".join([instruction, *missing, "", "Press Ctrl-C to stop.", ""]))

    def _write(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _credentials(shop: MpesaSettings) -> Credentials:
    """Return the shop's credentials, with the sandbox's public ones for those that are not set."""
    return replace(
        SANDBOX,
        consumer_key=shop.CONSUMER_KEY or SANDBOX.consumer_key,
        consumer_secret=shop.CONSUMER_SECRET or SANDBOX.consumer_secret,
        shortcode=shop.SHORTCODE or SANDBOX.shortcode,
        passkey=shop.PASSKEY or SANDBOX.passkey,
        till=shop.TILL_NUMBER,
    )


def _missing_settings(shop: MpesaSettings, simulator: Simulator) -> Mapping[str, str]:
    """Return the variables that the shop must set. Existing values may be secrets and are left out."""
    values = {
        "TEST_MODE": "" if shop.may_test else "true",
        "CONSUMER_KEY": "" if shop.CONSUMER_KEY else SANDBOX.consumer_key,
        "CONSUMER_SECRET": "" if shop.CONSUMER_SECRET else SANDBOX.consumer_secret,
        "SHORTCODE": "" if shop.SHORTCODE else SANDBOX.shortcode,
        "PASSKEY": "" if shop.PASSKEY else SANDBOX.passkey,
        "CALLBACK_URL": "" if shop.CALLBACK_URL else f"{_shop_url()}{callback_path()}",
        "BASE_URL": "" if shop.BASE_URL.rstrip("/") == simulator.url else simulator.url,
    }
    return {name: value for name, value in values.items() if value}


def _shop_url() -> str:
    """Return the shop's local URL. The sandbox's Makefile exports ``PORT``."""
    return f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
