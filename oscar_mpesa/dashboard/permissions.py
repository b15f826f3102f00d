"""Who sees which page of the desk. Partner users see none: money is not told apart by partner."""

from __future__ import annotations

VIEW = "oscar_mpesa.view_mpesapayment"
ACT = "oscar_mpesa.act_on_payment"
EXPORT = "oscar_mpesa.export_payments"
FULL_PHONE = "oscar_mpesa.view_full_phone"
RELEASE = "oscar_mpesa.release_order"
BLOCK = "oscar_mpesa.block_phone"


def staff_with(*permissions: str) -> list[str]:
    """Staff who may see M-Pesa at all, and have these permissions too."""
    return ["is_staff", VIEW, *permissions]


#: A page that was forgotten here is the superuser's alone.
NOBODY_ELSE = ["is_staff", "is_superuser"]

#: By the name of the URL, as Oscar's dashboard asks for it.
PERMISSIONS = {
    "mpesa-overview": staff_with(),
    "mpesa-payments": staff_with(),
    "mpesa-payments-export": staff_with(EXPORT),
    "mpesa-payment": staff_with(),
    "mpesa-payment-ask": staff_with(ACT),
    "mpesa-payment-send": staff_with(ACT),
    "mpesa-payment-block": staff_with(BLOCK),
    "mpesa-payment-release": staff_with(RELEASE),
}
