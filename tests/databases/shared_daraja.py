"""Replace Daraja by one that all processes share through a file, and that can kill the calling process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.testing.transport import answer, endpoint_of
from tests.databases.processes import kill_process
from tests.shop import success


class SharedDaraja:
    """Accept every push, and kill the caller at ``killed_at``.

    At ``oauth``, ``push`` and ``query`` nothing is sent yet; at ``reply`` the prompt is already on the phone. A query
    about a payment that nobody paid is answered with ``unpaid_code``.
    """

    def __init__(self, pushes: Path, *, killed_at: str = "") -> None:
        self.ledger: dict[str, int] = {}
        self.unpaid_code = "4999"
        self._pushes = pushes
        self.killed_at = killed_at
        self._paid: set[str] = set()

    def send(self, request: Request) -> Response:
        """Answer as Daraja does."""
        endpoint = endpoint_of(request)
        if endpoint == self.killed_at:
            kill_process()
        if endpoint == "oauth":
            return answer({"access_token": "token", "expires_in": "3599"})
        fields = json.loads(request.body or b"{}")
        return self._accept_push(fields) if endpoint == "push" else self._answer_query(fields["CheckoutRequestID"])

    @property
    def pushes(self) -> list[str]:
        """Return the secrets of all payments whose push arrived, from every process, oldest first."""
        return self._pushes.read_text(encoding="ascii").split() if self._pushes.exists() else []

    def pay(self, payment: MpesaPayment) -> bytes:
        """Take the payer's money, and return the callback of this success."""
        number = f"SK{payment.pk:08}"
        checkout_id = _checkout_id(payment.secret)
        self.ledger[number] = payment.amount
        self._paid.add(checkout_id)
        return success(payment, number=number, checkout_id=checkout_id)

    def _accept_push(self, fields: dict[str, Any]) -> Response:
        secret = fields["CallBackURL"].rstrip("/").rsplit("/", 1)[-1]
        with self._pushes.open("a", encoding="ascii") as file:
            file.write(f"{secret}\n")
        if self.killed_at == "reply":
            kill_process()
        ids = {"MerchantRequestID": f"29115-{secret[:8]}", "CheckoutRequestID": _checkout_id(secret)}
        return answer({**ids, "ResponseCode": "0", "ResponseDescription": "accepted"})

    def _answer_query(self, checkout_id: str) -> Response:
        code = "0" if checkout_id in self._paid else self.unpaid_code
        return answer({"ResponseCode": "0", "ResultCode": code, "ResultDesc": "simulated"})


def _checkout_id(secret: str) -> str:
    return f"ws_CO_{int(secret, 16)}"
