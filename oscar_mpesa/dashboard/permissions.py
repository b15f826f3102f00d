"""The permissions of each page. Partner users have none, because receipts have no partner."""

from __future__ import annotations

from oscar_mpesa.access.staff_permissions import ACT, APPLY, BLOCK, EXPLAIN, EXPORT, RECORD, RELEASE, RETURN, VIEW


def staff_with(*permissions: str) -> list[str]:
    """Return Oscar's permission list for staff who may view M-PESA and have these permissions."""
    return ["is_staff", VIEW, *permissions]


#: The default for a page that is not listed below.
SUPERUSERS = ["is_staff", "is_superuser"]

#: By URL name, as Oscar's dashboard looks them up.
PERMISSIONS = {
    "mpesa-overview": staff_with(),
    "mpesa-callbacks": staff_with(),
    "mpesa-callback": staff_with(),
    "mpesa-callback-process": staff_with(ACT),
    "mpesa-setup": staff_with(),
    "mpesa-receipts": staff_with(),
    "mpesa-receipts-export": staff_with(EXPORT),
    "mpesa-receipt": staff_with(),
    "mpesa-receipt-allocate": staff_with(APPLY),
    "mpesa-receipt-refund": staff_with(RETURN),
    "mpesa-receipt-resolve": staff_with(EXPLAIN),
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
