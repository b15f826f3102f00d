"""Whether all is well, for monitors: the keys of what needs somebody, and nothing about anybody."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.alerts.rules import Alert, Level, active_alerts
from oscar_mpesa.api.responses import NotFoundForCaller, RequestRefused, endpoint
from oscar_mpesa.conf import get_settings

logger = logging.getLogger("oscar_mpesa")

NOTHING_HERE = _("There is nothing here.")
WRONG_TOKEN = _("Send the health token: Authorization: Bearer …")

#: What stands for all needs where they cannot be looked for.
DATABASE: dict[str, Any] = {"key": "database", "level": Level.URGENT.value, "count": 1}


@endpoint("GET", not_found=NOTHING_HERE)
def health(request: HttpRequest) -> HttpResponse:
    """200 where nothing is urgent, 503 where something is; 404 without ``HEALTH_TOKEN``, 401 with another one."""
    _require_token(request)
    try:
        found = [_told(need) for need in active_alerts(timezone.now())]
    except DatabaseError:
        logger.exception("M-Pesa health: the database failed")
        found = [DATABASE]
    is_well = all(each["level"] != Level.URGENT.value for each in found)
    body = {"ok": is_well, "environment": get_settings().environment, "alerts": found}
    return JsonResponse(body, status=200 if is_well else 503)


def _told(need: Alert) -> dict[str, Any]:
    return {"key": need.key, "level": need.level.value, "count": need.count}


def _require_token(request: HttpRequest) -> None:
    token = get_settings().HEALTH_TOKEN
    if not token:
        raise NotFoundForCaller
    scheme, _blank, told = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not constant_time_compare(told.strip(), token):
        raise RequestRefused(401, str(WRONG_TOKEN), headers={"WWW-Authenticate": "Bearer"})
