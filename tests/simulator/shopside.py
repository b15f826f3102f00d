"""The shop's side: the package's client, and a server that receives callbacks."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import timezone

from oscar_mpesa.daraja.client import Client
from oscar_mpesa.daraja.stk_push import StkCallback, StkPush, StkPushReply, parse_callback
from oscar_mpesa.daraja.transport import HttpTransport
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.simulator.server import SANDBOX, Simulator
from oscar_mpesa.testing.transport import DictCache

ACCEPTED = b'{"ResultCode": 0, "ResultDesc": "Accepted"}'


class Hooks:
    """Receives callbacks during its ``with`` block, and replies with ``status`` and ``body``."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.status, self.body = 200, ACCEPTED
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    @property
    def callbacks(self) -> list[StkCallback]:
        """Return the parsed callbacks."""
        return [parse_callback(body) for body in self.bodies]

    def __enter__(self) -> Hooks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Shop:
    """A shop with the sandbox's keys. Each push has its own callback URL."""

    def __init__(self, simulator: Simulator, hooks: Hooks) -> None:
        self._hooks = hooks
        self._count = 0
        self.client = Client(replace(SANDBOX, base_url=simulator.url), HttpTransport(), DictCache())

    def push(self, *, phone: str = "0712345678", amount: int = 1500) -> StkPushReply:
        self._count += 1
        push = StkPush(
            phone=PhoneNumber.parse(phone),
            amount=amount,
            callback_url=f"{self._hooks.url}/{self._count}/",
            account_reference="100042",
            description="Order 100042",
        )
        return self.client.push(push, now=timezone.now())

    def query(self, checkout_request_id: str) -> str | None:
        """Return the result of a query, None while there is none."""
        return self.client.query(checkout_request_id, now=timezone.now()).result_code


def _handler_for(hooks: Hooks) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hooks.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(hooks.status)
            self.send_header("Location", hooks.url)
            self.end_headers()
            self.wfile.write(hooks.body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler
