"""The shop's payment methods as the chooser lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.payment_methods import takes_payment

#: The session's word for our method.
MPESA = "mpesa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One line of the chooser; ``url_name`` is where choosing it leads, None for Oscar's payment details."""

    code: str
    label: Any
    url_name: str | None = None
    hint: Any = ""


MPESA_METHOD = Method(code=MPESA, label="M-PESA", hint=_("A request comes to the phone you name."))

#: Stands for the store's own way to pay where its settings name none.
STORE_METHOD = Method(code="store", label=_("Another way to pay"))


def other_methods(store_view: type) -> list[Method]:
    """The shop's other methods: those of ``OTHER_METHODS``, or the one that its own payment view takes."""
    named = [
        Method(code=code, label=label, url_name=url_name) for code, label, url_name in get_settings().OTHER_METHODS
    ]
    return named or ([STORE_METHOD] if takes_payment(store_view) else [])
