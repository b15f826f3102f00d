"""Labels of stored statuses and of API endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models import CloseReason, ReceiptStatus
from oscar_mpesa.models.payments import STATUS_CHOICES

_ENDPOINTS: Mapping[str, Any] = {
    "oauth": _("Signed in to Safaricom"),
    "push": pgettext_lazy("label", "STK push"),
    "query": pgettext_lazy("label", "Status check"),
}

_VALUES: Mapping[str, Any] = {
    value: label for choices in (STATUS_CHOICES, ReceiptStatus.choices, CloseReason.choices) for value, label in choices
}


def change_label(before: str, after: str) -> str:
    """Return ``before → after`` with the values' labels; an empty value is left out."""
    return " → ".join(str(_VALUES.get(value, value)) for value in (before, after) if value)


def endpoint_label(endpoint: str) -> str:
    """Return what a call of an endpoint does."""
    return str(_ENDPOINTS.get(endpoint, endpoint))
