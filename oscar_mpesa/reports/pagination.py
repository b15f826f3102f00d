"""Pages of a long list that never count a million rows."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Count rows only up to ``counted`` and show only the first ``reachable``; a subclass may change both.

    Takes a queryset, or a table of django-tables2 over one. A database walks past every row that comes before a page,
    so readers narrow the list down to reach older rows.
    """

    counted = 10_000
    reachable = 2_500
    largest_page = 100

    def __init__(self, rows: Any, per_page: Any, *args: Any, **kwargs: Any) -> None:
        # The size of a page comes from the address, where anybody writes what they like.
        super().__init__(rows, min(max(int(per_page), 1), self.largest_page), *args, **kwargs)

    @cached_property
    def found(self) -> int:
        """How many rows there are; ``counted + 1`` stands for all higher numbers."""
        rows: Any = self.object_list
        queryset: QuerySet[Any] = rows if isinstance(rows, QuerySet) else rows.data.data
        return queryset.order_by()[: self.counted + 1].count()

    @cached_property
    def count(self) -> int:
        """How many rows have a page."""
        return min(self.found, self.reachable)

    @property
    def is_capped(self) -> bool:
        """There are more rows than were counted."""
        return self.found > self.counted

    @property
    def ends_early(self) -> bool:
        """There are more rows than have a page."""
        return self.found > self.reachable
