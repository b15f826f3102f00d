"""One token for all workers."""

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
    """Counts the calls it answers."""

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
    """Keeps nothing and gives no lock, like a cache whose server is down."""

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Keep nothing."""

    def add(self, key: str, value: Any, timeout: float) -> bool:
        return False


def shared(cache: DictCache, fetch: Callable[[], tuple[str, int]], clock: Clock, **options: float) -> Tokens:
    return Tokens(cache, fetch, KEY, sleep=clock.sleep, monotonic=clock, **options)


def test_a_token_is_fetched_once_and_used_until_shortly_before_its_end() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    oauth = Oauth(("first", 3599), ("second", 3599))

    early = [shared(cache, oauth, clock).current() for _ in range(3)]
    clock.now += 3599 - 60
    late = shared(cache, oauth, clock).current()

    assert early == ["first"] * 3
    assert late == "second"
    assert oauth.calls == 2


def test_a_token_that_hardly_lives_is_kept_for_a_moment() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)

    shared(cache, Oauth(("brief", 10)), clock).current()

    assert cache.get(KEY) == "brief"


def test_fifty_cold_threads_make_one_call() -> None:
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


def test_a_failed_fetch_is_everybodys_answer_for_a_moment() -> None:
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


def test_fifty_threads_before_a_failing_oauth_make_one_call() -> None:
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


def test_a_failure_that_nobody_heard_of_was_surely_not_a_prompt() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    oauth = Oauth(DarajaUnreachable("no answer"))

    with pytest.raises(DarajaUnreachable):
        shared(cache, oauth, clock).current()
    with pytest.raises(DarajaUnreachable) as again:
        shared(cache, oauth, clock).current()

    assert again.value.was_not_sent


def test_when_the_fetching_worker_dies_another_goes_on_after_a_few_seconds() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    cache.add(f"{KEY}:lock", 1, 6)
    began = clock.now

    token = shared(cache, Oauth(("mine", 3599)), clock).current()

    assert token == "mine"
    assert clock.now - began == pytest.approx(6, abs=0.2)


def test_the_lock_is_free_again_after_a_fetch() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)

    shared(cache, Oauth(("mine", 3599)), clock).current()

    assert cache.add(f"{KEY}:lock", 1, 6)


def test_a_token_that_came_between_look_and_lock_is_used() -> None:
    clock = Clock()

    class Busy(DictCache):
        def add(self, key: str, value: Any, timeout: float) -> bool:
            self.set(KEY, "theirs", 3599)
            return super().add(key, value, timeout)

    oauth = Oauth()

    assert shared(Busy(monotonic=clock), oauth, clock).current() == "theirs"
    assert oauth.calls == 0


def test_nobody_waits_longer_than_they_can() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    cache.add(f"{KEY}:lock", 1, 6)

    with pytest.raises(DarajaUnreachable, match="still fetching") as refused:
        shared(cache, Oauth(), clock, patience=2).current()

    assert refused.value.was_not_sent


def test_a_cache_that_is_down_delays_a_payment_but_does_not_stop_it() -> None:
    clock = Clock()

    token = shared(ForgetfulCache(monotonic=clock), Oauth(("mine", 3599)), clock).current()

    assert token == "mine"


def test_a_refused_token_is_dropped_only_while_it_is_the_current_one() -> None:
    clock = Clock()
    cache = DictCache(monotonic=clock)
    tokens = shared(cache, Oauth(("second", 3599)), clock)
    cache.set(KEY, "first", 3599)

    tokens.drop("first")
    renewed = tokens.current()
    tokens.drop("first")

    assert renewed == "second"
    assert tokens.current() == "second"
