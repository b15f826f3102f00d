"""Paginate long lists without counting all their rows."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Count rows only up to ``counted`` and show only the first ``reachable``; a subclass may change both.

    Takes a queryset, or a django-tables2 table over one. A database reads every row before the page it returns, so
    older rows are reached by filters instead.
    """

    counted = 10_000
    reachable = 2_500
    largest_page = 100

    def __init__(self, rows: Any, per_page: Any, *args: Any, **kwargs: Any) -> None:
        # The page size comes from the query string, so it can be anything.
        super().__init__(rows, min(max(int(per_page), 1), self.largest_page), *args, **kwargs)

    @cached_property
    def found(self) -> int:
        """Return the number of rows, or ``counted + 1`` if there are more than ``counted``."""
        rows: Any = self.object_list
        queryset: QuerySet[Any] = rows if isinstance(rows, QuerySet) else rows.data.data
        return queryset.order_by()[: self.counted + 1].count()

    @cached_property
    def count(self) -> int:
        """Return the number of rows that have a page."""
        return min(self.found, self.reachable)

    @property
    def is_capped(self) -> bool:
        """Return whether there are more rows than were counted."""
        return self.found > self.counted

    @property
    def ends_early(self) -> bool:
        """Return whether there are more rows than have a page."""
        return self.found > self.reachable
