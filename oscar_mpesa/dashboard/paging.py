"""Pages of a table that never count a million rows."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

#: Rows are counted so far.
MOST = 10_000

#: Rows that can be leafed through, for a database walks past all that come before a page; who looks for an older one
#: narrows the list down.
LEAFABLE = 2_500

_LARGEST_PAGE = 100


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """For a table of django-tables2 over a queryset: counts and goes only so far."""

    def __init__(self, rows: Any, per_page: int, **kwargs: Any) -> None:
        # The size of a page comes from the address, where anybody writes what they like.
        super().__init__(rows, min(max(per_page, 1), _LARGEST_PAGE), **kwargs)

    @cached_property
    def found(self) -> int:
        """How many there are, ``MOST + 1`` standing for all numbers above."""
        queryset: Any = self.object_list.data.data  # type: ignore[attr-defined]
        count: int = queryset.order_by()[: MOST + 1].count()
        return count

    @cached_property
    def count(self) -> int:
        """How many can be leafed through."""
        return min(self.found, LEAFABLE)

    @property
    def is_capped(self) -> bool:
        """There are more than were counted."""
        return self.found > MOST

    @property
    def ends_early(self) -> bool:
        """There are more than can be leafed through."""
        return self.found > LEAFABLE
