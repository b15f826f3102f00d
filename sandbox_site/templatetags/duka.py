"""Words that are kept in the database, shown in the shopper's language."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

register = template.Library()

#: The steps of the settings' pipeline and of M-Pesa, named here to be translated: orders keep the English words.
STATUSES = (
    gettext_noop("Pending"),
    gettext_noop("Pending payment"),
    gettext_noop("Being processed"),
    gettext_noop("Complete"),
    gettext_noop("Payment expired"),
    gettext_noop("Cancelled"),
)


class _Told:
    """An order as Oscar's templates may read it, its status in words."""

    def __init__(self, order: Any) -> None:
        self._order = order
        self.status = order.status and _(order.status)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._order, name)


@register.filter
def told(order: Any) -> Any:
    """The same order with its status translated, for templates that print ``order.status`` as it is kept."""
    return _Told(order)
