"""The words of statuses and of API calls, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models import Allocation, CloseReason
from oscar_mpesa.models.payments import STATUS_CHOICES

_CALLS: Mapping[str, Any] = {
    "oauth": _("Signed in to Safaricom"),
    "push": _("Request handed to Safaricom"),
    "query": _("Safaricom asked"),
}

_VALUES: Mapping[str, Any] = {
    value: words for choices in (STATUS_CHOICES, Allocation.choices, CloseReason.choices) for value, words in choices
}


def changed(before: str, after: str) -> str:
    """From what to what; empty where neither is said."""
    return " → ".join(str(_VALUES.get(value, value)) for value in (before, after) if value)


def called(endpoint: str) -> str:
    """What we wanted of Safaricom."""
    return str(_CALLS.get(endpoint, endpoint))
