"""Compute a simulated payment's callback from its data, the phone's answer and the time.

The functions store nothing: the same data gives the same ids and receipt number, in any worker.
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
    default_answer,
    practice_answer_of,
    result_of_code,
)

_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABET = "0123456789" + _CAPITALS


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPayment:
    """The payment data that the simulator needs. ``amount`` is in whole shillings.

    ``result_code`` is its earlier result, empty without one. ``practice_seen_at`` is None unless the practice phone
    shows the prompt. ``practice_answer`` is ``right``, ``wrong``, ``cancel`` or empty.
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
    """Return the reply to an accepted push, with ids like Safaricom's. ``public_id`` makes them unique."""
    moment = now.astimezone(NAIROBI).strftime("%d%m%Y%H%M%S")
    digits = f"{_number_from(public_id, 'push') % 10**19:019}"
    return StkPushReply(
        merchant_request_id=f"{digits[:5]}-{digits[5:13]}-1",
        checkout_request_id=f"ws_CO_{moment}{digits[13:]}{msisdn[-9:]}",
        description="Success. Request accepted for processing",
    )


def callback_body(payment: SimulatedPayment, *, now: datetime) -> bytes | None:
    """Return the callback that Safaricom would have posted by now, None if the phone has not answered.

    A phone answers by default after 5 seconds. If the practice phone shows the prompt, it waits for an answer there
    until 60 seconds after the push. The result is then 1037. An earlier result is repeated.
    """
    if payment.result_code:
        return result_body(payment, result_of_code(payment.result_code), now=now)
    answer = _answer(payment, now - payment.push_sent_at)
    return None if answer is None else result_body(payment, RESULTS[answer], now=now)


def result_body(payment: SimulatedPayment, result: Result, *, now: datetime, **items: object) -> bytes:
    """Return a callback's body. ``items`` replace the metadata's values, and None leaves an item out."""
    callback: dict[str, object] = {
        "MerchantRequestID": payment.merchant_request_id,
        "CheckoutRequestID": payment.checkout_request_id,
        "ResultCode": result.code,
        "ResultDesc": result.description,
    }
    if result.is_paid:
        callback["CallbackMetadata"] = {"Item": _items(payment, now, items)}
    body = json.dumps({"Body": {"stkCallback": callback}})
    return body.replace('"<amount>"', f"{payment.amount}.00").encode()


def receipt_number(public_id: str) -> str:
    """Return the payment's receipt number: ten capitals and digits, always the same for one id."""
    number = _number_from(public_id, "receipt")
    head = _CAPITALS[number % 26] + _CAPITALS[number // 26 % 26] + str(number // 676 % 10)
    tail = number // 6760
    return head + "".join(_ALPHABET[tail // 36**place % 36] for place in range(7))


def _answer(payment: SimulatedPayment, elapsed: timedelta) -> Answer | None:
    if payment.practice_answer in PHONE_ANSWERS:
        return practice_answer_of(payment.practice_answer, msisdn=payment.msisdn)
    if payment.practice_seen_at is not None:
        return Answer.NO_ANSWER if elapsed >= timedelta(seconds=PROMPT_LIFETIME) else None
    return default_answer(payment.msisdn) if elapsed >= timedelta(seconds=DELAY) else None


def _items(payment: SimulatedPayment, now: datetime, changes: Mapping[str, object]) -> list[dict[str, object]]:
    values = {
        "Amount": "<amount>",  # Safaricom writes 1.00, and Python's JSON would write 1.0
        "MpesaReceiptNumber": receipt_number(payment.public_id),
        "TransactionDate": int(timestamp(now)),
        "PhoneNumber": int(payment.msisdn),
        **changes,
    }
    items: list[dict[str, object]] = [
        {"Name": name, "Value": values[name]} for name in values if values[name] is not None
    ]
    return [*items[:2], {"Name": "Balance"}, *items[2:]]


def _number_from(public_id: str, purpose: str) -> int:
    """Return a number that does not reveal the id, which can be a secret."""
    return int.from_bytes(sha256(f"{purpose}:{public_id}".encode()).digest(), "big")
