"""An order as people name it: its number as they type it, and whose it is."""

from __future__ import annotations

from typing import Any


def order_number(text: str) -> str:
    """Without blanks around it, and without the number sign that Oscar's dashboard writes before it."""
    return text.replace("\x00", "").strip().removeprefix("#").lstrip()


def spellings(number: str) -> set[str]:
    """As it was typed, and in capitals and small letters: each of them is found by its index."""
    return {number, number.upper(), number.lower()}


def name_of(order: Any) -> str:
    """Its customer's name: the account's, or else the one in an address; empty where there is none.

    Asks for ``user``, ``shipping_address`` and ``billing_address`` unless they are at hand.
    """
    for whose in filter(None, (order.user, order.shipping_address, order.billing_address)):
        if name := " ".join(filter(None, [whose.first_name, whose.last_name])):
            return name
    return ""
