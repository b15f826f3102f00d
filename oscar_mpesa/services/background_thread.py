"""Do the prompt work of ``reconciliation`` in a thread of this process, so that no request waits for it.

The first wake starts a daemon thread, which ends when nothing is due. A message or a query that takes longer than
``STUCK_AFTER`` does not stop the others: the next wake starts another thread, up to ``MAX_THREADS``. If the process
ends meanwhile, what a thread reserved is done again after the reservation expires.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
import traceback
from datetime import datetime

from django.db import close_old_connections, connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from oscar_mpesa.services.reconciliation import process_prompt_rounds

logger = logging.getLogger("oscar_mpesa")

#: Seconds after which one item's thread counts as stuck.
STUCK_AFTER = 60.0

#: Threads of one process, stuck ones included.
MAX_THREADS = 3

#: Seconds that the end of the process waits for its threads.
EXIT_WAIT = 5.0


class WorkThread(threading.Thread):
    """Run passes until no wake is left, on a database connection of its own."""

    def __init__(self, pool: ThreadPool) -> None:
        super().__init__(name="oscar_mpesa", daemon=True)
        self.pool = pool
        self.is_ending = self.is_reported = False
        self.moved_at = time.monotonic()
        self.prefix = get_script_prefix()

    def run(self) -> None:
        """Work until nothing is due. Errors are logged; what failed stays due."""
        set_script_prefix(self.prefix)  # of the URLs in emails: Django keeps one for each thread
        try:
            while self.pool.takes_wake(self):
                self._pass()
        finally:
            connections.close_all()
            self.pool.forget(self)

    def _pass(self) -> None:
        close_old_connections()
        self.moved_at = time.monotonic()
        try:
            for step in process_prompt_rounds(timezone.now):
                if not step.done:
                    close_old_connections()  # it may have failed because the connection is broken
                self.moved_at = time.monotonic()
        except Exception:
            logger.exception("M-PESA: the background thread failed; mpesa_reconcile does what is due")


class ThreadPool:
    """The threads of this process. Starts one when there is work, and no other while it moves.

    The lock is never held while a thread starts, because under gevent another one may run then.
    """

    def __init__(self, *, stuck_after: float = STUCK_AFTER) -> None:
        self._stuck_after = stuck_after
        self.forget_all()

    def forget_all(self) -> None:
        """Start with no threads, as after a fork: those of the parent do not run here, and its lock may be held."""
        self._lock = threading.Lock()
        self._has_wake = False
        self._threads: list[WorkThread] = []

    def wake(self) -> None:
        """Have a pass made that starts after this moment. Returns at once."""
        with self._lock:
            self._has_wake = True
            working = [each for each in self._threads if not each.is_ending]
            stuck = [each for each in working if time.monotonic() - each.moved_at >= self._stuck_after]
            unreported = [each for each in stuck if not each.is_reported]
            for each in unreported:
                each.is_reported = True
            thread = WorkThread(self) if len(stuck) == len(working) < MAX_THREADS else None
            if thread is not None:
                self._threads.append(thread)
        for each in unreported:
            frame = sys._current_frames().get(each.ident or 0)
            stack = "".join(traceback.format_stack(frame)) if frame else ""
            logger.error("M-PESA: a message or query takes longer than %d seconds:\n%s", self._stuck_after, stack)
        if thread is not None:
            self._start(thread)

    def takes_wake(self, thread: WorkThread) -> bool:
        """Return whether the thread must make a pass. If not, it ends, and the next wake starts another one."""
        with self._lock:
            has_wake, self._has_wake = self._has_wake, False
            thread.is_ending = not has_wake
            return has_wake

    def forget(self, thread: WorkThread) -> None:
        """Remove a thread that ended or never started."""
        with self._lock:
            self._threads.remove(thread)

    def join(self, seconds: float) -> bool:
        """Wait for the threads, this long at most; return whether all of them ended."""
        ends = time.monotonic() + seconds
        for thread in [each for each in tuple(self._threads) if each.is_alive()]:  # one may not have started yet
            thread.join(max(0.0, ends - time.monotonic()))
        return not self._threads

    def _start(self, thread: WorkThread) -> None:
        try:
            thread.start()
        except RuntimeError:  # no memory, or the interpreter ends
            self.forget(thread)
            raise


_pool = ThreadPool()


def wake(*, now: datetime) -> None:
    """Have everything done that is due, in a thread. Returns at once; raises ``RuntimeError`` if none can start.

    The thread reads its own clock, so it ignores ``now``.
    """
    _pool.wake()


def join(seconds: float) -> bool:
    """Wait until the threads of this process end, this long at most; return whether all of them ended."""
    return _pool.join(seconds)


getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_pool.forget_all)  # Windows has no forks
atexit.register(join, EXIT_WAIT)
