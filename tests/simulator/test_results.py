"""What the simulator answers and posts in Safaricom's place."""

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

FACTS = SimulatedPayment(
    public_id=SECRET,
    msisdn="254708374149",
    amount=1500,
    merchant_request_id="29115-34620561-1",
    checkout_request_id="ws_CO_191220191020363925708374149",
    push_sent_at=NOW,
    practice_seen_at=None,
    practice_answer="",
)


def code_after(facts: SimulatedPayment, seconds: float) -> str | None:
    body = callback_body(facts, now=NOW + timedelta(seconds=seconds))
    return None if body is None else parse_callback(body).result_code


def test_an_accepted_push_has_ids_of_safaricoms_shape() -> None:
    reply = push_reply(public_id=SECRET, msisdn="254708374149", now=NOW)

    assert re.fullmatch(r"ws_CO_24112026013005\d{6}708374149", reply.checkout_request_id)
    assert re.fullmatch(r"\d{5}-\d{8}-1", reply.merchant_request_id)
    assert reply.description == "Success. Request accepted for processing"


def test_two_prompts_of_one_second_to_one_phone_have_ids_of_their_own() -> None:
    replies = [push_reply(public_id=f"{number}", msisdn="254708374149", now=NOW) for number in range(50)]

    assert len({reply.checkout_request_id for reply in replies}) == 50
    assert len({reply.merchant_request_id for reply in replies}) == 50


@pytest.mark.parametrize(
    ("msisdn", "code"), [("254708374149", "0"), ("254708374150", "1"), ("254708374151", "1032"), ("254712345678", "0")]
)
def test_a_phone_left_alone_answers_after_five_seconds(msisdn: str, code: str) -> None:
    facts = replace(FACTS, msisdn=msisdn)

    assert code_after(facts, 4.9) is None
    assert code_after(facts, 5) == code
    assert code_after(facts, 3600) == code


def test_an_open_handset_page_waits_a_minute_for_its_owner() -> None:
    facts = replace(FACTS, practice_seen_at=NOW + timedelta(seconds=1))

    assert code_after(facts, 59.9) is None
    assert code_after(facts, 60) == "1037"


@pytest.mark.parametrize(("word", "code"), [("right", "0"), ("wrong", "2001"), ("cancel", "1032")])
def test_the_handset_pages_answer_counts_at_once(word: str, code: str) -> None:
    facts = replace(FACTS, practice_seen_at=NOW, practice_answer=word)

    assert code_after(facts, 2) == code


def test_a_payments_callback_tells_what_safaricoms_tells() -> None:
    body = callback_body(FACTS, now=NOW + timedelta(seconds=5))

    assert body is not None
    told = parse_callback(body)
    assert told.amount == Decimal("1500.00")
    assert told.receipt_number == receipt_number(SECRET)
    assert told.paid_at == NOW + timedelta(seconds=5)
    assert told.payer == "0708 •••149"
    assert told.checkout_request_id == FACTS.checkout_request_id
    assert told.merchant_request_id == FACTS.merchant_request_id


def test_a_success_has_the_fields_of_the_real_one_in_its_order() -> None:
    body = callback_body(FACTS, now=NOW + timedelta(seconds=5))

    assert body is not None
    assert b'"Value": 1500.00}' in body
    simulated = json.loads(body)["Body"]["stkCallback"]
    real = json.loads(PAID.read_bytes())["Body"]["stkCallback"]
    assert list(simulated) == list(real)
    assert [list(item) for item in simulated["CallbackMetadata"]["Item"]] == [
        list(item) for item in real["CallbackMetadata"]["Item"]
    ]
    assert simulated["ResultDesc"] == real["ResultDesc"]


def test_a_failure_has_no_metadata() -> None:
    body = callback_body(replace(FACTS, msisdn="254708374151"), now=NOW + timedelta(seconds=5))

    assert body is not None
    assert "CallbackMetadata" not in json.loads(body)["Body"]["stkCallback"]


def test_a_receipt_number_looks_real_and_is_always_the_same() -> None:
    numbers = [receipt_number(f"payment {number}") for number in range(500)]

    assert all(re.fullmatch(r"[A-Z]{2}\d[A-Z0-9]{7}", number) for number in numbers)
    assert len(set(numbers)) == 500
    assert receipt_number(SECRET) == receipt_number(SECRET)


def test_nothing_that_is_told_holds_the_payments_secret() -> None:
    body = callback_body(FACTS, now=NOW + timedelta(seconds=5))
    reply = push_reply(public_id=SECRET, msisdn="254708374149", now=NOW)

    assert body is not None
    assert SECRET[:8] not in f"{body!r} {reply.checkout_request_id} {reply.merchant_request_id} {FACTS!r}"
