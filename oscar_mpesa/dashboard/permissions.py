"""The permissions of each page. Partner users have none, because receipts have no partner."""

from __future__ import annotations

from oscar_mpesa.access.staff_permissions import (
    ACT,
    ACTIVITY,
    BLOCK,
    EXPORT,
    MATCH,
    RECORD,
    REFUND,
    RELEASE,
    RESOLVE,
    TURNOVER,
    VIEW,
)


def staff_with(*permissions: str) -> list[str]:
    """Return Oscar's permission list for staff who may view M-PESA and have these permissions."""
    return ["is_staff", VIEW, *permissions]


#: The default for a page that is not listed below.
SUPERUSERS = ["is_staff", "is_superuser"]

#: By URL name, as Oscar's dashboard looks them up.
PERMISSIONS = {
    "mpesa-overview": staff_with(),
    "mpesa-search": staff_with(),
    "mpesa-callbacks": staff_with(),
    "mpesa-callback": staff_with(),
    "mpesa-callback-process": staff_with(ACT),
    "mpesa-setup": staff_with(),
    "mpesa-receipts": staff_with(),
    "mpesa-receipts-export": staff_with(EXPORT, TURNOVER),
    "mpesa-month": staff_with(TURNOVER),
    "mpesa-receipt": staff_with(),
    "mpesa-receipt-allocate": staff_with(MATCH),
    "mpesa-receipt-refund": staff_with(REFUND),
    "mpesa-receipt-resolve": staff_with(RESOLVE),
    "mpesa-entry-unmatch": staff_with(MATCH),
    "mpesa-entry-move": staff_with(MATCH),
    "mpesa-entry-undo": staff_with(RESOLVE),
    "mpesa-refund-void": staff_with(REFUND),
    "mpesa-record": staff_with(RECORD),
    "mpesa-claim": staff_with(),
    "mpesa-claim-withdraw": staff_with(RECORD),
    "mpesa-payments": staff_with(),
    "mpesa-payments-export": staff_with(EXPORT),
    "mpesa-order": staff_with(),
    "mpesa-order-send-prompt": staff_with(ACT),
    "mpesa-payment": staff_with(),
    "mpesa-payment-state": staff_with(),
    "mpesa-payment-confirmation": staff_with(),
    "mpesa-payment-check-status": staff_with(ACT),
    "mpesa-payment-send-prompt": staff_with(ACT),
    "mpesa-payment-send-again": staff_with(ACT),
    "mpesa-payment-make-link": staff_with(ACT),
    "mpesa-payment-revoke-link": staff_with(ACT),
    "mpesa-payment-add-note": staff_with(ACT),
    "mpesa-payment-block-phone": staff_with(BLOCK),
    "mpesa-payment-close-order": staff_with(RELEASE),
    "mpesa-blocked-phones": staff_with(),
    "mpesa-unblock-phone": staff_with(BLOCK),
    "mpesa-activity": staff_with(ACTIVITY),
    "mpesa-people": SUPERUSERS,
    "mpesa-person-role": SUPERUSERS,
}
