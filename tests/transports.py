"""Build transports that behave as the network sometimes does."""

from __future__ import annotations

from dataclasses import replace

from oscar_mpesa.daraja.transport import HttpTransport, Request, Response


class ImpatientTransport:
    """Use real HTTP, but wait at most ``read`` seconds for the reply to a push or a callback."""

    def __init__(self, *, read: float) -> None:
        self._http = HttpTransport()
        self._read = read

    def send(self, request: Request) -> Response:
        """Send the request with the shorter limit; OAuth, the only GET, keeps its own."""
        return self._http.send(request if request.method == "GET" else replace(request, read=self._read))
