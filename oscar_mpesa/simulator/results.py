"""The simulator itself: a payment's facts, the handset's answer and the moment → nothing yet, or a callback's body.

Nothing is kept here: the same facts give the same ids and the same receipt number, in any worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from oscar_mpesa.daraja.credentials import timestamp
from oscar_mpesa.daraja.stk_push import StkPushReply
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.simulator.test_numbers import (
    DELAY,
    PHONE_ANSWERS,
    PROMPT_LIFETIME,
    RESULTS,
    Answer,
    Result,
    answer_by_result,
    described,
    scripted_result,
)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABET = "0123456789" + _LETTERS


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPayment:
    """What the simulator needs to know of a payment; ``amount`` in whole shillings.

    ``result_code`` is what was told of it already, empty while nothing was. ``practice_seen_at`` is None unless that
    number's handset page was opened; ``practice_answer`` is ``right``, ``wrong``, ``cancel`` or still empty.
    """

    public_id: str = field(repr=False)
    msisdn: str = field(repr=False)
    amount: int
    merchant_request_id: str
    checkout_request_id: str = field(repr=False)
    push_sent_at: datetime
    practice_seen_at: datetime | None
    practice_answer: str
    result_code: str = ""


def push_reply(*, public_id: str, msisdn: str, now: datetime) -> StkPushReply:
    """What Safaricom answers to an accepted push, with ids of its shape; ``public_id`` makes them unique."""
    moment = now.astimezone(NAIROBI).strftime("%d%m%Y%H%M%S")
    digits = f"{_number_from(public_id, 'push') % 10**19:019}"
    return StkPushReply(
        merchant_request_id=f"{digits[:5]}-{digits[5:13]}-1",
        checkout_request_id=f"ws_CO_{moment}{digits[13:]}{msisdn[-9:]}",
        description="Success. Request accepted for processing",
    )


def callback_body(facts: SimulatedPayment, *, now: datetime) -> bytes | None:
    """What Safaricom would have posted by now, or None while the phone has not answered.

    A phone answers by its script after 5 seconds. While its handset page is open it waits for the page's answer
    instead, up to 60 seconds from the prompt; then Safaricom gives up with 1037. What it said once it says again.
    """
    if facts.result_code:
        return result_body(facts, described(facts.result_code), now=now)
    answer = _answer(facts, now - facts.push_sent_at)
    return None if answer is None else result_body(facts, RESULTS[answer], now=now)


def result_body(facts: SimulatedPayment, result: Result, *, now: datetime, **items: object) -> bytes:
    """The callback that tells a result; ``items`` stand in place of a payment's own, and None leaves one out."""
    told: dict[str, object] = {
        "MerchantRequestID": facts.merchant_request_id,
        "CheckoutRequestID": facts.checkout_request_id,
        "ResultCode": result.code,
        "ResultDesc": result.description,
    }
    if result.is_paid:
        told["CallbackMetadata"] = {"Item": _items(facts, now, items)}
    body = json.dumps({"Body": {"stkCallback": told}})
    return body.replace('"<amount>"', f"{facts.amount}.00").encode()


def receipt_number(public_id: str) -> str:
    """An M-PESA code of the usual shape for a payment: ten capitals and digits, always the same one."""
    number = _number_from(public_id, "receipt")
    head = _LETTERS[number % 26] + _LETTERS[number // 26 % 26] + str(number // 676 % 10)
    tail = number // 6760
    return head + "".join(_ALPHABET[tail // 36**place % 36] for place in range(7))


def _answer(facts: SimulatedPayment, elapsed: timedelta) -> Answer | None:
    if facts.practice_answer in PHONE_ANSWERS:
        return answer_by_result(facts.practice_answer, msisdn=facts.msisdn)
    if facts.practice_seen_at is not None:
        return Answer.NO_ANSWER if elapsed >= timedelta(seconds=PROMPT_LIFETIME) else None
    return scripted_result(facts.msisdn) if elapsed >= timedelta(seconds=DELAY) else None


def _items(facts: SimulatedPayment, now: datetime, others: Mapping[str, object]) -> list[dict[str, object]]:
    told = {
        "Amount": "<amount>",  # JSON's numbers lose their cents here, Safaricom writes 1.00
        "MpesaReceiptNumber": receipt_number(facts.public_id),
        "TransactionDate": int(timestamp(now)),
        "PhoneNumber": int(facts.msisdn),
        **others,
    }
    valued: list[dict[str, object]] = [{"Name": name, "Value": told[name]} for name in told if told[name] is not None]
    return [*valued[:2], {"Name": "Balance"}, *valued[2:]]


def _number_from(public_id: str, purpose: str) -> int:
    """A number that nobody can turn back into the id, which may be a secret."""
    return int.from_bytes(sha256(f"{purpose}:{public_id}".encode()).digest(), "big")
