"""Survive the loss of a database connection, where nobody repeats what would be lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from django.db import Error as DatabaseError
from django.db import connection

logger = logging.getLogger("oscar_mpesa")

T = TypeVar("T")


def with_new_connection(act: Callable[[], T]) -> T:
    """Return what ``act`` returns. If the database fails, call it once more, over a new connection if that one is lost.

    A database that restarts ends the connections that Django keeps. ``act`` must be safe to repeat. Raises what the
    second call raises.
    """
    try:
        with connection.wrap_database_errors:  # MySQLdb raises its own error when Django closes a cursor
            return act()
    except DatabaseError:
        logger.warning("M-PESA: the database failed; trying once more", exc_info=True)
        close_if_lost()
    return act()


def close_if_lost() -> None:
    """Close a lost connection, so that the next query opens a new one. Does nothing inside a transaction.

    MySQLdb raises if it is closed already, and Django then opens a new one all the same.
    """
    if connection.in_atomic_block:
        return
    with suppress(DatabaseError):
        connection.close_if_unusable_or_obsolete()
