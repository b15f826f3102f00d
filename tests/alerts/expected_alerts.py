"""Look up one alert by its key."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.alerts.rules import Alert, active_alerts
from tests.shop import NOON


def alert_of(key: str, *, at: datetime = NOON) -> Alert | None:
    """Return the active alert of this key, None if there is none."""
    return next((alert for alert in active_alerts(at) if alert.key == key), None)


def sentence_of(key: str, *, at: datetime = NOON) -> str:
    """Return the alert's sentence, empty without an alert."""
    alert = alert_of(key, at=at)
    return alert.sentence if alert else ""
