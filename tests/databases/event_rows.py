"""A Daraja whose notes stand in a file, so that every process reads the same ones, and in which a process can die."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.testing.transport import answer, endpoint_of
from tests.databases.processes import die
from tests.shop import success


class NotedDaraja:
    """Accepts every push. Whoever speaks to it dies at ``dies_at``: ``oauth``, ``push``, or ``reply``.

    At the first two before anything left, at the last one when the prompt is on the phone.
    """

    def __init__(self, notes: Path, *, dies_at: str = "") -> None:
        self.ledger: dict[str, int] = {}
        self._notes = notes
        self._dies_at = dies_at
        self._paid: set[str] = set()

    def send(self, request: Request) -> Response:
        """Answer like Daraja, if anybody is left to be answered."""
        endpoint = endpoint_of(request)
        if endpoint == self._dies_at:
            die()
        if endpoint == "oauth":
            return answer({"access_token": "token", "expires_in": "3599"})
        fields = json.loads(request.body or b"{}")
        return self._take_push(fields) if endpoint == "push" else self._tell(fields["CheckoutRequestID"])

    @property
    def pushes(self) -> list[str]:
        """The secrets of all payments whose push arrived, from whatever process, oldest first."""
        return self._notes.read_text(encoding="ascii").split() if self._notes.exists() else []

    def takes_money(self, payment: MpesaPayment) -> bytes:
        """Let the owner of the phone enter the PIN, and return the callback that tells of it."""
        number = f"SK{payment.pk:08}"
        checkout_id = _checkout_id(payment.secret)
        self.ledger[number] = payment.amount
        self._paid.add(checkout_id)
        return success(payment, number=number, checkout_id=checkout_id)

    def _take_push(self, fields: dict[str, Any]) -> Response:
        secret = fields["CallBackURL"].rstrip("/").rsplit("/", 1)[-1]
        with self._notes.open("a", encoding="ascii") as notes:
            notes.write(f"{secret}\n")
        if self._dies_at == "reply":
            die()
        ids = {"MerchantRequestID": f"29115-{secret[:8]}", "CheckoutRequestID": _checkout_id(secret)}
        return answer({**ids, "ResponseCode": "0", "ResponseDescription": "accepted"})

    def _tell(self, checkout_id: str) -> Response:
        code = "0" if checkout_id in self._paid else "4999"
        return answer({"ResponseCode": "0", "ResultCode": code, "ResultDesc": "told"})


def _checkout_id(secret: str) -> str:
    return f"ws_CO_{int(secret, 16)}"
