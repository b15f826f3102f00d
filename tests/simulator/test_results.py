"""The simulator's push replies and callbacks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from oscar_mpesa.daraja.stk_push import parse_callback
from oscar_mpesa.simulator.results import SimulatedPayment, callback_body, push_reply, receipt_number

NOW = datetime(2026, 11, 23, 22, 30, 5, tzinfo=timezone.utc)
SECRET = "0123456789abcdef0123456789abcdef"
PAID = Path(__file__).resolve().parent.parent / "samples" / "callback_paid.json"

PAYMENT = SimulatedPayment(
    public_id=SECRET,
    msisdn="254708374149",
    amount=1500,
    merchant_request_id="29115-34620561-1",
    checkout_request_id="ws_CO_191220191020363925708374149",
    push_sent_at=NOW,
    practice_seen_at=None,
    practice_answer="",
)


def code_after(payment: SimulatedPayment, seconds: float) -> str | None:
    body = callback_body(payment, now=NOW + timedelta(seconds=seconds))
    return None if body is None else parse_callback(body).result_code


def test_push_reply_has_ids_like_safaricoms() -> None:
    reply = push_reply(public_id=SECRET, msisdn="254708374149", now=NOW)

    assert re.fullmatch(r"ws_CO_24112026013005\d{6}708374149", reply.checkout_request_id)
    assert re.fullmatch(r"\d{5}-\d{8}-1", reply.merchant_request_id)
    assert reply.description == "Success. Request accepted for processing"


def test_pushes_of_the_same_second_have_different_ids() -> None:
    replies = [push_reply(public_id=f"{number}", msisdn="254708374149", now=NOW) for number in range(50)]

    assert len({reply.checkout_request_id for reply in replies}) == 50
    assert len({reply.merchant_request_id for reply in replies}) == 50


@pytest.mark.parametrize(
    ("msisdn", "code"), [("254708374149", "0"), ("254708374150", "1"), ("254708374151", "1032"), ("254712345678", "0")]
)
def test_phone_answers_by_default_after_five_seconds(msisdn: str, code: str) -> None:
    payment = replace(PAYMENT, msisdn=msisdn)

    assert code_after(payment, 4.9) is None
    assert code_after(payment, 5) == code
    assert code_after(payment, 3600) == code


def test_open_practice_phone_waits_one_minute() -> None:
    payment = replace(PAYMENT, practice_seen_at=NOW + timedelta(seconds=1))

    assert code_after(payment, 59.9) is None
    assert code_after(payment, 60) == "1037"


@pytest.mark.parametrize(("word", "code"), [("right", "0"), ("wrong", "2001"), ("cancel", "1032")])
def test_practice_phones_answer_counts_at_once(word: str, code: str) -> None:
    payment = replace(PAYMENT, practice_seen_at=NOW, practice_answer=word)

    assert code_after(payment, 2) == code


def test_paid_callback_has_all_values() -> None:
    body = callback_body(PAYMENT, now=NOW + timedelta(seconds=5))

    assert body is not None
    parsed = parse_callback(body)
    assert parsed.amount == Decimal("1500.00")
    assert parsed.receipt_number == receipt_number(SECRET)
    assert parsed.paid_at == NOW + timedelta(seconds=5)
    assert parsed.payer == "0708 •••149"
    assert parsed.checkout_request_id == PAYMENT.checkout_request_id
    assert parsed.merchant_request_id == PAYMENT.merchant_request_id


def test_paid_callback_has_the_real_fields_in_order() -> None:
    body = callback_body(PAYMENT, now=NOW + timedelta(seconds=5))

    assert body is not None
    assert b'"Value": 1500.00}' in body
    simulated = json.loads(body)["Body"]["stkCallback"]
    real = json.loads(PAID.read_bytes())["Body"]["stkCallback"]
    assert list(simulated) == list(real)
    assert [list(item) for item in simulated["CallbackMetadata"]["Item"]] == [
        list(item) for item in real["CallbackMetadata"]["Item"]
    ]
    assert simulated["ResultDesc"] == real["ResultDesc"]


def test_failed_callback_has_no_metadata() -> None:
    body = callback_body(replace(PAYMENT, msisdn="254708374151"), now=NOW + timedelta(seconds=5))

    assert body is not None
    assert "CallbackMetadata" not in json.loads(body)["Body"]["stkCallback"]


def test_receipt_number_is_realistic_and_stable() -> None:
    numbers = [receipt_number(f"payment {number}") for number in range(500)]

    assert all(re.fullmatch(r"[A-Z]{2}\d[A-Z0-9]{7}", number) for number in numbers)
    assert len(set(numbers)) == 500
    assert receipt_number(SECRET) == receipt_number(SECRET)


def test_messages_do_not_contain_the_public_id() -> None:
    body = callback_body(PAYMENT, now=NOW + timedelta(seconds=5))
    reply = push_reply(public_id=SECRET, msisdn="254708374149", now=NOW)

    assert body is not None
    assert SECRET[:8] not in f"{body!r} {reply.checkout_request_id} {reply.merchant_request_id} {PAYMENT!r}"
