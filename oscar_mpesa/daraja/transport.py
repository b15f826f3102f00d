"""The one seam to the network: what a transport promises, and the one that speaks HTTP."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ContentDecodingError
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

from oscar_mpesa.daraja.exceptions import DarajaError, DarajaMisconfigured, DarajaUnreachable, DarajaUnreadable

#: Bytes of an answer that are read; Daraja's are shorter than 2 KB.
LARGEST_ANSWER = 1024 * 1024

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``connect`` and ``read`` are limits in seconds, and together the limit of the whole exchange.

    ``read`` holds the whole answer, not each packet. Only an ``idempotent`` request may be sent a second time.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    idempotent: bool
    connect: float
    read: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, whatever its status; the body is cut at 1 MB."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Something that carries a request to Daraja and its answer back."""

    def send(self, request: Request) -> Response:
        """Return the answer, of any status; follow no redirect.

        Raises ``DarajaUnreachable`` without an answer (``sent=False`` only if the request surely did not leave),
        ``DarajaUnreadable`` for one that broke off, ``DarajaMisconfigured`` for an address that is none.
        """
        ...


class HttpTransport:
    """Speaks HTTP through ``requests``, with its proxies and certificates from the environment; safe for threads.

    The time that the system's resolver takes to find the host is the system's own, and comes on top of the limits.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pooled = _session()
        self._monotonic = monotonic

    def send(self, request: Request) -> Response:
        """Send it, as ``Transport`` promises; an idempotent one that failed early is sent once more."""
        if not request.idempotent:
            # A connection of its own: on an idle one that a firewall forgot, a push would be lost in silence.
            with _session() as fresh:
                return _exchange(fresh, request, connect=request.connect, read=request.read)
        deadline = self._monotonic() + request.connect + request.read
        try:
            return _exchange(self._pooled, request, connect=request.connect, read=request.read)
        except DarajaUnreachable:
            left = deadline - self._monotonic()
            if left < (request.connect + request.read) / 2:
                raise
            connect = min(request.connect, left / 2)
            return _exchange(self._pooled, request, connect=connect, read=left - connect)


def _exchange(session: requests.Session, request: Request, *, connect: float, read: float) -> Response:
    try:
        with session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            auth=_as_given,
            timeout=(connect, read),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return Response(status=answer.status_code, headers=dict(answer.headers), body=_body_of(answer))
    except (OSError, HTTPError, ValueError) as error:
        raise _translated(error, _host_in(request.url)) from error


def _body_of(answer: requests.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(_CHUNK):
        body += chunk
        if len(body) >= LARGEST_ANSWER:
            break
    return bytes(body[:LARGEST_ANSWER])


def _host_in(url: str) -> str:
    try:
        return urlsplit(url).hostname or "Daraja"
    except ValueError:
        return "Daraja"


def _translated(error: Exception, host: str) -> DarajaError:
    told = f"{host}: {type(error).__name__}"
    if isinstance(error, ValueError):  # what requests raises for an address that is none
        return DarajaMisconfigured(told)
    if isinstance(error, (ChunkedEncodingError, ContentDecodingError)):
        return DarajaUnreadable(f"{told}: the answer broke off")
    return DarajaUnreachable(told, sent=not _never_left(error))


def _never_left(error: Exception) -> bool:
    """Whether it failed before the request went out: no name, no connection, no proxy or a wrong certificate."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _as_given(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep our Authorization header: without this, a line in ``.netrc`` would replace it."""
    return prepared


def _session() -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
    session.mount("https://", _HeldAdapter())
    session.mount("http://", _HeldAdapter())
    return session


class _HeldReader(io.RawIOBase):
    """Reads a socket until the moment at which the whole answer had to be there.

    The limits of ``requests`` hold each packet only: a server that drips one byte at a time would never end.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._deadline = time.monotonic() + (sock.gettimeout() or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HeldResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_HeldReader(sock, self.fp.detach()))


class _HeldHTTPConnection(HTTPConnection):
    response_class = _HeldResponse


class _HeldHTTPSConnection(HTTPSConnection):
    response_class = _HeldResponse


class _HeldHTTPPool(HTTPConnectionPool):
    ConnectionCls = _HeldHTTPConnection


class _HeldHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HeldHTTPSConnection


_POOLS = {"http": _HeldHTTPPool, "https": _HeldHTTPSPool}


class _HeldAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        # A SOCKS proxy brings connections of its own kind, so only HTTP proxies are held as strictly.
        is_socks = proxy.lower().startswith("socks")
        manager.pool_classes_by_scheme = manager.pool_classes_by_scheme if is_socks else _POOLS
        return manager
