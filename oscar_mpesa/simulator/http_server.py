"""The simulator's ear: HTTP in, HTTP out, nothing decided."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from oscar_mpesa.simulator.replies import Reply


class Endpoints(Protocol):
    """Who answers; None closes the connection without a word."""

    def get(self, path: str, authorization: str) -> Reply | None:
        """Answer a GET."""
        ...

    def post(self, path: str, authorization: str, body: bytes) -> Reply | None:
        """Answer a POST."""
        ...


class HttpServer(ThreadingHTTPServer):
    """A thread for each request; closing waits for them."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, endpoints: Endpoints, *, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.endpoints = endpoints


class _Handler(BaseHTTPRequestHandler):
    server: HttpServer

    #: Seconds for a request to come in.
    timeout = 5

    def do_GET(self) -> None:
        self._answer(self.server.endpoints.get(self.path, self._authorization))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        self._answer(self.server.endpoints.post(self.path, self._authorization, body))

    @property
    def _authorization(self) -> str:
        return str(self.headers.get("Authorization", ""))

    def _answer(self, reply: Reply | None) -> None:
        if reply is None:
            return
        try:
            self._write(reply)
        except OSError:
            self.close_connection = True  # the shop did not wait

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Quiet: the simulator tells what happened."""
