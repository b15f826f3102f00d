"""Daraja on a real socket, whose endpoints can hang, reset the connection or answer as a broken gateway does."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.testing.transport import answer, endpoint_of, page
from tests.databases.shared_daraja import SharedDaraja

#: Answers a call. The function that it gets executes the call and returns Daraja's reply.
Behavior: TypeAlias = Callable[["Handler", Callable[[], Response]], None]

#: Seconds that a hanging call outlasts every time limit of the shop.
HANGS_FOR = 60

#: What a gateway answers in front of Daraja (facts of November 2026): an HTML page, and a wrong host or path.
HTML_PAGE = page("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", status=503)
GATEWAY_FAULT = answer(
    {
        "fault": {
            "faultstring": "Unable to identify proxy for host: secure and url: /mpesa/stkpush/v1/processrequest",
            "detail": {"errorcode": "messaging.adaptors.http.flow.ApplicationNotFound"},
        }
    },
    status=404,
)


class Server(ThreadingHTTPServer):
    """Serve each call in a thread that does not outlive the tests."""

    daemon_threads = True

    def __init__(self, daraja: FaultyDaraja) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.daraja = daraja


class Handler(BaseHTTPRequestHandler):
    """Read a call, and let the behavior of its endpoint answer it."""

    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def write(self, reply: Response) -> None:
        """Send a reply."""
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(
            method=self.command, url=self.path, headers={}, body=body, idempotent=False, connect=1, read=1
        )
        daraja = self.server.daraja
        behave = daraja.faults.get(endpoint_of(request), answer_normally)
        behave(self, lambda: daraja.safaricom.send(request))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class FaultyDaraja:
    """Serve ``safaricom`` on 127.0.0.1 during its ``with`` block; ``faults`` name endpoints and their behaviors."""

    def __init__(self, safaricom: SharedDaraja) -> None:
        self.safaricom = safaricom
        self.faults: Mapping[str, Behavior] = {}
        self.fault_has_ended = threading.Event()
        self._server = Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Return the address for ``BASE_URL``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyDaraja:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def failing(self, **faults: Behavior) -> Iterator[None]:
        """Let endpoints (``oauth``, ``push``, ``query``) fail inside the block."""
        self.faults, self.fault_has_ended = faults, threading.Event()
        try:
            yield
        finally:
            self.faults = {}
            self.fault_has_ended.set()


def answer_normally(handler: Handler, execute: Callable[[], Response]) -> None:
    """Execute the call and reply."""
    handler.write(execute())


def hang(handler: Handler, execute: Callable[[], Response]) -> None:
    """Execute the call, and never reply."""
    ends = handler.server.daraja.fault_has_ended
    execute()
    ends.wait(HANGS_FOR)


def reset(handler: Handler, execute: Callable[[], Response]) -> None:
    """Execute the call, then reset the connection instead of replying."""
    execute()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())


def html_503(handler: Handler, execute: Callable[[], Response]) -> None:
    """Reply with a gateway's HTML page, without executing the call."""
    handler.write(HTML_PAGE)


def gateway_404(handler: Handler, execute: Callable[[], Response]) -> None:
    """Reply as a gateway that does not know the path, without executing the call."""
    handler.write(GATEWAY_FAULT)


def after(event: Callable[[], object]) -> Behavior:
    """Return a behavior that lets something happen while the shop waits for its reply."""

    def behave(handler: Handler, execute: Callable[[], Response]) -> None:
        reply = execute()
        event()
        handler.write(reply)

    return behave
