"""The phones that were prompted: what their owners answer, the money that leaves them, and the callbacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.simulator import callback_sender
from oscar_mpesa.simulator.money_ledger import MoneyLedger
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.results import result_body
from oscar_mpesa.simulator.test_numbers import Result, described


def current_moment() -> datetime:
    """Now, as the simulator's clock has it."""
    return datetime.now(timezone.utc)


class Phones:
    """All phones of one simulator; safe for threads.

    ``delay`` is in seconds until a phone answers by itself; with None phones wait for ``answer`` and ``call_back``.
    """

    def __init__(self, *, delay: float | None, tell: Callable[[str], None]) -> None:
        self.delay = delay
        self.ledger = MoneyLedger()
        self.complaints: list[str] = []
        self._tell = tell
        self._results: dict[str, Result] = {}
        self._timers: list[threading.Timer] = []
        self._lock = threading.RLock()

    def answer(self, push: ReceivedPush, *, code: int | str | None = None, amount: int | None = None) -> Result:
        """Let the phone answer, as it would or with this code: from now on a query tells it. No callback is posted.

        Paid money, ``amount`` or what was asked for, stands in the ledger once, and nothing overturns it.
        """
        result = push.result if code is None else described(code)
        taken = push.amount if amount is None else amount
        with self._lock:
            if result.is_paid and self.ledger.take(push, amount=taken, now=current_moment()):
                self._tell(f"push {push.number}: {ksh(taken)} taken, receipt {push.receipt_number}")
            known = self.result_of(push)
            self._results[push.checkout_request_id] = known if known and known.is_paid else result
        return result

    def call_back(
        self, push: ReceivedPush, *, code: int | str | None = None, amount: int | None = None, **items: object
    ) -> int:
        """Let the phone answer, as ``answer`` does, and post the callback; return the shop's HTTP status.

        ``items`` stand in place of the callback's own, None leaves one out. Without an answer it is 0; a callback
        is not posted again by itself.
        """
        result = self.answer(push, code=code, amount=amount)
        facts = push.facts if amount is None else replace(push.facts, amount=amount)
        return self._post(push, result, result_body(facts, result, now=current_moment(), **items))

    def call_back_later(self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **told: Any) -> None:
        """The same after ``delay`` or so many seconds, so many times at once; never, if phones wait to be told."""
        if self.delay is None:
            return
        timer = threading.Timer(self.delay if after is None else after, self._come_back, (push, times, told))
        with self._lock:
            self._timers = [*(timer for timer in self._timers if timer.is_alive()), timer]
            timer.start()

    def result_of(self, push: ReceivedPush) -> Result | None:
        """What a query would tell now; None while the phone has not answered."""
        return self._results.get(push.checkout_request_id)

    def wait(self, seconds: float = 10) -> None:
        """Wait until every phone that answers by itself has done so, and its callback is posted.

        Raises ``TimeoutError`` after so many seconds.
        """
        ends = time.monotonic() + seconds
        for timer in self._started():
            timer.join(max(ends - time.monotonic(), 0))
            if timer.is_alive():
                raise TimeoutError(f"after {seconds:g} seconds a phone has not answered yet")

    def hang_up(self) -> None:
        """No phone answers any more; callbacks that are on their way are waited for."""
        for timer in self._started():
            timer.cancel()
            timer.join()

    def complain(self, problem: str) -> None:
        """Keep what was wrong, for the one who tests."""
        self.complaints.append(problem)
        self._tell(f"wrong: {problem}")

    def _started(self) -> tuple[threading.Timer, ...]:
        """Another thread may have made one that it has not started yet; nobody can wait for that."""
        with self._lock:
            return tuple(self._timers)

    def _come_back(self, push: ReceivedPush, times: int, told: dict[str, Any]) -> None:
        if not times:
            self.answer(push)
            return
        posts = [threading.Thread(target=self.call_back, args=(push,), kwargs=told) for _ in range(times)]
        for each in posts:
            each.start()
        for each in posts:
            each.join()

    def _post(self, push: ReceivedPush, result: Result, body: bytes) -> int:
        status, problem = callback_sender.post(push.callback_url, body)
        self._tell(f"push {push.number}: callback with result {result.code}, the shop answered {status or 'nothing'}")
        if problem:
            self.complain(f"the callback of push {push.number} met {problem}")
        return status
