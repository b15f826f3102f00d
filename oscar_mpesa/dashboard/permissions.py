"""Who sees which page of the desk. Partner users see none: money is not told apart by partner."""

from __future__ import annotations

from oscar_mpesa.access.staff_permissions import ACT, APPLY, BLOCK, EXPLAIN, EXPORT, RECORD, RELEASE, RETURN, VIEW


def staff_with(*permissions: str) -> list[str]:
    """Staff who may see M-Pesa at all, and have these permissions too."""
    return ["is_staff", VIEW, *permissions]


#: A page that was forgotten here is the superuser's alone.
NOBODY_ELSE = ["is_staff", "is_superuser"]

#: By the name of the URL, as Oscar's dashboard asks for it.
PERMISSIONS = {
    "mpesa-overview": staff_with(),
    "mpesa-callbacks": staff_with(),
    "mpesa-callback": staff_with(),
    "mpesa-callback-process": staff_with(ACT),
    "mpesa-setup": staff_with(),
    "mpesa-receipts": staff_with(),
    "mpesa-receipts-export": staff_with(EXPORT),
    "mpesa-receipt": staff_with(),
    "mpesa-receipt-apply": staff_with(APPLY),
    "mpesa-receipt-return": staff_with(RETURN),
    "mpesa-receipt-explain": staff_with(EXPLAIN),
    "mpesa-record": staff_with(RECORD),
    "mpesa-payments": staff_with(),
    "mpesa-payments-export": staff_with(EXPORT),
    "mpesa-payment": staff_with(),
    "mpesa-payment-check-status": staff_with(ACT),
    "mpesa-payment-send-prompt": staff_with(ACT),
    "mpesa-payment-block-phone": staff_with(BLOCK),
    "mpesa-payment-close-order": staff_with(RELEASE),
    "mpesa-blocked-phones": staff_with(),
    "mpesa-unblock-phone": staff_with(BLOCK),
}
