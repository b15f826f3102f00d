"""The phones of a simulator: their answers, the money they pay, and the callbacks."""

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
from oscar_mpesa.simulator.test_numbers import Result, result_of_code


def utc_now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(timezone.utc)


class Phones:
    """All phones of one simulator. Thread-safe.

    ``delay`` is in seconds until a phone answers by itself. With None, phones wait for ``answer`` or ``call_back``.
    ``log`` receives one line for each event.
    """

    def __init__(self, *, delay: float | None, log: Callable[[str], None]) -> None:
        self.delay = delay
        self.ledger = MoneyLedger()
        self.problems: list[str] = []
        self._log = log
        self._results: dict[str, Result] = {}
        self._timers: list[threading.Timer] = []
        self._lock = threading.RLock()

    def answer(self, push: ReceivedPush, *, code: int | str | None = None, amount: int | None = None) -> Result:
        """Let the phone answer, by default or with this result code. Posts no callback, but queries return the result.

        Records paid money once, ``amount`` or the requested amount. No later answer overturns a payment.
        """
        result = push.result if code is None else result_of_code(code)
        taken = push.amount if amount is None else amount
        with self._lock:
            if result.is_paid and self.ledger.take(push, amount=taken, now=utc_now()):
                self._log(f"push {push.number}: {ksh(taken)} taken, receipt {push.receipt_number}")
            earlier = self.result_of(push)
            self._results[push.checkout_request_id] = earlier if earlier and earlier.is_paid else result
        return result

    def call_back(
        self, push: ReceivedPush, *, code: int | str | None = None, amount: int | None = None, **items: object
    ) -> int:
        """Let the phone answer, as ``answer`` does, and post the callback once.

        ``items`` replace the metadata's values, and None leaves an item out. Returns the shop's HTTP status, 0
        without a response.
        """
        result = self.answer(push, code=code, amount=amount)
        payment = push.payment if amount is None else replace(push.payment, amount=amount)
        return self._post(push, result, result_body(payment, result, now=utc_now(), **items))

    def call_back_later(
        self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **options: Any
    ) -> None:
        """Call back after ``after`` seconds, ``delay`` by default. Does nothing if ``delay`` is None.

        Posts the callback ``times`` times at once. With 0, the phone answers without a callback.
        """
        if self.delay is None:
            return
        timer = threading.Timer(self.delay if after is None else after, self._answer_now, (push, times, options))
        with self._lock:
            self._timers = [*(timer for timer in self._timers if timer.is_alive()), timer]
            timer.start()

    def result_of(self, push: ReceivedPush) -> Result | None:
        """Return the result for a query, None if the phone has not answered."""
        return self._results.get(push.checkout_request_id)

    def wait(self, seconds: float = 10) -> None:
        """Wait until all phones that answer by themselves have answered, and their callbacks are posted.

        Raises ``TimeoutError`` after ``seconds``.
        """
        ends = time.monotonic() + seconds
        for timer in self._started_timers():
            timer.join(max(ends - time.monotonic(), 0))
            if timer.is_alive():
                raise TimeoutError(f"after {seconds:g} seconds a phone has not answered yet")

    def stop_phones(self) -> None:
        """Cancel all pending answers, and wait for callbacks that are being posted."""
        for timer in self._started_timers():
            timer.cancel()
            timer.join()

    def report_problem(self, problem: str) -> None:
        """Add a problem to ``problems`` and to the log."""
        self.problems.append(problem)
        self._log(f"wrong: {problem}")

    def _started_timers(self) -> tuple[threading.Timer, ...]:
        """Return the timers under the lock, because an unstarted timer cannot be joined."""
        with self._lock:
            return tuple(self._timers)

    def _answer_now(self, push: ReceivedPush, times: int, options: dict[str, Any]) -> None:
        if not times:
            self.answer(push)
            return
        posts = [threading.Thread(target=self.call_back, args=(push,), kwargs=options) for _ in range(times)]
        for each in posts:
            each.start()
        for each in posts:
            each.join()

    def _post(self, push: ReceivedPush, result: Result, body: bytes) -> int:
        status, problem = callback_sender.post(push.callback_url, body)
        self._log(f"push {push.number}: callback with result {result.code}, the shop answered {status or 'nothing'}")
        if problem:
            self.report_problem(f"the callback of push {push.number} met {problem}")
        return status
