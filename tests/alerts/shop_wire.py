"""A transport for a shop whose callback address works: it delivers what the shop posts to itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from django.test import Client

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import Step
from tests.services.daraja_replies import CREDENTIALS

SHOP = urlsplit(str(CREDENTIALS["CALLBACK_URL"])).hostname


class ShopWire:
    """Reply as Safaricom by a script, and as the shop by its own views."""

    def __init__(self, **script: Iterable[Step]) -> None:
        self._safaricom = ScriptedTransport(script)

    def send(self, request: Request) -> Response:
        """Return the shop's response to its own address, and the script's to any other."""
        url = urlsplit(request.url)
        if url.hostname != SHOP:
            return self._safaricom.send(request)
        headers: Mapping[str, str] = {"X-Forwarded-For": "196.201.214.200"}
        answer = Client().post(url.path, request.body, content_type="application/json", headers=headers)
        return Response(status=answer.status_code, headers={}, body=answer.content)
