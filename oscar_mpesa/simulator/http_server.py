"""The simulator's HTTP server. ``Endpoints`` decides what to reply."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from oscar_mpesa.simulator.replies import Reply


class Endpoints(Protocol):
    """Replies to requests. None closes the connection without a response."""

    def get(self, path: str, authorization: str) -> Reply | None:
        """Reply to a GET."""
        ...

    def post(self, path: str, authorization: str, body: bytes) -> Reply | None:
        """Reply to a POST."""
        ...


class HttpServer(ThreadingHTTPServer):
    """Serve each request in its own thread. Closing the server waits for the threads."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, endpoints: Endpoints, *, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.endpoints = endpoints


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer

    #: Seconds to wait for a request.
    timeout = 5

    def do_GET(self) -> None:
        self._reply(self.server.endpoints.get(self.path, self._authorization))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        self._reply(self.server.endpoints.post(self.path, self._authorization, body))

    @property
    def _authorization(self) -> str:
        return str(self.headers.get("Authorization", ""))

    def _reply(self, reply: Reply | None) -> None:
        if reply is None:
            return
        try:
            self._write(reply)
        except OSError:
            self.close_connection = True  # the shop closed the connection

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the simulator has its own log."""
