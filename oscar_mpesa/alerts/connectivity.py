"""Read from the latest API calls whether Safaricom answers and accepts the shop's credentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.models import MpesaApiCall

#: How many calls to read, newest first: the last minutes of a busy shop, the last days of a small one.
CALLS_READ = 200

#: An outage needs this many unanswered calls in a row over at least this long.
MIN_CALLS, MIN_DURATION = 3, timedelta(minutes=5)

#: Calls further apart than this do not belong to the same outage.
MAX_GAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """Since when each problem with Safaricom has lasted; None where there is no problem."""

    unanswered_since: datetime | None = None
    credentials_rejected_since: datetime | None = None
    requests_rejected_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _CallRow:
    endpoint: str
    error: ErrorKind | None
    at: datetime

    @property
    def is_unanswered(self) -> bool:
        return self.error is not None and self.error.is_unanswered

    @property
    def is_misconfigured(self) -> bool:
        return self.error is not None and self.error.is_misconfigured


def connectivity(now: datetime) -> Connectivity:
    """Return the state of the connection, from the calls of the shop's own short code.

    Makes one query, and none in test mode.
    """
    if get_settings().is_simulated:
        return Connectivity()
    calls = _last_calls()
    credentials_rejected = _rejected_since(calls, "oauth")
    return Connectivity(
        unanswered_since=_unanswered_since(calls, now),
        credentials_rejected_since=credentials_rejected,
        requests_rejected_since=None if credentials_rejected else _rejected_since(calls, "push"),
    )


def _last_calls() -> list[_CallRow]:
    """Order by the primary key alone: no other order is as cheap in a large table."""
    settings = get_settings()
    rows = MpesaApiCall.objects.order_by("-id").values_list(
        "environment", "shortcode", "endpoint", "error_kind", "created_at"
    )[:CALLS_READ]
    ours = (settings.environment, settings.SHORTCODE)
    return [
        _CallRow(endpoint, ErrorKind(kind) if kind else None, at)
        for environment, code, endpoint, kind, at in rows
        if (environment, code) == ours
    ]


def _unanswered_since(calls: Sequence[_CallRow], now: datetime) -> datetime | None:
    unanswered = list(_until_gap(takewhile(lambda call: call.is_unanswered, calls), now))
    if len(unanswered) < MIN_CALLS or now - unanswered[-1].at < MIN_DURATION:
        return None
    return unanswered[-1].at


def _until_gap(calls: Iterable[_CallRow], now: datetime) -> Iterable[_CallRow]:
    after = now
    for call in calls:
        if after - call.at > MAX_GAP:
            return
        yield call
        after = call.at


def _rejected_since(calls: Sequence[_CallRow], endpoint: str) -> datetime | None:
    """Return when the latest run of rejections began. Unanswered calls are skipped: they say nothing about it."""
    answered = [call for call in calls if call.endpoint == endpoint and not call.is_unanswered]
    rejected = list(takewhile(lambda call: call.is_misconfigured, answered))
    return rejected[-1].at if rejected else None
