"""Post callbacks as Safaricom does: once, without a proxy, and without following redirects."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

#: Seconds to wait for the shop's response.
TIMEOUT = 10


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: it would turn the POST into a GET."""


#: Ignores the proxies in the environment.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def post(url: str, body: bytes) -> tuple[int, str]:
    """Post a callback. Return the shop's HTTP status, 0 without a response, and the problem, empty if there is none."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as response:
            return response.status, "" if _is_accepted(response.read()) else "an answer without ResultCode 0"
    except HTTPError as error:
        with error:
            return error.code, f"HTTP {error.code}"
    except (OSError, HTTPException) as error:
        return 0, type(error).__name__


def _is_accepted(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["ResultCode"] in (0, "0"))
    except (ValueError, KeyError, TypeError):
        return False
