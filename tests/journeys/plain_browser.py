"""A browser over real HTTP with the cookies of the test client that walked the checkout."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from django.test import Client

TOKEN = "t" * 32


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A response; ``location`` is empty unless it redirects."""

    status: int
    text: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainBrowser:
    """Request pages of the live shop, with a CSRF token."""

    shop: str
    client: Client

    def get(self, path: str) -> Page:
        return self._request(urllib.request.Request(self.shop + path))

    def post(self, path: str, **fields: str) -> Page:
        body = urllib.parse.urlencode(fields).encode()
        return self._request(urllib.request.Request(self.shop + path, body, {"X-CSRFToken": TOKEN}))

    def _request(self, request: urllib.request.Request) -> Page:
        cookies = {name: morsel.value for name, morsel in self.client.cookies.items()} | {"csrftoken": TOKEN}
        request.add_header("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()))
        try:
            with OPENER.open(request, timeout=10) as answer:
                return Page(status=answer.status, text=answer.read().decode(), location="")
        except urllib.error.HTTPError as answer:
            with answer:
                return Page(
                    status=answer.code, text=answer.read().decode(), location=answer.headers.get("Location", "")
                )
