"""Several people at once: each in a thread and a database connection of their own, all let go at the same moment."""

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
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.testing.transport import answer, endpoint_of
from tests import shop

#: Seconds after which a thread that waits for another gives up.
PATIENCE = 30

_numbers = itertools.count(1)


def somebody() -> PhoneNumber:
    """A phone that nobody prompted before."""
    return PhoneNumber.parse(f"25471{next(_numbers):07}")


def new_payment(order: Any = None, **about: Any) -> MpesaPayment:
    """The same as ``tests.shop`` makes, with a phone of its own: one phone may be prompted so often only."""
    return shop.new_payment(order, phone=somebody(), **about)


def at_once(jobs: Iterable[Callable[[], Any]]) -> list[Any]:
    """Do all jobs at the same time; return what they returned, in their order, or raise what one of them raised."""
    waiting = list(jobs)
    barrier = threading.Barrier(len(waiting))

    def run(job: Callable[[], Any]) -> Any:
        try:
            connections["default"].ensure_connection()
            barrier.wait(PATIENCE)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(waiting)) as pool:
        return list(pool.map(run, waiting))


class BusyDaraja:
    """Accepts every push after a little while, so that others come meanwhile; answers queries with one code."""

    def __init__(self, *, seconds: float = 0.1, result_code: str = "4999") -> None:
        self.pushes = self.tokens = 0
        self.seconds = seconds
        self.result_code = result_code
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """Answer like Daraja."""
        endpoint = endpoint_of(request)
        if endpoint == "oauth":
            return self._give_token()
        if endpoint == "query":
            return answer({"ResponseCode": "0", "ResultCode": self.result_code, "ResultDesc": "told"})
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
