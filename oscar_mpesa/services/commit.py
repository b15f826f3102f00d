"""Open transactions whose result does not depend on what a shop does after their commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import transaction

logger = logging.getLogger("oscar_mpesa")


def durable_transaction() -> AbstractContextManager[None]:
    """Open a transaction that may not be inside another one. Log what a hook raises after its commit."""
    return hook_safe_transaction(durable=True)


@contextmanager
def hook_safe_transaction(*, durable: bool = False) -> Iterator[None]:
    """Open a transaction, and log what a hook raises after its commit.

    Django raises it from the block, although everything is committed, and skips the later hooks. Messages of the outbox
    that are skipped are delivered by ``reconcile``. Raises what the block raises before the commit. Inside another
    transaction, it is a savepoint.
    """
    commits: list[bool] = []
    try:
        with transaction.atomic(durable=durable):
            transaction.on_commit(lambda: commits.append(True))  # the first hook, so it runs before any that raises
            yield
    except Exception:
        if not commits:
            raise
        logger.exception("M-PESA: a transaction is committed, but a hook of its commit raised")
