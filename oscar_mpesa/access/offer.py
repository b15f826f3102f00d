"""Who is offered M-PESA."""

from __future__ import annotations

from typing import Any

from oscar_mpesa.conf import get_settings


def is_offered_to(user: Any) -> bool:
    """M-Pesa is switched on for this person and its settings have no fault."""
    settings = get_settings()
    if settings.faults or settings.OFFER_TO == "nobody":
        return False
    return settings.OFFER_TO == "everyone" or bool(user.is_staff)
