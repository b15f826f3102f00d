"""A card processor that records its charges for tests."""

from __future__ import annotations

from decimal import Decimal

from oscar.apps.payment.exceptions import UnableToTakePayment

#: Charges: order number and amount.
charged: list[tuple[str, Decimal]] = []

EMPTY_CARD = "5105105105105100"


def charge(order_number: str, amount: Decimal, *, card: str) -> str:
    """Charge a card and return the bank's reference. Raises ``UnableToTakePayment`` for an empty card."""
    if card == EMPTY_CARD:
        raise UnableToTakePayment("The bank declined the card.")
    charged.append((str(order_number), amount))
    return f"BANK-{order_number}"


def store(card: str) -> str:
    """Store a card at the bank and return its token, with which the shop charges it."""
    return f"TOKEN-{card[-4:]}"
