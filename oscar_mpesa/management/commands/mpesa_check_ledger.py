"""``manage.py mpesa_check_ledger``: add up all M-PESA entries again, and show what does not agree."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.ledger_runs import record_ledger_check


class Command(BaseCommand):
    """Print one line for each difference."""

    help = (
        "Adds up all M-PESA entries again, and compares them with the stored sums and with the shop's books. "
        "Changes no money. A complete check ends the alert of an earlier one, if all of it agrees."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--since``."""
        parser.add_argument(
            "--since",
            type=_days,
            metavar="DAYS",
            help="check only what was created in the last DAYS days; without it, check everything",
        )

    def handle(self, *args: Any, since: int | None = None, **options: Any) -> None:
        """Check; raise ``CommandError`` if there are differences. A complete check records how many it found."""
        count, now = 0, timezone.now()
        for difference in check_ledger(since=now - timedelta(days=since) if since else None):
            self.stdout.write(str(difference))
            count += 1
        if since is None:
            record_ledger_check(count, now=now)
        if count:
            raise CommandError(f"{count} differences between the stored sums and the entries.")
        self.stdout.write("The stored sums and the shop's books agree with the entries.")


def _days(text: str) -> int:
    days = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < days < 36_500:
        raise argparse.ArgumentTypeError(f"{text} is not a number of days: give 1 or more, below 36500")
    return days
