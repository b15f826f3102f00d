"""Find out whether the shop offers a payment method besides M-PESA, so that messages can suggest it."""

from __future__ import annotations

from django.apps import apps

from oscar_mpesa.conf import get_settings


def has_other_method() -> bool:
    """Return whether ``OTHER_METHODS`` lists a method or the store's own payment view takes payments."""
    return bool(get_settings().OTHER_METHODS) or takes_payment(
        apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]
    )


def takes_payment(view: type) -> bool:
    """Return whether a class of the store's own in this view defines ``handle_payment``."""
    owners = [cls for cls in view.__mro__ if "handle_payment" in vars(cls)]
    return any(not cls.__module__.startswith(("oscar.apps.", "oscar_mpesa.")) for cls in owners)
