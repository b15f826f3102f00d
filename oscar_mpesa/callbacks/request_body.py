"""Read the body of a callback, also one that arrives in chunks.

Django reads ``Content-Length`` bytes. A body with ``Transfer-Encoding: chunked`` has no length, so Django reads none of
it under WSGI. Servers that decode chunks say so with ``wsgi.input_terminated``: gunicorn, waitress and cheroot always
do, uWSGI with ``wsgi-manage-chunked-input``. ASGI servers pass on the whole body.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, UnreadablePostError

_PIECE = 8 * 1024


class LengthRequired(Exception):
    """The body is chunked, and the web server neither decodes it nor knows its length."""


def read_body(request: HttpRequest, limit: int) -> bytes:
    """Return the body, cut to ``limit`` bytes.

    Raises ``LengthRequired``, and ``UnreadablePostError`` if the body is malformed or ends too early.
    """
    body = request.read(limit)
    environ = getattr(request, "environ", None)
    if environ is None:
        return body
    length = _content_length(environ)
    is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not body and (is_chunked or length is None) and environ.get("wsgi.input_terminated"):
        return _read_to_the_end(environ["wsgi.input"], limit)
    if not body and is_chunked and length is None:
        raise LengthRequired
    if len(body) < min(length or 0, limit):
        raise UnreadablePostError("the body is shorter than its Content-Length")
    return body


def _content_length(environ: dict[str, Any]) -> int | None:
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isdecimal() else None


def _read_to_the_end(stream: Any, limit: int) -> bytes:
    body = bytearray()
    try:
        while len(body) < limit and (piece := stream.read(min(_PIECE, limit - len(body)))):
            body += piece
    except Exception as error:  # servers have exceptions of their own for a malformed chunk
        raise UnreadablePostError(*error.args) from error
    return bytes(body)
