"""Decide whether M-PESA works, once for the overview, the set-up page, the health endpoint and the checkout.

Newer evidence wins: settings, API calls, the circuit breaker, payments and the last set-up test.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from django.db import Error as DatabaseError
from django.db import transaction

from oscar_mpesa.alerts.connectivity import Connectivity, Outage, connectivity
from oscar_mpesa.conf import get_settings
from oscar_mpesa.services.circuit_breaker import PAUSE, open_circuits
from oscar_mpesa.services.shared_cache import SharedCache
from oscar_mpesa.setup_check.evidence import Evidence, evidence

logger = logging.getLogger("oscar_mpesa")

#: Seconds for which the checkout may repeat what was last found.
CHECKOUT_MAX_AGE = 60

#: Without these calls no prompt is sent.
NEEDED_CALLS = ("oauth", "push")


class Works(str, Enum):
    """Whether customers can pay by M-PESA."""

    WORKING = "working"
    UNTESTED = "untested"
    NOT_WORKING = "not_working"

    def __str__(self) -> str:
        return self.value


class Reason(str, Enum):
    """Why M-PESA is taken to work or not. ``readiness_messages`` has a sentence for each."""

    TEST_MODE = "test_mode"
    PAID = "paid"
    TEST_PASSED = "test_passed"
    NEVER_USED = "never_used"
    WRONG_SETTINGS = "settings"
    NOT_ANSWERING = "safaricom_not_answering"
    SERVER_BLOCKED = "server_blocked"
    CALLS_PAUSED = "calls_paused"
    KEYS_REJECTED = "credentials_rejected"
    REQUESTS_REJECTED = "requests_rejected"
    SWAPPED_NUMBERS = "swapped_numbers"
    TEST_FAILED = "setup_test_failed"

    def __str__(self) -> str:
        return self.value

    @property
    def works(self) -> Works:
        """Return what the reason means for customers."""
        if self in (Reason.TEST_MODE, Reason.PAID, Reason.TEST_PASSED):
            return Works.WORKING
        return Works.UNTESTED if self is Reason.NEVER_USED else Works.NOT_WORKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """To whom M-PESA is offered, and whether it works: why, and since when, in UTC.

    ``evidence`` has the times of the last payment and of the last set-up test.
    """

    offered_to: str
    reason: Reason
    since: datetime | None = None
    outage: Outage | None = None
    evidence: Evidence = field(default_factory=Evidence)

    @property
    def works(self) -> Works:
        """Return whether customers can pay."""
        return self.reason.works

    @property
    def needs_attention(self) -> bool:
        """Return whether the owner must act: M-PESA is meant to be offered, and does not work."""
        is_meant = self.offered_to != "nobody" or self.reason is Reason.WRONG_SETTINGS
        return is_meant and self.works is Works.NOT_WORKING


def readiness(now: datetime) -> Readiness:
    """Return whether M-PESA works. The checkout repeats it for a minute.

    Makes two queries, and four if all API calls that it reads have failed. Makes none in test mode or with faulty
    settings.
    """
    settings = get_settings()
    found = Readiness(offered_to=settings.available_to, reason=Reason.WRONG_SETTINGS)
    if settings.faults:
        return found
    if settings.is_simulated:
        return replace(found, reason=Reason.TEST_MODE)
    found = _from_evidence(found, now)
    SharedCache(settings.CACHE).set(_cache_key(), found.works is Works.NOT_WORKING, CHECKOUT_MAX_AGE)
    return found


def seems_down(now: datetime) -> bool:
    """Return whether the checkout should warn that M-PESA does not work. Never raises.

    Reads the shared cache, and makes no query while what it holds is less than a minute old.
    """
    settings = get_settings()
    if settings.is_simulated or settings.faults:
        return False
    known = SharedCache(settings.CACHE).get(_cache_key())
    if known is not None:
        return bool(known)
    try:
        with transaction.atomic():
            return readiness(now).works is Works.NOT_WORKING
    except DatabaseError:
        logger.exception("M-PESA: the checkout could not find out whether M-PESA works")
        return False


def _from_evidence(found: Readiness, now: datetime) -> Readiness:
    known = evidence(now)
    reason, since, outage = _problem(known, now) or _result(known)
    return replace(found, reason=reason, since=since, outage=outage, evidence=known)


_Found = tuple[Reason, datetime | None, Outage | None]


def _problem(known: Evidence, now: datetime) -> _Found | None:
    """Return what keeps prompts from being sent now. An answer to a later call would have ended it."""
    state = connectivity(passed_at=known.passed_at)
    if state.outage:
        reason = Reason.SERVER_BLOCKED if state.outage.is_blocked else Reason.NOT_ANSWERING
        return reason, state.outage.since, state.outage
    return _rejection(state) or _pause(known, now)


def _rejection(state: Connectivity) -> _Found | None:
    if state.credentials_rejected_since:
        return Reason.KEYS_REJECTED, state.credentials_rejected_since, None
    if state.requests_rejected_since:
        return Reason.REQUESTS_REJECTED, state.requests_rejected_since, None
    return None


def _pause(known: Evidence, now: datetime) -> _Found | None:
    """Return since when prompts are paused, unless a set-up test found Safaricom answering after the last failure."""
    passed_at = known.passed_at
    pauses = [
        circuit.since
        for circuit in open_circuits(now)
        if circuit.endpoint in NEEDED_CALLS
        and circuit.is_patient
        and (passed_at is None or circuit.next_try_at - PAUSE > passed_at)
    ]
    return (Reason.CALLS_PAUSED, min(pauses), None) if pauses else None


def _result(known: Evidence) -> _Found:
    """Return the newer of the last telling payment and the last set-up test."""
    if known.swapped_at:
        return Reason.SWAPPED_NUMBERS, known.swapped_at, None
    is_tested_last = known.tested_at is not None and (known.paid_at is None or known.tested_at > known.paid_at)
    if is_tested_last:
        return Reason.TEST_FAILED if known.errors else Reason.TEST_PASSED, known.tested_at, None
    return (Reason.PAID, known.paid_at, None) if known.paid_at else (Reason.NEVER_USED, None, None)


def _cache_key() -> str:
    settings = get_settings()
    return f"oscar_mpesa:down:{settings.environment}:{settings.SHORTCODE}"
