"""Set the clock by which Django signs and reads tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def signing_clock(moment: float) -> Iterator[None]:
    """Let Django's signer see this Unix time, of which it takes no argument."""
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("time.time", lambda: moment)
        yield
