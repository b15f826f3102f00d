"""Set the clocks that Django reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.shop import later


@contextmanager
def signing_clock(moment: float) -> Iterator[None]:
    """Make Django's signer read this Unix time, because it takes no time argument."""
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("time.time", lambda: moment)
        yield


class ShiftedClock:
    """The machine's clock plus ``shift``, as a clock that somebody set."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def move(self, **time: float) -> None:
        """Set the clock forward by days, hours, minutes or seconds, or back by negative ones."""
        self.shift += timedelta(**time)


@contextmanager
def shifted_clock() -> Iterator[ShiftedClock]:
    """Yield a clock that the whole process reads, by Django's ``timezone.now`` and Python's ``time.time``."""
    clock, now, unix_time = ShiftedClock(), timezone.now, time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: now() + clock.shift)
        patch.setattr("time.time", lambda: unix_time() + clock.shift.total_seconds())
        yield clock


class Clock:
    """A clock that a test moves, in seconds after noon."""

    seconds: float = 0

    def __call__(self) -> datetime:
        """Return the time, as ``django.utils.timezone.now`` does."""
        return later(self.seconds)


@contextmanager
def shop_clock() -> Iterator[Clock]:
    """Let the shop's pages, and the rows that log calls, read this clock."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr("django.utils.timezone.now", clock)
        yield clock
