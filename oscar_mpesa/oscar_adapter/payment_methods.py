"""Find out whether the shop has a payment method besides M-PESA, for messages that suggest it and for checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import oscar
from django.apps import apps
from django.template import TemplateDoesNotExist
from django.template.loader import select_template

from oscar_mpesa.conf import get_settings

#: Modules of classes that are not the store's own.
_FOREIGN = ("oscar.", "oscar_mpesa.", "django.", "builtins")

#: What a shop can override to show a page of its own, or none, as the payment details.
_OWN_PAGE = {
    "dispatch",
    "get",
    "get_skip_conditions",
    "get_template_names",
    "render_payment_details",
    "skip_conditions",
}


def has_other_method() -> bool:
    """Return whether ``OTHER_METHODS`` lists a method or the store's own payment view takes payments."""
    return bool(get_settings().OTHER_METHODS) or takes_payment(
        apps.get_app_config("checkout").payment_details_view  # type: ignore[attr-defined]
    )


def shows_placeholder(view: type) -> bool:
    """Return whether a payment view of the store shows Oscar's own page, which says that it needs implementing."""
    is_own = any(_OWN_PAGE & set(vars(cls)) for cls in view.__mro__ if not cls.__module__.startswith(_FOREIGN))
    if is_own or takes_payment(view):
        return False
    try:
        template: Any = select_template([view.template_name])  # type: ignore[attr-defined]
    except TemplateDoesNotExist:
        return False
    return Path(oscar.__file__).parent in Path(template.origin.name).parents


def takes_payment(view: type) -> bool:
    """Return whether a class of the store's own in this view defines ``handle_payment``."""
    owners = [cls for cls in view.__mro__ if "handle_payment" in vars(cls)]
    return any(not cls.__module__.startswith(_FOREIGN) for cls in owners)
