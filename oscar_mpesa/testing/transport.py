"""A transport that answers by script and keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from oscar_mpesa.daraja.exceptions import DarajaError
from oscar_mpesa.daraja.transport import Request, Response

#: One scripted answer: a whole response, the fields of a 200, or the error to raise.
Step: TypeAlias = Response | Mapping[str, object] | DarajaError

ENDPOINTS = {
    "/oauth/v1/generate": "oauth",
    "/mpesa/stkpush/v1/processrequest": "push",
    "/mpesa/stkpushquery/v1/query": "query",
}


def answer(fields: Mapping[str, object], *, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(fields).encode())


def page(text: str, *, status: int = 200) -> Response:
    """Return an answer that is no JSON, as a gateway or a firewall sends it."""
    return Response(status=status, headers={"Content-Type": "text/html"}, body=text.encode())


class ScriptedTransport:
    """Answers each endpoint (``oauth``, ``push``, ``query``) in the order of its script; safe for threads.

    A plain sequence is for pushes and queries in whatever order they come. Without a script of its own OAuth gives
    ``token-1``, ``token-2`` and so on. A call that no script foresaw is an ``AssertionError``.
    """

    def __init__(self, script: Mapping[str, Iterable[Step]] | Sequence[Step] = ()) -> None:
        named = script if isinstance(script, Mapping) else {"": script}
        unknown = set(named) - {*ENDPOINTS.values(), ""}
        if unknown:
            raise ValueError(f"no such endpoint: {', '.join(sorted(unknown))}")
        self.requests: list[Request] = []
        self._steps = {endpoint: deque(steps) for endpoint, steps in named.items()}
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """Keep the request and return, or raise, the next scripted answer."""
        with self._lock:
            self.requests.append(request)
            step = self._next_step(endpoint_of(request))
        if isinstance(step, DarajaError):
            raise step
        return step if isinstance(step, Response) else answer(step)

    def sent(self, endpoint: str) -> list[dict[str, Any]]:
        """Return the fields of every request to an endpoint, oldest first; OAuth's have none."""
        return [json.loads(request.body or b"{}") for request in self.requests if endpoint_of(request) == endpoint]

    def _next_step(self, endpoint: str) -> Step:
        if endpoint == "oauth" and endpoint not in self._steps:
            return {"access_token": f"token-{len(self.sent('oauth'))}", "expires_in": "3599"}
        steps = self._steps.get(endpoint) or self._steps.get("")
        if not steps:
            raise AssertionError(f"call {len(self.sent(endpoint))} to {endpoint} was not in the script")
        return steps.popleft()


def endpoint_of(request: Request) -> str:
    """Name the endpoint of a request; raises ``AssertionError`` for an address that Daraja does not have."""
    path = urlsplit(request.url).path
    if path not in ENDPOINTS:
        raise AssertionError(f"Daraja has no {path}")
    return ENDPOINTS[path]


class DictCache:
    """A cache in one process, with the methods of Django's that the client needs; timeouts are in seconds."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._kept: dict[str, tuple[Any, float]] = {}
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def get(self, key: str) -> Any:
        """Return the value, None if there is none or its time is over."""
        value, ends = self._kept.get(key, (None, 0.0))
        return value if self._monotonic() < ends else None

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Keep the value for that long."""
        self._kept[key] = (value, self._monotonic() + timeout)

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Keep the value if there is none, in one step; tell whether it was kept."""
        with self._lock:
            if self.get(key) is not None:
                return False
            self.set(key, value, timeout)
            return True

    def delete(self, key: str) -> None:
        """Forget the value."""
        self._kept.pop(key, None)
