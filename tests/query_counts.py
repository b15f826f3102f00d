"""Count the queries of a block, including BEGIN, COMMIT and savepoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


class Count(list[str]):
    """The queries of a block; a failed assertion on their number shows them."""

    def __str__(self) -> str:
        return "\n".join(f"{number}. {sql[:160]}" for number, sql in enumerate(self, 1))


@contextmanager
def counted() -> Iterator[Count]:
    """Collect the queries of the block, once it has ended."""
    count = Count()
    with CaptureQueriesContext(connection) as captured:
        yield count
    count.extend(query["sql"] for query in captured)
