"""Say at the top of a page to whom M-PESA is offered, and whether it works."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import pgettext_lazy

from oscar_mpesa.alerts.readiness import Readiness
from oscar_mpesa.alerts.readiness_messages import LABELS, readiness_message

OFFERED_TO = {
    "nobody": pgettext_lazy("label", "Off"),
    "staff": pgettext_lazy("label", "Staff only"),
    "everyone": pgettext_lazy("label", "Everyone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessLine:
    """The words of the line. ``is_alert``: the list of alerts has the same sentence."""

    offered_to: Any
    state: str
    label: Any
    sentence: str
    is_alert: bool


def readiness_line(state: Readiness, now: datetime) -> ReadinessLine:
    """Return the line in the active language."""
    return ReadinessLine(
        offered_to=OFFERED_TO[state.offered_to],
        state=state.works.value,
        label=LABELS[state.works],
        sentence=readiness_message(state, now),
        is_alert=state.needs_attention,
    )
