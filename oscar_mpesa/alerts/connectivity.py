"""Read from the latest API calls whether Safaricom answers and accepts the shop's credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.models import MpesaApiCall

#: How many calls to read, newest first: the last minutes of a busy shop, the last days of a small one.
CALLS_READ = 200

#: An outage needs this many failed calls in a row over at least this long, however far apart they are.
MIN_CALLS, MIN_DURATION = 3, timedelta(minutes=5)

#: The kinds of a call that got no usable answer.
FAILED_KINDS = frozenset(kind for kind in ErrorKind if kind.is_unanswered or kind is ErrorKind.BUSY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """An unbroken run of calls without a usable answer. ``is_blocked``: the firewall refused one of the last three."""

    since: datetime
    calls: int
    is_blocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """Each problem with Safaricom, or since when it has lasted; None where there is no problem."""

    outage: Outage | None = None
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
    def is_rejected(self) -> bool:
        return self.error is not None and self.error.is_for_owner


def connectivity(*, passed_at: datetime | None = None) -> Connectivity:
    """Return the state of the connection, from the calls of the shop's own short code.

    ``passed_at`` is when the last set-up test found no errors: rejected pushes before it no longer count.
    Makes one query. Makes three if all calls that it reads have failed.
    """
    calls = _last_calls()
    tokens = _rejections(calls, "oauth")
    are_keys_rejected = bool(tokens) and tokens[0].error is ErrorKind.KEYS_REJECTED
    requests = [] if are_keys_rejected else tokens or _rejections(calls, "push")
    if passed_at is not None and requests and requests[0].at <= passed_at:
        requests = []
    return Connectivity(
        outage=_outage(calls),
        credentials_rejected_since=tokens[-1].at if are_keys_rejected else None,
        requests_rejected_since=requests[-1].at if requests else None,
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


def _outage(calls: Sequence[_CallRow]) -> Outage | None:
    run = list(takewhile(lambda call: call.error in FAILED_KINDS, calls))
    if len(run) < MIN_CALLS:
        return None
    since = run[-1].at if len(run) < len(calls) else _first_failure() or run[-1].at
    if run[0].at - since < MIN_DURATION:
        return None
    is_blocked = any(call.error is ErrorKind.BLOCKED for call in run[:MIN_CALLS])
    return Outage(since=since, calls=len(run), is_blocked=is_blocked)


def _first_failure() -> datetime | None:
    """Return when the first call after the last usable answer was made: a busy shop's run is longer than what is read.

    Reads backwards by primary key to that answer.
    """
    settings = get_settings()
    ours = MpesaApiCall.objects.filter(environment=settings.environment, shortcode=settings.SHORTCODE)
    answered = ours.exclude(error_kind__in=[kind.value for kind in FAILED_KINDS]).order_by("-id")
    last = answered.values_list("id", flat=True).first() or 0
    return ours.filter(id__gt=last).order_by("id").values_list("created_at", flat=True).first()


def _rejections(calls: Sequence[_CallRow], endpoint: str) -> list[_CallRow]:
    """Return the latest run of rejections, newest first. Unanswered calls are skipped: they say nothing about it."""
    answered = [call for call in calls if call.endpoint == endpoint and not call.is_unanswered]
    return list(takewhile(lambda call: call.is_rejected, answered))
