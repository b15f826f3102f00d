"""``manage.py mpesa_reconcile``: do what is due and nobody is waiting for. For cron, systemd and Celery beat."""

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

NAMES = {
    Kind.CALLBACK: "callbacks worked through",
    Kind.PAYMENT: "payments looked at",
    Kind.BOOKS: "books written again",
    Kind.ORDER: "overdue orders looked at",
    Kind.MESSAGE: "messages sent",
}


class Tally:
    """What one pass did, in counts."""

    def __init__(self) -> None:
        self.done: Counter[tuple[Kind, str]] = Counter()
        self.failed: Counter[Kind] = Counter()

    def add(self, step: Step) -> None:
        """Count one step."""
        if step.done:
            self.done[step.kind, step.outcome] += 1
        else:
            self.failed[step.kind] += 1

    def __str__(self) -> str:
        parts = [self._of(kind) for kind in Kind]
        return "; ".join(part for part in parts if part) or "nothing was due"

    def _of(self, kind: Kind) -> str:
        outcomes = {outcome: count for (of, outcome), count in sorted(self.done.items()) if of is kind}
        failed = self.failed[kind]
        if not outcomes and not failed:
            return ""
        told = [f"{count} {outcome}" for outcome, count in outcomes.items()]
        if failed:
            told.append(f"{failed} FAILED")
        return f"{sum(outcomes.values())} {NAMES[kind]} ({', '.join(told)})"


class Command(BaseCommand):
    """One pass, or one after the other until it is told to stop."""

    help = (
        "Asks Safaricom about payments whose question is due, releases overdue orders, works through callbacks and "
        "books that failed, and sends mails and announcements that were not sent. Copies may run side by side."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """``--loop`` only."""
        parser.add_argument(
            "--loop",
            type=_seconds,
            metavar="SECONDS",
            help="do it again and again with this pause, until SIGTERM or Ctrl-C; without it once",
        )

    def handle(self, *args: Any, loop: float | None = None, **options: Any) -> None:
        """Exit status 1 (``CommandError``) if something failed in a single pass; a loop ends with 0 when told to."""
        if loop is None:
            tally = self._pass(threading.Event())
            if tally.failed:
                raise CommandError(f"{tally.failed.total()} failed and stay due; the log says why.")
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
            logger.exception("M-Pesa reconcile: the database failed")

    def _pass(self, stop: threading.Event) -> Tally:
        tally, is_watched = Tally(), self.stdout.isatty()
        for count, step in enumerate(reconcile(timezone.now), 1):
            tally.add(step)
            if is_watched:
                self.stdout.write(f"\r{count} …", ending="")
                self.stdout.flush()
            if stop.is_set():
                break
        _alert()
        if is_watched:
            self.stdout.write(f"\r{tally}")
        else:
            logger.info("M-Pesa reconcile: %s", tally)
        return tally


def _alert() -> None:
    """What an alert costs is never a pass: it is tried again."""
    try:
        deliver_alerts(timezone.now())
    except Exception:
        logger.exception("M-Pesa reconcile: the owner could not be alerted; it is tried again")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text} is no pause: a number of seconds, above 0 and under a day (86400)")
    return seconds
