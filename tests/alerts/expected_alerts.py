"""One need among all of them, at a moment."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.alerts.rules import Alert, active_alerts
from tests.shop import NOON


def need(key: str, *, at: datetime = NOON) -> Alert | None:
    """The one of this key, if it is there."""
    return next((each for each in active_alerts(at) if each.key == key), None)


def said(key: str, *, at: datetime = NOON) -> str:
    """Its sentence, empty where nothing is needed."""
    found = need(key, at=at)
    return found.sentence if found else ""
