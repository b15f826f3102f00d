"""Repeat a service call that a deadlock undid (L3)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, transaction

from oscar_mpesa.services.exceptions import MoneyMoved

logger = logging.getLogger("oscar_mpesa")

#: PostgreSQL's codes of a deadlock and of a serialization failure, and MariaDB's of a deadlock.
SQLSTATES, ERROR_NUMBER = {"40P01", "40001"}, 1213

#: How often a call is made before its error is raised.
MAX_CALLS = 3

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def repeat_on_deadlock(call: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Call again, three times at most, if a deadlock undid the call or its money concerns an order that is not locked.

    Inside another transaction the error is raised at once, because all of that transaction is undone. Calls open their
    transaction with ``commit``, so that no hook of the shop makes a committed call look undone.
    """

    @wraps(call)
    def repeated(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return _call(lambda: call(*args, **kwargs), MAX_CALLS)

    return repeated


def _call(call: Callable[[], Result], tries: int) -> Result:
    try:
        return call()
    except (OperationalError, MoneyMoved) as error:
        if tries == 1 or not is_repeatable(error) or transaction.get_connection().in_atomic_block:
            raise
        logger.warning("M-PESA: the database undid a call; it is repeated", exc_info=True)
    return _call(call, tries - 1)


def is_repeatable(error: Exception) -> bool:
    """Return whether a deadlock undid the call. A lock that was waited for in vain is not waited for again."""
    cause = error.__cause__
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return isinstance(error, MoneyMoved) or sqlstate in SQLSTATES or error.args[:1] == (ERROR_NUMBER,)
