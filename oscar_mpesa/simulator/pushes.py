"""Pushes that the simulator accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.simulator.results import SimulatedPayment, push_reply, receipt_number
from oscar_mpesa.simulator.test_numbers import MIXED_UP, RESULTS, Result, default_answer
from oscar_mpesa.simulator.validation import is_mixed_up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceivedPush:
    """One accepted push, the ``number``-th of its simulator, with its ids.

    ``scenario`` is the name of its scenario, such as ``usual``. ``result`` is the phone's default answer.
    """

    number: int
    scenario: str
    fields: Mapping[str, object] = field(repr=False)
    payment: SimulatedPayment = field(repr=False)
    result: Result

    @property
    def phone(self) -> PhoneNumber:
        """Return the phone that receives the prompt."""
        return PhoneNumber(msisdn=self.payment.msisdn)

    @property
    def amount(self) -> int:
        """Return the requested amount, in whole shillings."""
        return self.payment.amount

    @property
    def callback_url(self) -> str:
        """Return the URL for its callback."""
        return str(self.fields["CallBackURL"])

    @property
    def merchant_request_id(self) -> str:
        """Return its MerchantRequestID."""
        return self.payment.merchant_request_id

    @property
    def checkout_request_id(self) -> str:
        """Return its CheckoutRequestID, which queries use."""
        return self.payment.checkout_request_id

    @property
    def receipt_number(self) -> str:
        """Return the receipt number of its money, paid or not."""
        return receipt_number(self.payment.public_id)


def receive_push(
    fields: Mapping[str, object], credentials: Credentials, *, number: int, scenario: str, now: datetime
) -> ReceivedPush:
    """Return the accepted push with new random ids."""
    public_id, msisdn = uuid4().hex, str(fields["PhoneNumber"])
    reply = push_reply(public_id=public_id, msisdn=msisdn, now=now)
    payment = SimulatedPayment(
        public_id=public_id,
        msisdn=msisdn,
        amount=int(str(fields["Amount"])),
        merchant_request_id=reply.merchant_request_id,
        checkout_request_id=reply.checkout_request_id,
        push_sent_at=now,
        practice_seen_at=None,
        practice_answer="",
    )
    result = MIXED_UP if is_mixed_up(fields, credentials) else RESULTS[default_answer(msisdn)]
    return ReceivedPush(number=number, scenario=scenario, fields=fields, payment=payment, result=result)
