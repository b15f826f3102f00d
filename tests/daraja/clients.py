"""Build clients with a scripted transport and a fake clock."""

from __future__ import annotations

from collections.abc import Sequence

from oscar_mpesa.daraja.client import ApiCall, Client
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import DictCache, Step, endpoint_of
from tests.daraja.pushes import PAYBILL, Clock


class SlowTransport(ScriptedTransport):
    """Uses the whole time limit of every call."""

    def __init__(self, clock: Clock, script: dict[str, Sequence[Step]]) -> None:
        super().__init__(script)
        self._clock = clock

    def send(self, request: Request) -> Response:
        self._clock.now += request.connect + request.read
        return super().send(request)


def client(transport: ScriptedTransport, clock: Clock | None = None, seen: list[ApiCall] | None = None) -> Client:
    clock = clock or Clock()
    calls = [] if seen is None else seen
    cache = DictCache(monotonic=clock)
    return Client(PAYBILL, transport, cache, calls.append, monotonic=clock, sleep=clock.sleep)


def endpoints(transport: ScriptedTransport) -> list[str]:
    return [endpoint_of(request) for request in transport.requests]
