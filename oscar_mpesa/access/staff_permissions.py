"""Permissions of staff, by name."""

from __future__ import annotations

from typing import Any

#: Custom permissions of the models, and Django's own for viewing payments.
VIEW = "oscar_mpesa.view_mpesapayment"
ACT = "oscar_mpesa.act_on_payment"
EXPORT = "oscar_mpesa.export_payments"
FULL_PHONE = "oscar_mpesa.view_full_phone"
MATCH = "oscar_mpesa.match_receipt"
RECORD = "oscar_mpesa.record_claim"
REFUND = "oscar_mpesa.record_refund"
RESOLVE = "oscar_mpesa.resolve_receipt"
RELEASE = "oscar_mpesa.close_order"
BLOCK = "oscar_mpesa.block_phone"
TURNOVER = "oscar_mpesa.view_turnover"
ACTIVITY = "oscar_mpesa.view_activity"


def is_staff_with(user: Any, *permissions: str) -> bool:
    """Return whether the user is staff with all of these permissions. Queries the database for staff only."""
    return bool(user.is_authenticated and user.is_staff and user.has_perms(permissions))


def may_see_full_phones(user: Any) -> bool:
    """Return whether the user may see every phone number in full. Others see the last three digits."""
    return is_staff_with(user, FULL_PHONE)


def may_see_turnover(user: Any) -> bool:
    """Return whether the user may see sums over several payments: what a day or a month brought."""
    return is_staff_with(user, TURNOVER)
