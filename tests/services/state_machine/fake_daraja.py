"""Daraja's side of a history: it answers as the last action set, and checks what we send."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaApiCall, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.testing.transport import answer, endpoint_of, page
from tests.services.daraja_replies import ACCEPTED, query_reply, refusal
from tests.shop import NOON

#: How a push ends. All but "refused" and "busy" show the prompt; only "accepted" returns the ids.
PUSHES = ["accepted", "refused", "busy", "html", "lost"]

#: How a query ends, other than with a result code.
UNKNOWN, LOST = "unknown", "lost"


class FakeDaraja:
    """A transport. ``meanwhile`` runs once, before the next reply: the callback that overtakes it.

    ``faults`` are our wrong requests.
    """

    def __init__(self) -> None:
        self.push, self.query = "accepted", "4999"
        self.meanwhile: Callable[[MpesaPayment], None] | None = None
        self.issued: dict[int, str] = {}
        self.queried: list[int] = []
        self.reported_paid: set[int] = set()
        self.faults: list[str] = []

    def send(self, request: Request) -> Response:
        """Answer as the last action set."""
        endpoint, fields = endpoint_of(request), json.loads(request.body or b"{}")
        if connection.in_atomic_block:
            self.faults.append(f"{endpoint} inside a transaction")
        if endpoint == "oauth":
            return answer({"access_token": "token", "expires_in": "3599"})
        return self._answer_push(fields) if endpoint == "push" else self._answer_query(fields)

    def _answer_push(self, fields: dict[str, Any]) -> Response:
        payment = MpesaPayment.objects.get(secret=fields["CallBackURL"].split("/")[-2])
        self._check_push(payment)
        checkout_id = f"ws_CO_{payment.pk:024}"
        self.issued[payment.pk] = checkout_id
        self._run_meanwhile(payment)
        if self.push == "lost":
            raise DarajaUnreachable("no answer")
        return {
            "accepted": answer({**ACCEPTED, "MerchantRequestID": str(payment.pk), "CheckoutRequestID": checkout_id}),
            "refused": refusal("400.002.02", "Bad Request - Invalid PhoneNumber", status=400),
            "busy": refusal("500.003.02", "System is busy", status=500),
            "html": page("<html>Gateway</html>"),
        }[self.push]

    def _check_push(self, payment: MpesaPayment) -> None:
        """Check that a push is sent once, alone, and for an order that awaits payment."""
        mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
        wrong = {
            "a second push of one payment": payment.pk in self.issued,
            "a push beside a live payment": mpesa_order.payments.live().count() != 1,
            "a push of a payment that is not reserved": payment.push_sent_at is None,
            "a push for a closed order": mpesa_order.is_closed,
            "a push for a paid order": mpesa_order.is_paid,
            "a push of another amount than the balance": mpesa_order.balance not in {None, payment.amount},
            "a push beside money that waits": MpesaReceipt.objects.filter(
                meant_for_id=mpesa_order.pk, status__in=NEEDS_DECISION
            ).exists(),
        }
        self.faults += [what for what, is_so in wrong.items() if is_so]

    def _answer_query(self, fields: dict[str, Any]) -> Response:
        payment = MpesaPayment.objects.get(pk=self._pushed(fields["CheckoutRequestID"]))
        self.queried.append(payment.pk)
        # Calls are logged by the real clock, and a history does not test the limit of queries.
        MpesaApiCall.objects.update(created_at=NOON - timedelta(days=1))
        self._run_meanwhile(payment)
        if self.query == LOST:
            raise DarajaUnreachable("no answer")
        if self.query == UNKNOWN:
            return refusal("500.001.1001", "The transaction does not exist", status=500)
        if self.query == "0":
            self.reported_paid.add(payment.pk)
        return answer({**query_reply(self.query), "CheckoutRequestID": fields["CheckoutRequestID"]})

    def _pushed(self, checkout_id: str) -> int:
        """Return the payment whose push got this id, also if the reply with it was lost."""
        return next(pk for pk, issued in self.issued.items() if issued == checkout_id)

    def _run_meanwhile(self, payment: MpesaPayment) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act(payment)
