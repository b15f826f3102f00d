"""Order numbers as people type them, and customers' names."""

from __future__ import annotations

from typing import Any


def order_number(text: str) -> str:
    """Return the number without spaces around it and without the # that Oscar's dashboard writes before it."""
    return text.replace("\x00", "").strip().removeprefix("#").lstrip()


def spellings(number: str) -> set[str]:
    """Return the number as typed, in capitals and in small letters. The index finds each of them."""
    return {number, number.upper(), number.lower()}


def name_of(order: Any) -> str:
    """Return the customer's name: of the account, else of an address, else "".

    Queries ``user``, ``shipping_address`` and ``billing_address`` unless they are loaded.
    """
    for person in filter(None, (order.user, order.shipping_address, order.billing_address)):
        if name := " ".join(filter(None, [person.first_name, person.last_name])):
            return name
    return ""


def name_or_email_of(order: Any) -> str:
    """Return the customer's name, or the email if there is no name."""
    return name_of(order) or str(order.email or "")
