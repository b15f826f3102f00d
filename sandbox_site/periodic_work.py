"""Do the shop's periodic work in a thread of ``make sandbox``, and tell whether it is done."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from django.core.management import call_command
from django.db import connections

from oscar_mpesa.models import MpesaJobRun

logger = logging.getLogger("oscar_mpesa")

#: Does one pass.
Pass: TypeAlias = Callable[[], None]

#: Seconds between two passes, and seconds that the last pass may take to stop.
PAUSE, PATIENCE = 10.0, 10.0

#: A run that is older than this was the last one.
OVERDUE_AFTER = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkState:
    """When the periodic work last ran, and whether it still runs."""

    last_run: datetime | None
    is_running: bool


def work_state(*, now: datetime) -> WorkState:
    """Return the state of the periodic work, whoever does it. Costs one query."""
    last_run = MpesaJobRun.objects.filter(job="reconcile").values_list("last_run_at", flat=True).first()
    return WorkState(last_run=last_run, is_running=last_run is not None and now - last_run < OVERDUE_AFTER)


class _Summary(io.StringIO):
    """The command's output. For a terminal the command ends it with a summary, and logs nothing."""

    def isatty(self) -> bool:
        """Return True, as for a terminal."""
        return True


def run_pass() -> None:
    """Run ``mpesa_reconcile`` once. Log what it did, if anything."""
    output = _Summary()
    call_command("mpesa_reconcile", stdout=output)
    summary = output.getvalue().rpartition("\r")[2].strip()
    if summary != "nothing was due":
        logger.info("Periodic work: %s", summary)


@contextmanager
def periodic_work(pause: float = PAUSE, do_pass: Pass = run_pass) -> Iterator[None]:
    """Do what ``mpesa_reconcile --loop`` does during the ``with`` block. The thread ends with block or process."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(stop, pause, do_pass), name="periodic-work", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


def _work(stop: threading.Event, pause: float, do_pass: Pass) -> None:
    while not stop.is_set():
        try:
            do_pass()
        except Exception:
            logger.exception("The demo's periodic work failed; the next pass tries again")
        finally:
            connections.close_all()
        stop.wait(pause)
