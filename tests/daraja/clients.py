"""Clients over a script, with a clock that only waiting moves."""

from __future__ import annotations

from collections.abc import Sequence

from oscar_mpesa.daraja.client import ApiCall, Client
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import DictCache, Step, endpoint_of
from tests.daraja.pushes import PAYBILL, Clock


class SlowTransport(ScriptedTransport):
    """Takes for every call all the time that it is given."""

    def __init__(self, clock: Clock, script: dict[str, Sequence[Step]]) -> None:
        super().__init__(script)
        self._clock = clock

    def send(self, request: Request) -> Response:
        self._clock.now += request.connect + request.read
        return super().send(request)


def client(transport: ScriptedTransport, clock: Clock | None = None, seen: list[ApiCall] | None = None) -> Client:
    clock = clock or Clock()
    exchanges = [] if seen is None else seen
    cache = DictCache(monotonic=clock)
    return Client(PAYBILL, transport, cache, exchanges.append, monotonic=clock, sleep=clock.sleep)


def endpoints(transport: ScriptedTransport) -> list[str]:
    return [endpoint_of(request) for request in transport.requests]
