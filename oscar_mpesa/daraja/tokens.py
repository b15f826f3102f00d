"""One OAuth token for all workers: Safaricom lets each new token end the one before, so nobody has one of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oscar_mpesa.daraja.exceptions import (
    DarajaBusy,
    DarajaError,
    DarajaMisconfigured,
    DarajaRefused,
    DarajaUnreachable,
    DarajaUnreadable,
)
from oscar_mpesa.daraja.json import text_of

#: A token is fetched anew this many seconds before it ends.
EARLY = 60

#: Seconds for which one worker alone may fetch; if it dies, the others go on after them.
LOCK = 6

#: Seconds for which a failed fetch is everybody's answer, so that a crowd does not repeat it one by one.
FAILURE = 2

_PAUSE = 0.05

_KINDS: dict[str, type[DarajaError]] = {
    kind.__name__: kind for kind in (DarajaBusy, DarajaMisconfigured, DarajaRefused, DarajaUnreadable)
}


class Cache(Protocol):
    """What the workers share; Django's caches fit. Timeouts are in seconds."""

    def get(self, key: str) -> Any:
        """Return the value, None if there is none."""
        ...

    def set(self, key: str, value: Any, timeout: float) -> Any:
        """Keep the value for that long."""
        ...

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Keep the value if there is none, in one step; tell whether it was kept."""
        ...

    def delete(self, key: str) -> Any:
        """Forget the value."""
        ...


class Tokens:
    """The shared token under one cache key; ``fetch`` gets a new one and the seconds it lives.

    ``patience`` is how many seconds a caller waits while another worker fetches.
    """

    def __init__(
        self,
        cache: Cache,
        fetch: Callable[[], tuple[str, int]],
        key: str,
        *,
        patience: float = LOCK + 2,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._fetch = fetch
        self._key = key
        self._patience = patience
        self._sleep = sleep
        self._monotonic = monotonic

    def current(self) -> str:
        """Return the token, fetched if need be; of all workers that find none, one fetches.

        Raises the fetch's own ``DarajaError`` (for those who waited too), ``DarajaUnreachable`` when patience ends.
        """
        started = self._monotonic()
        while True:
            token = self._known()
            if token is not None:
                return token
            if self._cache.add(self._lock_key, 1, LOCK):
                return self._fetch_alone()
            waited = self._monotonic() - started
            if waited > LOCK + 1:  # the cache keeps no locks, or nothing at all
                return self.renew()
            if waited > self._patience:
                raise DarajaUnreachable("no token: another worker is still fetching it", sent=False)
            self._sleep(_PAUSE)

    def renew(self) -> str:
        """Fetch a token now, without asking whether there is one, and share it; one that is there stays if it fails."""
        try:
            token, lifetime = self._fetch()
        except DarajaError as error:
            told = (type(error).__name__, error.message, error.http_status, error.error_code)
            self._cache.set(self._failure_key, told, FAILURE)
            raise
        self._cache.set(self._key, token, max(lifetime - EARLY, 1))
        return token

    def drop(self, token: str) -> None:
        """Forget a token that was refused, unless another has taken its place already."""
        if self._cache.get(self._key) == token:
            self._cache.delete(self._key)

    @property
    def _lock_key(self) -> str:
        return f"{self._key}:lock"

    @property
    def _failure_key(self) -> str:
        return f"{self._key}:failure"

    def _known(self) -> str | None:
        token = self._cache.get(self._key)
        if token:
            return str(token)
        failure = self._cache.get(self._failure_key)
        if failure:
            raise _failure_again(*failure)
        return None

    def _fetch_alone(self) -> str:
        try:
            # Another worker may have finished between our look and our lock.
            return self._known() or self.renew()
        finally:
            self._cache.delete(self._lock_key)


def _failure_again(kind: str, message: str, http_status: int | None, error_code: str) -> DarajaError:
    error = _KINDS.get(kind, DarajaUnreachable)(message, http_status=http_status, error_code=error_code)
    error.sent = False
    return error


#: Seconds that a token lives where Safaricom does not say, and the most we believe.
_USUAL_TOKEN_LIFE = 3599


_LONGEST_TOKEN_LIFE = 86_400


def read_token(document: Mapping[str, object]) -> tuple[str, int]:
    """Return a token and the seconds it lives; raises ``ValueError`` without one."""
    token = text_of(document.get("access_token"), "access_token")
    if not token or not token.isascii() or not token.isprintable():
        raise ValueError("no access_token")
    lifetime = text_of(document.get("expires_in"), "expires_in")
    seconds = int(lifetime) if lifetime.isdecimal() else _USUAL_TOKEN_LIFE
    return token, min(seconds, _LONGEST_TOKEN_LIFE)
