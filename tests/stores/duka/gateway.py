"""The bank that takes the shop's cards: inside the shop, so that a test can see what was charged."""

from __future__ import annotations

from decimal import Decimal

from oscar.apps.payment.exceptions import UnableToTakePayment

#: What was charged: order number and amount.
charged: list[tuple[str, Decimal]] = []

EMPTY_CARD = "5105105105105100"


def charge(order_number: str, amount: Decimal, *, card: str) -> str:
    """Take the money and return the bank's reference; raises ``UnableToTakePayment`` for an empty card."""
    if card == EMPTY_CARD:
        raise UnableToTakePayment("The bank declined the card.")
    charged.append((order_number, amount))
    return f"BANK-{order_number}"
