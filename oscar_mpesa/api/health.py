"""Health endpoint for monitors. It lists the keys of active alerts and no personal data."""

from __future__ import annotations

import logging
from typing import Any

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.alerts.readiness import Readiness, readiness
from oscar_mpesa.alerts.rules import Alert, Level, active_alerts
from oscar_mpesa.api.responses import NotFoundForCaller, RequestRefused, endpoint
from oscar_mpesa.conf import get_settings

logger = logging.getLogger("oscar_mpesa")

NOTHING_HERE = _("There is nothing here.")
WRONG_TOKEN = _("Send the health token: Authorization: Bearer …")

#: The alert that replaces all others if the database fails.
DATABASE_ALERT: dict[str, Any] = {"key": "database", "level": Level.URGENT.value, "count": 1}


@endpoint("GET", not_found=NOTHING_HERE)
def health(request: HttpRequest) -> HttpResponse:
    """Return 200 if no alert is urgent, else 503. Return 404 if ``HEALTH_TOKEN`` is not set, and 401 if it differs."""
    _require_token(request)
    now, mpesa = timezone.now(), None
    try:
        state = readiness(now)
        alerts = [_as_json(alert) for alert in active_alerts(now, state=state)]
        mpesa = _readiness_as_json(state)
    except DatabaseError:
        logger.exception("M-PESA health: the database failed")
        alerts = [DATABASE_ALERT]
    is_ok = all(alert["level"] != Level.URGENT.value for alert in alerts)
    body = {"ok": is_ok, "environment": get_settings().environment, "mpesa": mpesa, "alerts": alerts}
    return JsonResponse(body, status=200 if is_ok else 503)


def _as_json(alert: Alert) -> dict[str, Any]:
    return {"key": alert.key, "level": alert.level.value, "count": alert.count}


def _readiness_as_json(state: Readiness) -> dict[str, Any]:
    since = state.since.isoformat() if state.since else None
    return {"offered_to": state.offered_to, "state": state.works.value, "reason": state.reason.value, "since": since}


def _require_token(request: HttpRequest) -> None:
    token = get_settings().HEALTH_TOKEN
    if not token:
        raise NotFoundForCaller
    scheme, _blank, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(credentials.strip(), token):
        raise RequestRefused(401, str(WRONG_TOKEN), headers={"WWW-Authenticate": "Bearer"})
