"""The shared cache costs at most half a second, and an outage of it one wait (M15)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

from oscar_mpesa.services.shared_cache import SharedCache
from tests.outages import redis_cache, silent_server

LOCAL = "django.core.cache.backends.locmem.LocMemCache"


class RemoteCache(LocMemCache):
    """A cache in memory that the app treats as a server. It counts its operations and fails if ``is_broken``."""

    operations: list[str] = []
    is_broken = False

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value."""
        self.operations.append(threading.current_thread().name)
        if self.is_broken:
            raise ConnectionError("reset by peer")
        return super().get(key, default, version)


@pytest.fixture
def remote(settings: Any) -> Iterator[type[RemoteCache]]:
    settings.CACHES = {
        "default": {"BACKEND": LOCAL},
        "remote": {"BACKEND": "tests.services.test_shared_cache.RemoteCache", "LOCATION": "remote"},
    }
    RemoteCache.operations, RemoteCache.is_broken = [], False
    yield RemoteCache
    caches["remote"].clear()


def values(cache: SharedCache) -> tuple[Any, ...]:
    """Return what each operation returns, in turn."""
    stored = cache.get("key")
    return stored, cache.add("key", "a", 60), cache.add("key", "b", 60), cache.get("key"), cache.keeps_values


@pytest.mark.parametrize("alias", ["default", "remote"])
def test_operations_work_as_in_django(remote: type[RemoteCache], alias: str) -> None:
    cache = SharedCache(alias)

    before = values(cache)
    cache.set("key", "c", 60)
    replaced = cache.get("key")
    cache.delete("key")

    assert before == (None, True, False, "a", True)
    assert (replaced, cache.get("key")) == ("c", None)


def test_one_thread_operates_a_cache(remote: type[RemoteCache]) -> None:
    threads = [threading.Thread(target=SharedCache("remote").get, args=["key"]) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)

    assert remote.operations == ["oscar_mpesa-cache-remote"] * 20


def test_failed_cache_is_left_alone(remote: type[RemoteCache], caplog: pytest.LogCaptureFixture) -> None:
    cache = SharedCache("remote")
    cache.set("key", "a", 60)
    remote.is_broken = True

    failed = values(cache)

    assert failed == (None, True, True, None, False)
    assert len(remote.operations) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "M-PESA: the cache 'remote' fails and is left alone for a while"
    ]
    assert "reset by peer" in caplog.text


def test_hanging_cache_costs_one_wait(settings: Any) -> None:
    with silent_server() as port:
        settings.CACHES = {"default": redis_cache(port)}
        started = time.monotonic()
        found = [values(SharedCache("default")) for _ in range(50)]
        seconds = time.monotonic() - started
        stuck = [thread.name for thread in threading.enumerate() if thread.name == "oscar_mpesa-cache-default"]

    assert found == [(None, True, True, None, False)] * 50
    assert 0.45 < seconds < 10  # each of the 250 operations would wait 0.5 seconds
    assert stuck == ["oscar_mpesa-cache-default"]


def test_concurrent_callers_of_a_hanging_cache_wait_once_each(settings: Any) -> None:
    with silent_server() as port:
        settings.CACHES = {"default": redis_cache(port)}
        threads = [threading.Thread(target=SharedCache("default").get, args=["key"]) for _ in range(20)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        seconds = time.monotonic() - started

    assert 0.45 < seconds < 5  # one after the other, they would wait ten seconds


def test_unknown_backend_counts_as_an_outage(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "shop.caches.Missing"}}

    assert values(SharedCache("default")) == (None, True, True, None, False)
