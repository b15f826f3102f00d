"""Build rows once for all tests of a module, in a transaction around theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction


def once_for_module(build: Callable[[], Any]) -> Any:
    """Return a fixture of what ``build`` returns, whose rows each test of the module finds unchanged.

    Each test needs ``django_db`` without ``transaction``.
    """

    @pytest.fixture(scope="module", name=build.__name__)
    def shared(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
        around: Any = transaction.atomic()
        around._from_testcase = True  # services may open a durable transaction inside
        with django_db_blocker.unblock(), around:
            yield build()
            transaction.set_rollback(True)

    return shared
