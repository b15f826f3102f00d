"""What our last calls to Safaricom say about the line: does it answer, and does it take our key?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.models import MpesaApiCall

#: So many calls are looked at, newest first: a busy shop's last minutes, a small shop's last days.
CALLS_READ = 200

#: Silence is so many calls in a row, over so long a time; a longer pause between two of them begins anew.
FEWEST, SHORTEST, PAUSE = 3, timedelta(minutes=5), timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """Since when something has been wrong with the line to Safaricom; None where it is not."""

    silent_since: datetime | None = None
    key_refused_since: datetime | None = None
    requests_refused_since: datetime | None = None


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
    """How the line is, by the last calls of the shop's own short code; one query, none in test mode."""
    if get_settings().is_simulated:
        return Connectivity()
    calls = _last_calls()
    key_refused = _refused_since(calls, "oauth")
    return Connectivity(
        silent_since=_silent_since(calls, now),
        key_refused_since=key_refused,
        requests_refused_since=None if key_refused else _refused_since(calls, "push"),
    )


def _last_calls() -> list[_CallRow]:
    """By the primary key alone: no other order is as cheap in a full table."""
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


def _silent_since(calls: Sequence[_CallRow], now: datetime) -> datetime | None:
    unanswered = list(_without_pause(takewhile(lambda call: call.is_unanswered, calls), now))
    if len(unanswered) < FEWEST or now - unanswered[-1].at < SHORTEST:
        return None
    return unanswered[-1].at


def _without_pause(calls: Iterable[_CallRow], now: datetime) -> Iterable[_CallRow]:
    after = now
    for call in calls:
        if after - call.at > PAUSE:
            return
        yield call
        after = call.at


def _refused_since(calls: Sequence[_CallRow], endpoint: str) -> datetime | None:
    """The first of the last refusals in a row; what got no answer says nothing about the key."""
    told = [call for call in calls if call.endpoint == endpoint and not call.is_unanswered]
    refused = list(takewhile(lambda call: call.is_misconfigured, told))
    return refused[-1].at if refused else None
