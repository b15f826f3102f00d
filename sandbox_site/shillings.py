"""Format shillings on Oscar's pages as on the M-PESA pages."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import NumberPattern


class Shillings(NumberPattern):
    """A pattern for ``OSCAR_CURRENCY_FORMAT`` that omits zero cents, which a pattern string cannot express."""

    def __init__(self) -> None:
        pass  # Babel's initializer takes the parts of a pattern string, which this class does not have

    def __repr__(self) -> str:
        return "Shillings()"  # Babel's own needs the pattern string; error reports show settings by repr

    def apply(self, value: Decimal, *_: Any, **__: Any) -> str:
        """Format ``1500`` as ``KSh 1,500`` and ``1499.5`` as ``KSh 1,499.50``, in every language."""
        cents = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return f"{'-' if cents < 0 else ''}KSh {abs(cents):,.2f}".removesuffix(".00")
