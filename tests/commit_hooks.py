"""Run what waits for a commit, in tests whose own transaction never commits."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection
from django.test import TestCase


def commit_hooks() -> AbstractContextManager[Any]:
    """Run the hooks of a block as if it committed, unless a transaction of the code under test is still open."""
    blocks = connection.atomic_blocks
    if blocks and getattr(blocks[-1], "_from_testcase", False):
        return TestCase.captureOnCommitCallbacks(execute=True)
    return nullcontext()
