"""Run jobs in processes with their own database connections, and kill them with SIGKILL."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

from django.db import connections

#: Seconds that a job may take.
MAX_WAIT = 30

#: The exit code of a killed process.
KILLED = -signal.SIGKILL

# A fork starts in milliseconds and keeps the tests' settings and database.
_FORK = multiprocessing.get_context("fork")


def kill_process(*_: Any, **__: Any) -> NoReturn:
    """Kill this process at once, without cleanup, as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable after SIGKILL")


def run_process(job: Callable[[], object]) -> int:
    """Run a job in its own process; return its exit code: 0, 1 if it raised, ``KILLED``."""
    worker = start_process(job)
    worker.join(MAX_WAIT)
    assert worker.exitcode is not None, "the worker did not end"
    return worker.exitcode


def start_process(job: Callable[[], object]) -> BaseProcess:
    """Start a process for a job; it shares no connection with this one."""
    connections.close_all()
    worker = _FORK.Process(target=job)
    worker.start()
    return worker


@contextmanager
def running(*jobs: Callable[[], object]) -> Iterator[list[BaseProcess]]:
    """Run processes until the end of the block, then stop them with SIGTERM."""
    workers = [start_process(job) for job in jobs]
    try:
        yield workers
        assert all(worker.is_alive() for worker in workers), "a worker ended early"
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join(MAX_WAIT)
            worker.kill()
