"""``manage.py mpesa_reconcile``: process everything that is due. Run it by cron, systemd or Celery beat."""

from __future__ import annotations

import argparse
import logging
import threading
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.utils import timezone

from oscar_mpesa.alerts.delivery import deliver_alerts
from oscar_mpesa.management.shutdown import stop_on_signal
from oscar_mpesa.services.reconciliation import Kind, Step, reconcile

logger = logging.getLogger("oscar_mpesa")

LABELS = {
    Kind.CALLBACK: "callbacks processed",
    Kind.PAYMENT: "payments checked",
    Kind.CONFIRMATION: "payments confirmed",
    Kind.CLAIM: "recorded payments matched",
    Kind.CHANGE: "changed orders reassessed",
    Kind.MONEY: "orders with usable money reassessed",
    Kind.BOOKS: "receipts booked again",
    Kind.ORDER: "overdue orders checked",
    Kind.MESSAGE: "messages processed",
    Kind.INDEX: "orders indexed for the search",
}


class Tally:
    """Count what one pass did."""

    def __init__(self) -> None:
        self.done: Counter[tuple[Kind, str]] = Counter()
        self.failed: Counter[Kind] = Counter()

    def add(self, step: Step) -> None:
        """Count one step, as done or as failed."""
        if step.done:
            self.done[step.kind, step.outcome] += 1
        else:
            self.failed[step.kind] += 1

    def __str__(self) -> str:
        parts = [self._summary(kind) for kind in Kind]
        return "; ".join(part for part in parts if part) or "nothing was due"

    def _summary(self, kind: Kind) -> str:
        outcomes = {outcome: count for (of, outcome), count in sorted(self.done.items()) if of is kind}
        failed = self.failed[kind]
        if not outcomes and not failed:
            return ""
        counts = [f"{count} {outcome}" for outcome, count in outcomes.items()]
        if failed:
            counts.append(f"{failed} FAILED")
        return f"{sum(outcomes.values())} {LABELS[kind]} ({', '.join(counts)})"


class Command(BaseCommand):
    """Run one pass, or with ``--loop`` pass after pass until a signal stops it."""

    help = (
        "Queries open payments, closes overdue unpaid orders, retries failed callbacks, bookings, emails and signals, "
        "and sends alerts. Several copies may run at the same time."
    )
    requires_system_checks = ()  # money is followed up, and alerts are sent, whatever else is wrong

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--loop``."""
        parser.add_argument(
            "--loop",
            type=_seconds,
            metavar="SECONDS",
            help="repeat with this pause until SIGTERM or Ctrl-C; without it, run once",
        )

    def handle(self, *args: Any, loop: float | None = None, **options: Any) -> None:
        """Run; raise ``CommandError`` if a step of a single pass failed. A loop that a signal ends returns normally."""
        if loop is None:
            tally = self._pass(threading.Event())
            if tally.failed:
                raise CommandError(f"{tally.failed.total()} failed and will be retried; see the log.")
            return
        with stop_on_signal() as stop:
            while not stop.is_set():
                self._pass_or_log(stop)
                stop.wait(loop)

    def _pass_or_log(self, stop: threading.Event) -> None:
        close_old_connections()
        try:
            self._pass(stop)
        except DatabaseError:  # it may be restarting: the next pass tries again
            logger.exception("M-PESA reconcile: the database failed")

    def _pass(self, stop: threading.Event) -> Tally:
        tally, is_terminal = Tally(), self.stdout.isatty()
        for count, step in enumerate(reconcile(timezone.now), 1):
            tally.add(step)
            if is_terminal:
                self.stdout.write(f"\r{count} …", ending="")
                self.stdout.flush()
            if stop.is_set():
                break
        _deliver_alerts()
        if is_terminal:
            self.stdout.write(f"\r{tally}")
        else:
            logger.info("M-PESA reconcile: %s", tally)
        return tally


def _deliver_alerts() -> None:
    """Deliver alerts; a failure is logged and retried, and does not fail the pass."""
    try:
        deliver_alerts(timezone.now())
    except Exception:
        logger.exception("M-PESA reconcile: alerts could not be delivered and will be retried")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not a pause: give seconds, above 0 and below 86400 (a day)")
    return seconds
