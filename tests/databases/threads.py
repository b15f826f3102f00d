"""Run jobs at the same moment, each in its own thread and database connection."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.testing.transport import answer, endpoint_of
from tests import shop

#: Seconds until a waiting thread gives up.
MAX_WAIT = 30

_numbers = itertools.count(1)


def new_phone() -> PhoneNumber:
    """Return a phone that has no prompt yet."""
    return PhoneNumber.parse(f"25471{next(_numbers):07}")


def new_payment(order: Any = None, **about: Any) -> MpesaPayment:
    """Create a payment as ``tests.shop`` does, for a new phone, because a phone's prompts are limited."""
    return shop.new_payment(order, phone=new_phone(), **about)


def at_once(jobs: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run all jobs at the same time; return their results in order, or raise what one of them raised."""
    queue = list(jobs)
    barrier = threading.Barrier(len(queue))

    def run(job: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            barrier.wait(MAX_WAIT)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(queue)) as pool:
        return list(pool.map(run, queue))


def clear_query_budget() -> None:
    """Delete the calls from which the budget of four queries a minute is counted."""
    MpesaApiCall.objects.all().delete()


def after(seconds: float, job: Callable[[], Any]) -> Any:
    """Run a job after a delay that grows each round, so that each side wins some rounds."""
    time.sleep(seconds)
    return job()


class BusyDaraja:
    """Accept every push after a short delay, so that other jobs overtake it; answer queries with one code."""

    def __init__(self, *, seconds: float = 0.1, result_code: str = "4999") -> None:
        self.pushes = self.tokens = 0
        self.seconds = seconds
        self.result_code = result_code
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """Answer as Daraja does."""
        endpoint = endpoint_of(request)
        if endpoint == "oauth":
            return self._give_token()
        if endpoint == "query":
            return answer({"ResponseCode": "0", "ResultCode": self.result_code, "ResultDesc": "simulated"})
        with self._lock:
            self.pushes += 1
            number = self.pushes
        time.sleep(self.seconds)
        ids = {"MerchantRequestID": f"29115-{number}", "CheckoutRequestID": f"ws_CO_{number:024}"}
        return answer({**ids, "ResponseCode": "0", "ResponseDescription": "accepted"})

    def _give_token(self) -> Response:
        with self._lock:
            self.tokens += 1
            number = self.tokens
        time.sleep(self.seconds)
        return answer({"access_token": f"token-{number}", "expires_in": "3599"})
