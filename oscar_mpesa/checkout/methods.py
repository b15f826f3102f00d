"""The payment methods that the checkout offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.alerts.readiness import seems_down
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.method_code import MPESA
from oscar_mpesa.oscar_adapter.payment_methods import takes_payment

NOT_ANSWERING = _("M-PESA isn't answering right now. You can try it, or choose another way to pay.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A payment method to choose. ``url_name`` is its next page, or None for Oscar's payment details."""

    code: str
    label: Any
    url_name: str | None = None
    hint: Any = ""

    @property
    def warning(self) -> Any:
        """Return the warning that M-PESA does not work, or an empty string. Never raises; see ``seems_down``."""
        return NOT_ANSWERING if self.code == MPESA and seems_down(timezone.now()) else ""


MPESA_METHOD = Method(
    code=MPESA, label="M-PESA", hint=_("You'll get a prompt on your phone. Enter your M-PESA PIN to pay.")
)

#: The store's own payment view, if ``OTHER_METHODS`` is empty.
STORE_METHOD = Method(code="store", label=_("Another way to pay"))


def other_methods(store_view: type) -> list[Method]:
    """Return the methods of ``OTHER_METHODS``, or else the one that the store's own payment view takes."""
    configured = [
        Method(code=code, label=label, url_name=url_name) for code, label, url_name in get_settings().OTHER_METHODS
    ]
    return configured or ([STORE_METHOD] if takes_payment(store_view) else [])
