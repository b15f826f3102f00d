"""Send requests to Daraja: the ``Transport`` protocol and its HTTP implementation."""

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

#: The most bytes to read of a reply. Daraja's replies are shorter than 2 KB.
MAX_BODY = 1024 * 1024

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. ``connect`` and ``read`` are limits in seconds, together for the whole call.

    ``read`` limits the whole reply, not each packet. Only an ``idempotent`` request can be sent a second time.
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
    """One reply of any status. The body is cut at 1 MB."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Transport(Protocol):
    """Sends a request and returns its response."""

    def send(self, request: Request) -> Response:
        """Return the response, of any status, without following redirects.

        Raises ``DarajaUnreachable`` without a response (``sent=False`` only if the request was certainly not sent),
        ``DarajaUnreadable`` for an incomplete one, and ``DarajaMisconfigured`` for an invalid URL.
        """
        ...


class HttpTransport:
    """Send HTTP requests with ``requests``, with proxies and certificates from the environment. Thread-safe.

    The limits do not include the time of the system's DNS lookup.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._pooled = _session()
        self._monotonic = monotonic

    def send(self, request: Request) -> Response:
        """Send the request, as ``Transport`` describes. Sends an idempotent one again if it failed early."""
        if not request.idempotent:
            # A new connection: a firewall can silently drop a push on an idle one.
            with _session() as fresh:
                return _send(fresh, request, connect=request.connect, read=request.read)
        deadline = self._monotonic() + request.connect + request.read
        try:
            return _send(self._pooled, request, connect=request.connect, read=request.read)
        except DarajaUnreachable:
            left = deadline - self._monotonic()
            if left < (request.connect + request.read) / 2:
                raise
            connect = min(request.connect, left / 2)
            return _send(self._pooled, request, connect=connect, read=left - connect)


def _send(session: requests.Session, request: Request, *, connect: float, read: float) -> Response:
    try:
        with session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            auth=_keep_authorization,
            timeout=(connect, read),
            allow_redirects=False,
            stream=True,
        ) as response:
            return Response(status=response.status_code, headers=dict(response.headers), body=_read_body(response))
    except (OSError, HTTPError, ValueError) as error:
        raise _daraja_error(error, _host(request.url)) from error


def _read_body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) >= MAX_BODY:
            break
    return bytes(body[:MAX_BODY])


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "Daraja"
    except ValueError:
        return "Daraja"


def _daraja_error(error: Exception, host: str) -> DarajaError:
    message = f"{host}: {type(error).__name__}"
    if isinstance(error, ValueError):  # requests raises it for an invalid URL
        return DarajaMisconfigured(message)
    if isinstance(error, (ChunkedEncodingError, ContentDecodingError)):
        return DarajaUnreadable(f"{message}: incomplete reply")
    return DarajaUnreachable(message, sent=not _failed_before_sending(error))


def _failed_before_sending(error: Exception) -> bool:
    """Return whether it failed before sending: no DNS name, connection or proxy, or an invalid certificate."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _keep_authorization(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the Authorization header. Without this, ``.netrc`` can replace it."""
    return prepared


def _session() -> requests.Session:
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
    session.mount("https://", _DeadlineAdapter())
    session.mount("http://", _DeadlineAdapter())
    return session


class _DeadlineReader(io.RawIOBase):
    """Read a socket until the deadline for the whole response.

    The limits of ``requests`` apply to each packet, so a server that sends one byte at a time would never end.
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


class _DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach()))


class _DeadlineHTTPConnection(HTTPConnection):
    response_class = _DeadlineResponse


class _DeadlineHTTPSConnection(HTTPSConnection):
    response_class = _DeadlineResponse


class _DeadlineHTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _DeadlineHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


_POOLS = {"http": _DeadlineHTTPPool, "https": _DeadlineHTTPSPool}


class _DeadlineAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        # SOCKS proxies have their own connection classes, so the deadline applies to HTTP proxies only.
        is_socks = proxy.lower().startswith("socks")
        manager.pool_classes_by_scheme = manager.pool_classes_by_scheme if is_socks else _POOLS
        return manager
