"""Posts callbacks as Safaricom does: once, straight, and without following redirects."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from urllib.error import HTTPError

#: Seconds that Safaricom waits for a shop.
TIMEOUT = 10


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect would turn the post into a GET; Safaricom follows none."""


#: Straight, whatever proxies the environment names.
_STRAIGHT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


def post(url: str, body: bytes) -> tuple[int, str]:
    """Post a callback and return the shop's HTTP status (0 without an answer) and what is wrong, empty for nothing."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with _STRAIGHT.open(request, timeout=TIMEOUT) as answer:
            return answer.status, "" if _is_accepted(answer.read()) else "an answer without ResultCode 0"
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
