"""Share one OAuth token between all workers, because each new token ends the one before it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oscar_mpesa.daraja.exceptions import KINDS, DarajaError, DarajaPaused, DarajaUnreachable
from oscar_mpesa.daraja.hidden import HiddenText
from oscar_mpesa.daraja.json import text_of

#: Seconds before a token's end when the next one is fetched.
REFRESH_EARLY = 60

#: Seconds for which only one worker may fetch. If it dies, another worker can fetch after them.
LOCK = 6

#: Seconds for which all workers raise the same failure, so that they don't repeat the call one by one.
FAILURE = 2

_PAUSE = 0.05

#: Seconds that a token lives if Safaricom does not say, and at most.
_DEFAULT_LIFETIME, _MAX_LIFETIME = 3599, 86_400

_FAILURES: dict[str, type[DarajaError]] = {each.__name__: each for each in KINDS if issubclass(each, DarajaError)}


class Cache(Protocol):
    """The cache that the workers share, such as a Django cache. Timeouts are in seconds."""

    def get(self, key: str) -> Any:
        """Return the value, None if there is none."""
        ...

    def set(self, key: str, value: Any, timeout: float) -> Any:
        """Store the value until the timeout."""
        ...

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Store the value if there is none, atomically. Return whether it was stored."""
        ...

    def delete(self, key: str) -> Any:
        """Delete the value."""
        ...


class Tokens:
    """The shared token under one cache key. ``fetch`` returns a new one and its lifetime in seconds.

    ``max_wait`` is how many seconds a caller waits while another worker fetches. A caller that is not ``is_patient``
    has little time to fetch, so the other workers do not share its time-outs.
    """

    def __init__(
        self,
        cache: Cache,
        fetch: Callable[[], tuple[str, int]],
        key: str,
        *,
        max_wait: float = LOCK + 2,
        is_patient: bool = True,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._fetch = fetch
        self._key = key
        self._max_wait = max_wait
        self._is_patient = is_patient
        self._sleep = sleep
        self._monotonic = monotonic

    def current(self) -> str:
        """Return the token. If there is none, one worker fetches it and the others wait.

        Raises the ``DarajaError`` of a failed fetch, also in the waiting workers. Raises ``DarajaUnreachable`` after
        ``max_wait``.
        """
        started = self._monotonic()
        while True:
            token = self._cached()
            if token is not None:
                return token
            if self._cache.add(self._lock_key, 1, LOCK):
                return self._fetch_under_lock()
            waited = self._monotonic() - started
            if waited > LOCK + 1:  # the cache does not store locks, or nothing at all
                return self.renew()
            if waited > self._max_wait:
                raise DarajaUnreachable("no token: another worker is still fetching it", sent=False)
            self._sleep(_PAUSE)

    def renew(self) -> str:
        """Fetch and share a new token, even if there is one. If that fails, the present token stays."""
        try:
            token, lifetime = self._fetch()
        except DarajaError as error:
            if self._is_shared(error):
                failure = (type(error).__name__, error.message, error.http_status, error.error_code)
                self._cache.set(self._failure_key, failure, FAILURE)
            raise
        self._cache.set(self._key, str(token), max(lifetime - REFRESH_EARLY, 1))
        return token

    def drop(self, token: str) -> None:
        """Delete a refused token, unless another one has already replaced it."""
        if self._cache.get(self._key) == token:
            self._cache.delete(self._key)

    @property
    def _lock_key(self) -> str:
        return f"{self._key}:lock"

    @property
    def _failure_key(self) -> str:
        return f"{self._key}:failure"

    def _is_shared(self, error: DarajaError) -> bool:
        return not isinstance(error, DarajaPaused) and (self._is_patient or not isinstance(error, DarajaUnreachable))

    def _cached(self) -> str | None:
        token = self._cache.get(self._key)
        if token:
            return HiddenText(token)
        failure = self._cache.get(self._failure_key)
        if failure:
            raise _restored_failure(*failure)
        return None

    def _fetch_under_lock(self) -> str:
        try:
            # Another worker may have stored a token after the read and before the lock.
            return self._cached() or self.renew()
        finally:
            self._cache.delete(self._lock_key)


def _restored_failure(kind: str, message: str, http_status: int | None, error_code: str) -> DarajaError:
    error = _FAILURES.get(kind, DarajaUnreachable)(message, http_status=http_status, error_code=error_code)
    error.sent = False
    return error


def read_token(document: Mapping[str, object]) -> tuple[str, int]:
    """Return a reply's token and its lifetime in seconds. Raises ``ValueError`` without a token."""
    token = HiddenText(text_of(document.get("access_token"), "access_token"))
    if not token or not token.isascii() or not token.isprintable():
        raise ValueError("no access_token")
    lifetime = text_of(document.get("expires_in"), "expires_in")
    seconds = int(lifetime) if lifetime.isdecimal() else _DEFAULT_LIFETIME
    return token, min(seconds, _MAX_LIFETIME)
