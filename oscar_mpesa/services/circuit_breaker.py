"""Stop calling Safaricom for a while once it does not answer, so that nobody waits for a time limit.

Each endpoint has two circuits: one for patient calls, which have the whole time limit, and one for the calls of pages
that poll, which have less. So a slow Safaricom pauses the polls, and ``mpesa_reconcile`` goes on.

Any answer closes a circuit, an error page too: it came in time, and this only protects from waiting.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from django.core.cache.backends.locmem import LocMemCache
from django.core.signals import setting_changed

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import DarajaPaused
from oscar_mpesa.daraja.tokens import Cache
from oscar_mpesa.services.shared_cache import SharedCache

#: A circuit opens after this many calls in a row without an answer in time.
FAILURES = 3

#: The pause between two calls of an open circuit. One caller makes the next call, and the others wait for its outcome.
PAUSE = timedelta(seconds=30)

#: Seconds after which failures, or an open circuit that nobody tries, are forgotten.
FAILURES_REMEMBERED, OPEN_REMEMBERED = 600, 3600

ENDPOINTS = ("oauth", "push", "query")

#: Keeps this process's circuits while the shared cache is down.
_process_cache = LocMemCache("oscar_mpesa-circuits", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCircuit:
    """An endpoint that is not called now: since when, and when it is tried next, in UTC."""

    endpoint: str
    is_patient: bool
    since: datetime
    next_try_at: datetime


class CircuitBreaker:
    """Guard the calls to one base URL, as ``daraja.guard.Guard`` describes. Shared by all workers by their cache.

    While the cache is down, each process counts for itself. ``now`` is the time of creation. With ``admits_all``, it
    only records.
    """

    def __init__(self, base_url: str, cache: SharedCache, *, now: datetime, admits_all: bool = False) -> None:
        self._base_url = base_url
        self._shared = cache
        self._admits_all = admits_all
        self._now, self._created = now, time.monotonic()

    def admit(self, endpoint: str, *, is_patient: bool) -> None:
        """Raise ``DarajaPaused`` if the circuit is open, but not for the one caller that tries it after each pause."""
        if not self._admits_all:
            self._circuit(endpoint, is_patient=is_patient).admit(self._time())

    def is_paused(self, endpoint: str, *, is_patient: bool) -> bool:
        """Return whether ``admit`` would refuse the call. Reserves nothing."""
        return self._circuit(endpoint, is_patient=is_patient).is_paused(self._time())

    def record(self, endpoint: str, *, is_patient: bool, is_answered: bool) -> None:
        """Count a call without an answer; an answer closes the circuit. One within a poll's limit closes both."""
        if not is_answered:
            self._circuit(endpoint, is_patient=is_patient).record_failure(self._time())
            return
        self._circuit(endpoint, is_patient=True).close()
        if not is_patient:
            self._circuit(endpoint, is_patient=False).close()

    def open_circuits(self) -> list[OpenCircuit]:
        """Return what is not called now."""
        circuits = (self._circuit(name, is_patient=patient) for name in ENDPOINTS for patient in (True, False))
        return [found for circuit in circuits if (found := circuit.state()) is not None]

    def _circuit(self, endpoint: str, *, is_patient: bool) -> _Circuit:
        cache: Cache = self._shared
        if not self._shared.keeps_values:
            cache = _process_cache
        return _Circuit(cache, self._base_url, endpoint, is_patient=is_patient)

    def _time(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._created)


class _Circuit:
    """One circuit. It is open while the cache has a key for it."""

    def __init__(self, cache: Cache, base_url: str, endpoint: str, *, is_patient: bool) -> None:
        kind = "patient" if is_patient else "poll"
        key = f"oscar_mpesa:circuit:{sha256(base_url.encode()).hexdigest()[:16]}:{endpoint}:{kind}"
        self._cache = cache
        self._endpoint = endpoint
        self._is_patient = is_patient
        self._open, self._failures = f"{key}:open", f"{key}:failures"

    def admit(self, now: datetime) -> None:
        opened = self.state()
        if opened is None or (now >= opened.next_try_at and self._reserve_try(opened.next_try_at)):
            return
        raise DarajaPaused(
            f"{self._endpoint} is not called: the last calls got no answer in time",
            retry_after=max(1, ceil((opened.next_try_at - now).total_seconds())),
        )

    def is_paused(self, now: datetime) -> bool:
        opened = self.state()
        if opened is None:
            return False
        return now < opened.next_try_at or self._cache.get(self._try_key(opened.next_try_at)) is not None

    def record_failure(self, now: datetime) -> None:
        """Count it, and open the circuit or prolong its pause. Two at the same moment may count as one."""
        failures = (self._cache.get(self._failures) or 0) + 1
        self._cache.set(self._failures, failures, FAILURES_REMEMBERED)
        opened = self.state()
        if opened is not None or failures >= FAILURES:
            since = opened.since if opened else now
            self._cache.set(self._open, (since, now + PAUSE), OPEN_REMEMBERED)

    def close(self) -> None:
        if self._cache.get(self._failures) is not None or self._cache.get(self._open) is not None:
            self._cache.delete(self._open)
            self._cache.delete(self._failures)

    def state(self) -> OpenCircuit | None:
        opened = self._cache.get(self._open)
        if opened is None:
            return None
        since, next_try_at = opened
        return OpenCircuit(endpoint=self._endpoint, is_patient=self._is_patient, since=since, next_try_at=next_try_at)

    def _reserve_try(self, next_try_at: datetime) -> bool:
        """Return True to one caller of each pause. If that one dies, another one can try after a pause."""
        return self._cache.add(self._try_key(next_try_at), 1, PAUSE.total_seconds())

    def _try_key(self, next_try_at: datetime) -> str:
        return f"{self._open}:{next_try_at.timestamp():.0f}"


def circuit_breaker(now: datetime, *, admits_all: bool = False) -> CircuitBreaker:
    """Return the breaker for the shop's settings. Raises ``ImproperlyConfigured`` without credentials."""
    settings = get_settings()
    cache = SharedCache(settings.CACHE)
    return CircuitBreaker(settings.credentials.base_url, cache, now=now, admits_all=admits_all)


def open_circuits(now: datetime) -> list[OpenCircuit]:
    """Return what the shop does not call now. In test mode, nothing."""
    return circuit_breaker(now).open_circuits() if get_settings().has_credentials else []


def _forget_circuits(*, setting: str, **_: object) -> None:
    if setting == "CACHES":
        _process_cache.clear()


setting_changed.connect(_forget_circuits, dispatch_uid="oscar_mpesa.circuit_breaker")
