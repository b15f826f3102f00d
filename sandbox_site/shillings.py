"""Shillings on Oscar's own pages: written as M-Pesa's pages write them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import NumberPattern


class Shillings(NumberPattern):
    """A pattern for ``OSCAR_CURRENCY_FORMAT``: cents only where there are any, which no written pattern can say."""

    def __init__(self) -> None:
        # The parts of a written pattern; there is none.
        pass

    def apply(self, value: Decimal, *_: Any, **__: Any) -> str:
        """``1500`` as ``KSh 1,500`` and ``1499.5`` as ``KSh 1,499.50``, in every language alike."""
        cents = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return f"{'-' if cents < 0 else ''}KSh {abs(cents):,.2f}".removesuffix(".00")
