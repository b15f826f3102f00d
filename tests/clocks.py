"""Set the clock by which Django signs and reads tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def signing_clock(moment: float) -> Iterator[None]:
    """Make Django's signer read this Unix time, because it takes no time argument."""
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("time.time", lambda: moment)
        yield
