"""Talk to the shop over real HTTP: a browser like Django's test client, and workers on one port."""

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

#: Seconds: longer than the shop waits for Safaricom's reply to a push.
MAX_WAIT = 40

#: The CSRF token of both the form and the cookie.
TOKEN = "t" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response with the attributes of Django's test response that ``Shopper`` reads."""

    status_code: int
    headers: Message
    content: bytes

    def __getitem__(self, header: str) -> str:
        return str(self.headers[header])


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Return no request, because the shopper follows redirects."""


class Browser:
    """A browser with its own cookies, to use as ``Shopper(Browser(...))``."""

    def __init__(self, shop: str) -> None:
        self.session: dict[str, Any] = {}  # the real session is on the server
        self._shop = shop
        self._cookies = SimpleCookie({"csrftoken": TOKEN})
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)

    def get(self, path: str) -> Answer:
        """Get a page."""
        return self._request(path)

    def post(self, path: str, fields: Mapping[str, object]) -> Answer:
        """Post a form."""
        return self._request(path, urllib.parse.urlencode(fields).encode())

    def _request(self, path: str, body: bytes | None = None) -> Answer:
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self._cookies.items())
        headers = {"Cookie": cookies, "X-CSRFToken": self._cookies["csrftoken"].value}
        answer = self._open(urllib.request.Request(self._shop + path, body, headers))
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        return answer

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=MAX_WAIT) as answer:
                return Answer(status_code=answer.status, headers=answer.headers, content=answer.read())
        except HTTPError as answer:
            with answer:
                return Answer(status_code=answer.code, headers=answer.headers, content=answer.read())


def shared_port() -> socket.socket:
    """Return a socket on which all workers of the shop listen."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    listener.setblocking(False)  # all workers wake up, and one of them accepts
    return listener


def serve(listener: socket.socket) -> None:
    """Serve the shop on this socket until the process ends, each request in its own thread."""
    address = listener.getsockname()
    server = ThreadedWSGIServer(address, QuietWSGIRequestHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = address
    server.setup_environ()
    server.set_app(get_wsgi_application())
    server.serve_forever(poll_interval=0.1)
