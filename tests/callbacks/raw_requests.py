"""Raw HTTP requests that post a callback, as proxies and broken clients send them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle

#: The sizes of the chunks, again and again.
ODD_SIZES = (1, 7, 64, 3, 1000, 2)


def post(path: str, *headers: str, body: bytes) -> bytes:
    """Return a POST of this body, which closes the connection afterwards."""
    lines = [f"POST {path} HTTP/1.1", "Host: testserver", "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def chunked(path: str, body: bytes, *, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a POST of this body in chunks of odd sizes."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in odd_pieces(body))
    return post(path, "Transfer-Encoding: chunked", body=chunks + end)


def odd_pieces(body: bytes) -> Iterator[bytes]:
    """Cut a body into pieces of odd sizes."""
    start = 0
    for size in cycle(ODD_SIZES):
        if start >= len(body):
            return
        yield body[start : start + size]
        start += size


def statuses(answers: Iterable[bytes]) -> list[int]:
    """Return the final status of each raw answer, 0 for none."""
    lines = [answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").split(b" ", 2) for answer in answers]
    return [int(line[1]) if len(line) > 1 else 0 for line in lines]
