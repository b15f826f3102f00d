"""Use the cache that the workers share, without waiting for it and without its errors.

Django's caches have no time limits of their own, and Redis has none by default.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from django.conf import settings
from django.core.cache import caches
from django.core.signals import setting_changed
from django.db import close_old_connections

logger = logging.getLogger("oscar_mpesa")

#: Seconds that one operation may take.
OPERATION_LIMIT = 0.5

#: Seconds without any operation after one that failed, for each thread that still waits for the cache.
PAUSE = 30.0

#: Backends that live in the process and so can neither hang nor fail.
LOCAL, DUMMY = "django.core.cache.backends.locmem.LocMemCache", "django.core.cache.backends.dummy.DummyCache"

#: Does something with a cache.
Operation: TypeAlias = Callable[[Any], Any]


class SharedCache:
    """A Django cache by its alias, as ``daraja.tokens.Cache`` describes. Never raises.

    Each operation takes at most ``OPERATION_LIMIT``. While the cache is down, it is left alone: ``get`` returns None
    and ``add`` returns True, as if it were empty.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias

    @property
    def keeps_values(self) -> bool:
        """Return False for Django's dummy cache, and while the cache is left alone because it failed."""
        return self._backend != DUMMY and (self._is_in_process or not _connection(self._alias).is_paused)

    def get(self, key: str) -> Any:
        """Return the value, None if there is none."""
        return self._run(lambda cache: cache.get(key), None)

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Store the value until the timeout."""
        self._run(lambda cache: cache.set(key, value, timeout), None)

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Store the value if there is none, atomically. Return whether it was stored."""
        return bool(self._run(lambda cache: cache.add(key, value, timeout), True))

    def delete(self, key: str) -> None:
        """Delete the value."""
        self._run(lambda cache: cache.delete(key), None)

    @property
    def _backend(self) -> str:
        return str(settings.CACHES.get(self._alias, {}).get("BACKEND"))

    @property
    def _is_in_process(self) -> bool:
        return self._backend in (LOCAL, DUMMY)

    def _run(self, operation: Operation, default: Any) -> Any:
        if self._is_in_process:
            return operation(caches[self._alias])
        return _connection(self._alias).run(operation, default)


class _Job:
    """One operation. The thread that waits for it sets ``is_abandoned`` when it stops waiting."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.is_done = threading.Event()
        self.is_abandoned = False
        self.result: Any = None
        self.error: Exception | None = None


class _Worker(threading.Thread):
    """Operate one cache in a thread of its own, one operation after the other."""

    def __init__(self, alias: str) -> None:
        super().__init__(name=f"oscar_mpesa-cache-{alias}", daemon=True)
        self._alias = alias
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self.start()

    def perform(self, operation: Operation) -> Any:
        """Return the operation's result. Raises what the cache raises, and ``TimeoutError``."""
        job = _Job(operation)
        self._jobs.put(job)
        if not job.is_done.wait(OPERATION_LIMIT):
            job.is_abandoned = True
            raise TimeoutError(f"no answer within {OPERATION_LIMIT} seconds")
        if job.error is not None:
            raise job.error
        return job.result

    def stop(self) -> None:
        """End the thread after the operation that it waits for, if that ever ends."""
        self._jobs.put(None)

    def run(self) -> None:
        """Perform the jobs. Django's caches belong to a thread, and so does a database cache's connection."""
        while (job := self._jobs.get()) is not None:
            if job.is_abandoned:
                continue
            try:
                close_old_connections()
                job.result = job.operation(caches[self._alias])
                close_old_connections()
            except Exception as error:  # noqa: BLE001 - each backend raises its own
                job.error = error
            job.is_done.set()


class _Connection:
    """This process's way to one cache: its thread, and the pause after a failure."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._stuck: list[_Worker] = []
        self._resumes_at = 0.0
        self._has_failed = False

    @property
    def is_paused(self) -> bool:
        return time.monotonic() < self._resumes_at

    def run(self, operation: Operation, default: Any) -> Any:
        """Return the operation's result, or the default if the cache fails or is left alone."""
        if self.is_paused:
            return default
        worker = self._current_worker()
        try:
            result = worker.perform(operation)
        except Exception as error:  # noqa: BLE001 - each backend raises its own
            self._pause(worker, error)
            return default
        self._has_failed = False
        return result

    def stop(self) -> None:
        """End the thread."""
        if self._worker is not None:
            self._worker.stop()

    def _current_worker(self) -> _Worker:
        with self._lock:
            if self._worker is None:
                self._worker = _Worker(self._alias)
            return self._worker

    def _pause(self, worker: _Worker, error: Exception) -> None:
        """Leave the cache alone, the longer the more threads still wait for it. Log the first failure of an outage."""
        with self._lock:
            if isinstance(error, TimeoutError) and worker is self._worker:
                worker.stop()
                self._stuck.append(worker)
                self._worker = None
            self._stuck = [each for each in self._stuck if each.is_alive()]
            self._resumes_at = time.monotonic() + PAUSE * max(1, len(self._stuck))
            is_first, self._has_failed = not self._has_failed, True
        if is_first:
            logger.warning("M-PESA: the cache %r fails and is left alone for a while", self._alias, exc_info=error)


_connections: dict[str, _Connection] = {}


def _connection(alias: str) -> _Connection:
    return _connections.setdefault(alias, _Connection(alias))


def _forget_connections(**_: Any) -> None:
    _connections.clear()


def _reconnect(*, setting: str, **_: Any) -> None:
    if setting == "CACHES":
        for connection in list(_connections.values()):
            connection.stop()
        _forget_connections()


# A child process has none of its parent's threads. Windows has no forks.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_forget_connections)
setting_changed.connect(_reconnect, dispatch_uid="oscar_mpesa.shared_cache")
