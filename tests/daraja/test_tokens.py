"""The OAuth token that all workers share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from oscar_mpesa.daraja.exceptions import DarajaBusy, DarajaError, DarajaMisconfigured, DarajaUnreachable
from oscar_mpesa.daraja.tokens import Tokens
from oscar_mpesa.testing.transport import DictCache
from tests.daraja.pushes import Clock

KEY = "the-token"


class Oauth:
    """A scripted token fetch that counts its calls."""

    def __init__(self, *answers: tuple[str, int] | DarajaError) -> None:
        self._answers = list(answers)
        self.calls = 0

    def __call__(self) -> tuple[str, int]:
        self.calls += 1
        answer = self._answers.pop(0)
        if isinstance(answer, DarajaError):
            raise answer
        return answer


class ForgetfulCache(DictCache):
    """Stores nothing and locks nothing, like a cache whose server is down."""

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Store nothing."""

    def add(self, key: str, value: Any, timeout: float) -> bool:
        return False


def shared(cache: DictCache, fetch: Callable[[], tuple[str, int]], clock: Clock, **options: Any) -> Tokens:
    return Tokens(cache, fetch, KEY, sleep=clock.sleep, monotonic=clock, **options)


def test_token_is_reused_until_shortly_before_its_end() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    oauth = Oauth(("first", 3599), ("second", 3599))

    early = [shared(cache, oauth, clock).current() for _ in range(3)]
    clock.now += 3599 - 60
    late = shared(cache, oauth, clock).current()

    assert early == ["first"] * 3
    assert late == "second"
    assert oauth.calls == 2


def test_short_lived_token_is_cached_briefly() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)

    shared(cache, Oauth(("brief", 10)), clock).current()

    assert cache.get(KEY) == "brief"


def test_fifty_concurrent_threads_fetch_once() -> None:
    cache = DictCache()
    started = threading.Barrier(50)
    calls: list[int] = []
    used: list[str] = []

    def fetch() -> tuple[str, int]:
        calls.append(1)
        threading.Event().wait(0.1)
        return "the one", 3599

    def work() -> None:
        started.wait()
        used.append(Tokens(cache, fetch, KEY).current())

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(calls) == 1
    assert used == ["the one"] * 50


def test_failed_fetch_is_shared_for_two_seconds() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    oauth = Oauth(DarajaBusy("busy", http_status=500, error_code="500.003.02"), ("later", 3599))

    with pytest.raises(DarajaBusy):
        shared(cache, oauth, clock).current()
    with pytest.raises(DarajaBusy, match="busy") as again:
        shared(cache, oauth, clock).current()
    clock.now += 2
    token = shared(cache, oauth, clock).current()

    assert (again.value.http_status, again.value.error_code) == (500, "500.003.02")
    assert token == "later"
    assert oauth.calls == 2


def test_fifty_concurrent_threads_share_one_failure() -> None:
    cache = DictCache()
    started = threading.Barrier(50)
    calls: list[int] = []
    errors: list[str] = []

    def fetch() -> tuple[str, int]:
        calls.append(1)
        threading.Event().wait(0.1)
        raise DarajaMisconfigured("wrong keys")

    def work() -> None:
        started.wait()
        try:
            Tokens(cache, fetch, KEY).current()
        except DarajaMisconfigured as error:
            errors.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert len(calls) == 1
    assert errors == ["wrong keys"] * 50


def test_shared_failure_was_not_sent() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    oauth = Oauth(DarajaUnreachable("no answer"))

    with pytest.raises(DarajaUnreachable):
        shared(cache, oauth, clock).current()
    with pytest.raises(DarajaUnreachable) as again:
        shared(cache, oauth, clock).current()

    assert again.value.was_not_sent


def test_another_worker_fetches_after_the_lock_expires() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    cache.add(f"{KEY}:lock", 1, 6)
    began = clock.now

    token = shared(cache, Oauth(("mine", 3599)), clock).current()

    assert token == "mine"
    assert clock.now - began == pytest.approx(6, abs=0.2)


def test_fetch_frees_the_lock() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)

    shared(cache, Oauth(("mine", 3599)), clock).current()

    assert cache.add(f"{KEY}:lock", 1, 6)


def test_token_stored_before_the_lock_is_used() -> None:
    clock = Clock()

    class Busy(DictCache):
        def add(self, key: str, value: Any, timeout: float) -> bool:
            self.set(KEY, "theirs", 3599)
            return super().add(key, value, timeout)

    oauth = Oauth()

    assert shared(Busy(monotonic=clock), oauth, clock).current() == "theirs"
    assert oauth.calls == 0


def test_wait_ends_after_max_wait() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    cache.add(f"{KEY}:lock", 1, 6)

    with pytest.raises(DarajaUnreachable, match="still fetching") as refused:
        shared(cache, Oauth(), clock, max_wait=2).current()

    assert refused.value.was_not_sent


def test_unavailable_cache_only_delays_the_fetch() -> None:
    clock = Clock()

    token = shared(ForgetfulCache(monotonic=clock), Oauth(("mine", 3599)), clock).current()

    assert token == "mine"


def test_drop_leaves_a_newer_token() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    tokens = shared(cache, Oauth(("second", 3599)), clock)
    cache.set(KEY, "first", 3599)

    tokens.drop("first")
    renewed = tokens.current()
    tokens.drop("first")

    assert renewed == "second"
    assert tokens.current() == "second"
