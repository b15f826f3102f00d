"""Translate texts from the database, and mend Oscar's HTML."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sandbox_site import mended as mending

register = template.Library()

#: Order statuses, marked for translation. The database stores them in English.
STATUSES = (
    gettext_noop("Pending"),
    gettext_noop("Pending payment"),
    gettext_noop("Being processed"),
    gettext_noop("Complete"),
    gettext_noop("Payment expired"),
    gettext_noop("Cancelled"),
)


class _TranslatedOrder:
    """A read-only order for Oscar's templates with a translated status."""

    def __init__(self, order: Any) -> None:
        self._order = order
        self.status = order.status and _(order.status)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._order, name)


@register.filter
def with_translated_status(order: Any) -> Any:
    """Wrap an order to translate its status in templates that print ``order.status``."""
    return _TranslatedOrder(order)


@register.filter(is_safe=True)
def mended(html: str) -> str:
    """Mend the rendered HTML of Oscar's templates; see ``sandbox_site.mended``."""
    return mending.mended(html)
