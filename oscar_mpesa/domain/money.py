"""Kenya shillings. M-PESA moves whole shillings, from 1 to 250,000 in one transaction."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import Enum

from oscar_mpesa.domain.i18n import _

#: The limits of one transaction, in whole shillings. Source: Safaricom's tariff.
MINIMUM = 1
MAXIMUM = 250_000
CURRENCY = "KES"

#: The code, in Oscar's tables, of the surcharge that rounds a total to whole shillings.
ROUNDING_CODE = "mpesa-rounding"

_CENT = Decimal("0.01")

_SENTENCES = {
    "currency": _("M-PESA takes Kenya shillings only."),
    "below": _("M-PESA takes KSh 1 or more."),
    "above": _("M-PESA takes at most KSh 250,000 in one payment."),
    "cents": _("M-PESA takes whole shillings only."),
}


class Rounding(str, Enum):
    """How to round a total with cents."""

    UP = "up"
    NEAREST = "nearest"
    DOWN = "down"
    REFUSE = "refuse"

    def __str__(self) -> str:
        return self.value


_MODES = {Rounding.UP: ROUND_CEILING, Rounding.NEAREST: ROUND_HALF_UP, Rounding.DOWN: ROUND_FLOOR}


class AmountRefused(ValueError):
    """M-PESA cannot collect this total. ``reason`` is for code, ``sentence`` for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sentence = _SENTENCES[reason]


def whole_shillings(total: Decimal, *, currency: str, rounding: Rounding) -> int:
    """Return the whole shillings to collect for an order's total.

    ``Rounding.NEAREST`` rounds half a shilling up. Raises ``AmountRefused`` unless the total and the rounded total
    are both within 1 to 250,000 KES.
    """
    if currency != CURRENCY:
        raise AmountRefused("currency")
    _require_range(total)
    if rounding is Rounding.REFUSE and total % 1:
        raise AmountRefused("cents")
    return int(rounded(total, rounding))


def rounded(total: Decimal, rounding: Rounding) -> Decimal:
    """Return a total in whole shillings. ``Rounding.REFUSE`` rounds up here: a refused total is paid by hand."""
    return total.to_integral_value(_MODES.get(rounding, ROUND_CEILING))


def rounding_difference(total: Decimal, amount: int) -> Decimal:
    """Return what rounding adds to the total, in shillings with two decimals; negative if it rounds down."""
    return (amount - total).quantize(_CENT)


def ksh(amount: Decimal | int) -> str:
    """Return the amount as ``KSh 1,500``, with cents only if there are any."""
    cents = Decimal(amount).quantize(_CENT, ROUND_HALF_UP)
    sign, size = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}KSh {size:,.2f}".removesuffix(".00")


def _require_range(total: Decimal) -> None:
    # Both limits are whole, so rounding cannot move a total across them.
    if not total.is_finite() or total > MAXIMUM:
        raise AmountRefused("above")
    if total < MINIMUM:
        raise AmountRefused("below")
