"""Workers in processes of their own, with database connections of their own, who can be killed as machines kill."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

from django.db import connections

#: Seconds for a worker to end by itself.
PATIENCE = 30

#: The exit code of a process that was killed.
KILLED = -signal.SIGKILL

# A fork starts in milliseconds, with the tests' settings and test database.
_FORK = multiprocessing.get_context("fork")


def die(*_: Any, **__: Any) -> NoReturn:
    """What a machine does that runs out of memory: this process ends here and now, and cleans nothing up."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody lives on after SIGKILL")


def in_a_process(job: Callable[[], object]) -> int:
    """Do a job in a process of its own, and return its exit code: 0, 1 if it raised, ``KILLED``."""
    worker = started(job)
    worker.join(PATIENCE)
    assert worker.exitcode is not None, "the worker hangs"
    return worker.exitcode


def started(job: Callable[[], object]) -> BaseProcess:
    """Start a process that does a job; no connection is shared with it."""
    connections.close_all()
    worker = _FORK.Process(target=job)
    worker.start()
    return worker


@contextmanager
def running(*jobs: Callable[[], object]) -> Iterator[list[BaseProcess]]:
    """Processes that go on until they are told to stop with SIGTERM, at the end of the block."""
    workers = [started(job) for job in jobs]
    try:
        yield workers
        assert all(worker.is_alive() for worker in workers), "one of them ended by itself"
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(PATIENCE)
            worker.kill()
