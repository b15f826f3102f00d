"""The code of M-PESA among a shop's payment methods."""

from __future__ import annotations

#: What the README asks a shop to store for M-PESA, and what our own page of payment methods stores.
MPESA = "mpesa"


def is_mpesa(code: object) -> bool:
    """Return whether a code is ours, also as a shop may write it, such as ``M-PESA``."""
    return str(code or "").lower().replace("-", "").replace("_", "") == MPESA
