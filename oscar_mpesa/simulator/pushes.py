"""A push that was let through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.simulator.results import SimulatedPayment, push_reply, receipt_number
from oscar_mpesa.simulator.test_numbers import MIXED_UP, RESULTS, Result, scripted_result
from oscar_mpesa.simulator.validation import is_mixed_up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceivedPush:
    """One push, the ``number``-th of its simulator, with the ids that it got.

    ``scenario`` names what befell it, mostly ``usual``; ``result`` is how its phone answers when left alone.
    """

    number: int
    scenario: str
    fields: Mapping[str, object] = field(repr=False)
    facts: SimulatedPayment = field(repr=False)
    result: Result

    @property
    def phone(self) -> PhoneNumber:
        """Whom it asks."""
        return PhoneNumber(msisdn=self.facts.msisdn)

    @property
    def amount(self) -> int:
        """What it asks for, in whole shillings."""
        return self.facts.amount

    @property
    def callback_url(self) -> str:
        """Where its result is posted."""
        return str(self.fields["CallBackURL"])

    @property
    def merchant_request_id(self) -> str:
        """Safaricom's first id of it."""
        return self.facts.merchant_request_id

    @property
    def checkout_request_id(self) -> str:
        """Safaricom's second id of it, by which it is asked about."""
        return self.facts.checkout_request_id

    @property
    def receipt_number(self) -> str:
        """The M-PESA code that its money has, or would have."""
        return receipt_number(self.facts.public_id)


def received(
    fields: Mapping[str, object], credentials: Credentials, *, number: int, scenario: str, now: datetime
) -> ReceivedPush:
    """Give ids to the fields of a push that was let through; no two runs of a simulator give the same ones."""
    public_id, msisdn = uuid4().hex, str(fields["PhoneNumber"])
    told = push_reply(public_id=public_id, msisdn=msisdn, now=now)
    facts = SimulatedPayment(
        public_id=public_id,
        msisdn=msisdn,
        amount=int(str(fields["Amount"])),
        merchant_request_id=told.merchant_request_id,
        checkout_request_id=told.checkout_request_id,
        push_sent_at=now,
        practice_seen_at=None,
        practice_answer="",
    )
    result = MIXED_UP if is_mixed_up(fields, credentials) else RESULTS[scripted_result(msisdn)]
    return ReceivedPush(number=number, scenario=scenario, fields=fields, facts=facts, result=result)
