"""Fifty open payment pages that poll as their script does."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.gunicorn_shop import GunicornShop, TimedResponse

#: Seconds before the script's second poll; each further pause is longer by the factor, up to the maximum.
FIRST_PAUSE, FACTOR, LONGEST_PAUSE = 2.0, 1.15, 10.0

#: Seconds after which the script aborts a poll.
ABORT_AFTER = 30


@contextmanager
def polling(shop: GunicornShop, paths: Sequence[str], cookie: str) -> Iterator[list[TimedResponse]]:
    """Poll each path from a page of its own until the block ends; yield the answers so far."""
    answers: list[TimedResponse] = []
    has_ended = threading.Event()

    def poll(number: int) -> None:
        path, pause = paths[number], FIRST_PAUSE
        has_ended.wait(FIRST_PAUSE * number / len(paths))  # the pages were opened one after the other
        while not has_ended.wait(pause):
            answers.append(shop.get(path, timeout=ABORT_AFTER, headers={"Cookie": cookie}))
            pause = min(pause * FACTOR, LONGEST_PAUSE)

    threads = [threading.Thread(target=poll, args=[number]) for number in range(len(paths))]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        has_ended.set()
        for thread in threads:
            thread.join(ABORT_AFTER)
