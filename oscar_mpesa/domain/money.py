"""Shillings: M-PESA moves whole ones, from 1 to 250,000 at a time."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import Enum

from oscar_mpesa.domain.i18n import _

#: Whole shillings in one transaction, by Safaricom's tariff.
MINIMUM = 1
MAXIMUM = 250_000
CURRENCY = "KES"

#: The surcharge that takes a total to whole shillings, in Oscar's tables.
ROUNDING_CODE = "mpesa-rounding"

_CENT = Decimal("0.01")

_SENTENCES = {
    "currency": _("M-PESA takes Kenya shillings only."),
    "below": _("M-PESA takes KSh 1 or more."),
    "above": _("M-PESA takes at most KSh 250,000 in one payment."),
    "cents": _("M-PESA takes whole shillings only."),
}


class Rounding(str, Enum):
    """What becomes of a total with cents."""

    UP = "up"
    NEAREST = "nearest"
    DOWN = "down"
    REFUSE = "refuse"

    def __str__(self) -> str:
        return self.value


_MODES = {Rounding.UP: ROUND_CEILING, Rounding.NEAREST: ROUND_HALF_UP, Rounding.DOWN: ROUND_FLOOR}


class AmountRefused(ValueError):
    """M-PESA cannot collect this total; ``sentence`` says it to people, ``reason`` to code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = _SENTENCES[reason]


def whole_shillings(total: Decimal, *, currency: str, rounding: Rounding) -> int:
    """Turn an order's total into the whole shillings to ask for.

    Raises ``AmountRefused`` unless the total and the rounded total are both within 1 to 250,000 KES.
    ``Rounding.NEAREST`` rounds half a shilling up.
    """
    if currency != CURRENCY:
        raise AmountRefused("currency")
    _require_range(total)
    if rounding is Rounding.REFUSE and total % 1:
        raise AmountRefused("cents")
    return int(total.to_integral_value(_MODES.get(rounding, ROUND_CEILING)))


def rounding_difference(total: Decimal, amount: int) -> Decimal:
    """What rounding adds to the total, in shillings with two places; negative where it takes away."""
    return (amount - total).quantize(_CENT)


def ksh(amount: Decimal | int) -> str:
    """Write money as everywhere in the shop: ``KSh 1,500``, and cents only where there are any."""
    cents = Decimal(amount).quantize(_CENT, ROUND_HALF_UP)
    sign, size = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}KSh {size:,.2f}".removesuffix(".00")


def _require_range(total: Decimal) -> None:
    # Both bounds are whole, so a total within them stays within them however it is rounded.
    if not total.is_finite() or total > MAXIMUM:
        raise AmountRefused("above")
    if total < MINIMUM:
        raise AmountRefused("below")
