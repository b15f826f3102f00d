"""``manage.py mpesa_simulator``: Safaricom on your own machine, with every disaster that one may want to see."""

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
    """Run the simulator until Ctrl-C or SIGTERM, and say in the end how much money it took."""

    help = "Answers the shop as Safaricom does, over HTTP and without money; --scenario lets something go wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Port, scenario and seed."""
        parser.add_argument("--port", type=int, default=8100, help="where to listen (0: anywhere)")
        parser.add_argument("--scenario", choices=NAMES, help="what goes wrong with every payment")
        parser.add_argument("--seed", type=int, help="repeats a chaos")

    def handle(self, *args: Any, port: int, scenario: str | None, seed: int | None, **options: Any) -> None:
        """Listen; raises ``CommandError`` in production, and for a port that is taken."""
        shop = get_settings()
        if shop.ENVIRONMENT == PRODUCTION:
            raise CommandError("No simulator for real money: set MPESA_ENVIRONMENT=sandbox, or run it elsewhere.")
        credentials = _credentials(shop)
        try:
            simulator = Simulator(credentials=credentials, port=port, scenario=scenario, seed=seed, tell=self._tell)
        except OSError as error:
            raise CommandError(f"Port {port} is not free ({error.strerror}): choose another with --port.") from error
        with stop_on_signal() as stop, simulator:
            self._greet(shop, simulator, scenario)
            stop.wait()
        self._tell(f"Payments: {len(simulator.ledger)}, together {ksh(simulator.ledger.total)}.")

    def _greet(self, shop: MpesaSettings, simulator: Simulator, scenario: str | None) -> None:
        wanted = [f"  MPESA_{name}={value}" for name, value in _wanted(shop, simulator).items()]
        ready = "Set these variables for the shop, and start it anew:" if wanted else "The shop is set up for it."
        seed = f"The same {CHAOS} again: --seed {simulator.seed}\n" if scenario == CHAOS else ""
        self._tell(f"Safaricom's simulator is on {simulator.url}, and what it took on {simulator.url}/ledger.\n{seed}")
        self._tell("\n".join([ready, *wanted, "", "Ctrl-C ends it.", ""]))

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _credentials(shop: MpesaSettings) -> Credentials:
    """The shop's own, and the sandbox's public ones for those that are not set."""
    return replace(
        SANDBOX,
        consumer_key=shop.CONSUMER_KEY or SANDBOX.consumer_key,
        consumer_secret=shop.CONSUMER_SECRET or SANDBOX.consumer_secret,
        shortcode=shop.SHORTCODE or SANDBOX.shortcode,
        passkey=shop.PASSKEY or SANDBOX.passkey,
        till=shop.TILL_NUMBER,
    )


def _wanted(shop: MpesaSettings, simulator: Simulator) -> Mapping[str, str]:
    """What the shop's settings lack; what is set already may be a secret, and is not repeated."""
    lacking = {
        "TEST_MODE": "" if shop.may_test else "true",
        "CONSUMER_KEY": "" if shop.CONSUMER_KEY else SANDBOX.consumer_key,
        "CONSUMER_SECRET": "" if shop.CONSUMER_SECRET else SANDBOX.consumer_secret,
        "SHORTCODE": "" if shop.SHORTCODE else SANDBOX.shortcode,
        "PASSKEY": "" if shop.PASSKEY else SANDBOX.passkey,
        "CALLBACK_URL": "" if shop.CALLBACK_URL else f"{_shop_url()}{callback_path()}",
        "BASE_URL": "" if shop.BASE_URL.rstrip("/") == simulator.url else simulator.url,
    }
    return {name: value for name, value in lacking.items() if value}


def _shop_url() -> str:
    """Where the shop listens on this machine; ``PORT`` is the sandbox's own variable, exported by its Makefile."""
    return f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
