"""A transport with scripted replies that records requests, and an in-memory cache."""

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


class UnscriptedCall(BaseException):
    """A call that no script expects. It is no ``Exception``, because the client turns those into ``DarajaError``."""


#: One scripted reply: a response, the fields of a JSON reply with status 200, or an error to raise.
Step: TypeAlias = Response | Mapping[str, object] | DarajaError

ENDPOINTS = {
    "/oauth/v1/generate": "oauth",
    "/mpesa/stkpush/v1/processrequest": "push",
    "/mpesa/stkpushquery/v1/query": "query",
}


def answer(fields: Mapping[str, object], *, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(fields).encode())


def page(text: str, *, status: int = 200) -> Response:
    """Return an HTML response, as from a gateway or firewall."""
    return Response(status=status, headers={"Content-Type": "text/html"}, body=text.encode())


class ScriptedTransport:
    """A transport that replies to each endpoint in the order of its script. Thread-safe.

    The endpoints are ``oauth``, ``push`` and ``query``. A plain sequence is for pushes and queries in any order.
    OAuth without a script returns ``token-1``, ``token-2`` and so on. An unscripted call raises ``UnscriptedCall``.
    """

    def __init__(self, script: Mapping[str, Iterable[Step]] | Sequence[Step] = ()) -> None:
        by_endpoint = script if isinstance(script, Mapping) else {"": script}
        unknown = set(by_endpoint) - {*ENDPOINTS.values(), ""}
        if unknown:
            raise ValueError(f"no such endpoint: {', '.join(sorted(unknown))}")
        self.requests: list[Request] = []
        self._steps = {endpoint: deque(steps) for endpoint, steps in by_endpoint.items()}
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        """Record the request, then return or raise the next scripted reply."""
        with self._lock:
            self.requests.append(request)
            step = self._next_step(endpoint_of(request))
        if isinstance(step, DarajaError):
            raise step
        return step if isinstance(step, Response) else answer(step)

    def sent(self, endpoint: str) -> list[dict[str, Any]]:
        """Return the fields of every request to an endpoint, oldest first. OAuth requests have none."""
        return [json.loads(request.body or b"{}") for request in self.requests if endpoint_of(request) == endpoint]

    def _next_step(self, endpoint: str) -> Step:
        if endpoint == "oauth" and endpoint not in self._steps:
            return {"access_token": f"token-{len(self.sent('oauth'))}", "expires_in": "3599"}
        steps = self._steps.get(endpoint) or self._steps.get("")
        if not steps:
            raise UnscriptedCall(f"call {len(self.sent(endpoint))} to {endpoint} was not in the script")
        return steps.popleft()


def endpoint_of(request: Request) -> str:
    """Return the name of a request's endpoint. Raises ``UnscriptedCall`` for a URL that Daraja does not have."""
    path = urlsplit(request.url).path
    if path not in ENDPOINTS:
        raise UnscriptedCall(f"Daraja has no {path}")
    return ENDPOINTS[path]


class DictCache:
    """An in-memory cache with the methods that the client needs. Timeouts are in seconds."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._entries: dict[str, tuple[Any, float]] = {}
        self._lock = threading.Lock()
        self._monotonic = monotonic

    def get(self, key: str) -> Any:
        """Return the value, None if there is none or it has expired."""
        value, ends = self._entries.get(key, (None, 0.0))
        return value if self._monotonic() < ends else None

    def set(self, key: str, value: Any, timeout: float) -> None:
        """Store the value until the timeout."""
        self._entries[key] = (value, self._monotonic() + timeout)

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Store the value if there is none, atomically. Return whether it was stored."""
        with self._lock:
            if self.get(key) is not None:
                return False
            self.set(key, value, timeout)
            return True

    def delete(self, key: str) -> None:
        """Delete the value."""
        self._entries.pop(key, None)
