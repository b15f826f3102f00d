"""What a user may see of a text or an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oscar_mpesa.access.order_pages import order_link
from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.daraja.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A user, and whether they may see full phone numbers. They can be in any text that people typed."""

    user: Any
    shows_phones: bool

    def mask(self, text: str) -> str:
        """Return the text, without phone numbers unless the user may see them."""
        return redact(text, shows_phones=self.shows_phones)

    def order(self, order: Any) -> str:
        """Return an order's number, linked if the user may open its page; "" for None."""
        return "" if order is None else order_link(self.user, order.number)


def viewer_of(user: Any) -> Viewer:
    """Return what a user may see."""
    return Viewer(user=user, shows_phones=may_see_full_phones(user))
