"""Over real HTTP: a browser with the face of Django's test client, and workers that serve the shop on one port."""

from __future__ import annotations

import socket
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from typing import Any
from urllib.error import HTTPError

from django.core.servers.basehttp import ThreadedWSGIServer
from django.core.wsgi import get_wsgi_application
from django.test.testcases import QuietWSGIRequestHandler

#: Seconds: longer than the shop waits for Safaricom's answer to a push.
PATIENCE = 40

#: A page's hidden token and its cookie say the same.
TOKEN = "t" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status_code: int
    headers: Message
    content: bytes

    def __getitem__(self, header: str) -> str:
        return str(self.headers[header])


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """The shopper's steps follow by themselves."""


class Browser:
    """One person's browser, with cookies of its own; for ``Shopper(Browser(...))``."""

    def __init__(self, shop: str) -> None:
        self.session: dict[str, Any] = {}  # a real one's is on the server
        self._shop = shop
        self._cookies = SimpleCookie({"csrftoken": TOKEN})
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._ask(path)

    def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        """Send a form."""
        return self._ask(path, urllib.parse.urlencode(fields).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Answer:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        headers = {"Cookie": cookies, "X-CSRFToken": self._cookies["csrftoken"].value}
        answer = self._open(urllib.request.Request(self._shop + path, body, headers))
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        return answer

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return Answer(status_code=answer.status, headers=answer.headers, content=answer.read())
        except HTTPError as answer:
            with answer:
                return Answer(status_code=answer.code, headers=answer.headers, content=answer.read())


def door() -> socket.socket:
    """A port at which the shop's workers will listen together."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    listening.setblocking(False)  # all workers wake up, and one of them gets the call
    return listening


def serve(listening: socket.socket) -> None:
    """Serve the shop for ever, each request in a thread of its own; a job for a process."""
    address = listening.getsockname()
    server = ThreadedWSGIServer(address, QuietWSGIRequestHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = address
    server.setup_environ()
    server.set_app(get_wsgi_application())
    server.serve_forever(poll_interval=0.1)
