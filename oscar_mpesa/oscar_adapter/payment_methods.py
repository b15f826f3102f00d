"""Whether the shop takes payment in another way than M-Pesa: what its sentences offer where M-Pesa cannot help."""

from __future__ import annotations

from django.apps import apps

from oscar_mpesa.conf import get_settings


def has_other_method() -> bool:
    """By ``OTHER_METHODS``, or because the store's own payment view takes one."""
    return bool(get_settings().OTHER_METHODS) or takes_payment(
        apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]
    )


def takes_payment(view: type) -> bool:
    """A class between ours and Oscar's own says how to take a payment."""
    owners = [cls for cls in view.__mro__ if "handle_payment" in vars(cls)]
    return any(not cls.__module__.startswith(("oscar.apps.", "oscar_mpesa.")) for cls in owners)
