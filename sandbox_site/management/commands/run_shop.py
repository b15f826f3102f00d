"""``manage.py run_shop``: serve the demo shop, and do its periodic work beside it."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from sandbox_site.periodic_work import PAUSE, periodic_work


class Command(BaseCommand):
    """Run Django's development server until Ctrl-C or SIGTERM. In public, cron runs ``mpesa_reconcile``."""

    help = "Serve the demo shop. In the background, unpaid orders close, and emails leave."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the address, and what the tests change."""
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000", help="address and port (127.0.0.1:8000)")
        parser.add_argument("--noreload", action="store_true", help="do not restart when the code changes")
        parser.add_argument("--pause", type=float, default=PAUSE, help=f"seconds between two passes ({PAUSE:.0f})")

    def handle(self, *args: Any, address: str, noreload: bool, pause: float, **options: Any) -> None:
        """Serve. The autoreloader runs this command again as its child; only the first process does the work."""
        if os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            call_command("runserver", address)
            return
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with periodic_work(pause):
            self.stdout.write(f"The periodic work of the shop runs every {pause:g} seconds.")
            call_command("runserver", address, use_reloader=not noreload)
