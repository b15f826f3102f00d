"""Undo what an action changed, so that one state serves many actions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    """Undo all changes, like the transaction of a test case, so that services may call Safaricom inside."""
    around: Any = transaction.atomic()
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True)
