"""The simulator validates requests as strictly as Daraja."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from oscar_mpesa.daraja.stk_push import StkPush, push_body
from oscar_mpesa.daraja.stk_query import query_body
from oscar_mpesa.simulator.replies import UNKNOWN_MERCHANT, WRONG_PASSWORD, Refusal, invalid
from oscar_mpesa.simulator.server import SANDBOX
from oscar_mpesa.simulator.validation import is_mixed_up, refuse_push, refuse_query
from tests.shop import NOON, PAYS, later

TILL = replace(SANDBOX, till="555555")
PUSH = StkPush(
    phone=PAYS,
    amount=1500,
    callback_url="https://shop.example/hooks/ab/",
    account_reference="100042",
    description="Order 100042",
)


def refusal_of(**changes: object) -> Refusal | None:
    return refuse_push({**push_body(SANDBOX, PUSH, now=NOON), **changes}, SANDBOX, now=later(3))


@pytest.mark.parametrize("amount", [1, 1500, 250_000])
def test_valid_push_is_accepted(amount: int) -> None:
    assert refusal_of(Amount=amount) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Amount", 1500.0),
        ("Amount", "1500"),
        ("Amount", True),
        ("Amount", None),
        ("Amount", 0),
        ("Amount", 250_001),
        ("PhoneNumber", "0708374149"),
        ("PhoneNumber", "+254708374149"),
        ("PartyA", "254208374149"),
        ("PartyB", ""),
        ("AccountReference", "1234567890123"),
        ("AccountReference", "A-1"),
        ("TransactionDesc", ""),
        ("TransactionDesc", "Order 12345678"),
        ("TransactionType", "CustomerPayBill"),
        ("CallBackURL", "shop.example/hooks"),
        ("CallBackURL", "https://shop.example/two words"),
        ("Timestamp", "2026-11-23"),
        ("Timestamp", "20261399120000"),
        ("BusinessShortCode", "shop"),
    ],
)
def test_invalid_field_is_named(name: str, value: object) -> None:
    assert refusal_of(**{name: value}) == invalid(name)


def test_missing_field_is_named() -> None:
    assert refuse_push({}, SANDBOX, now=NOON) == invalid("BusinessShortCode")


def test_timestamp_in_utc_is_refused() -> None:
    in_utc = push_body(SANDBOX, PUSH, now=NOON - timedelta(hours=3))

    assert refuse_push(in_utc, SANDBOX, now=NOON) == invalid("Timestamp")


def test_wrong_short_code_and_password_have_own_errors() -> None:
    assert refusal_of(BusinessShortCode="600999") == UNKNOWN_MERCHANT
    assert refusal_of(Password="cGFzc3dvcmQ=") == WRONG_PASSWORD


def test_query_is_validated() -> None:
    right = query_body(SANDBOX, "ws_CO_1", now=NOON)

    assert refuse_query(right, SANDBOX, now=NOON) is None
    assert refuse_query({**right, "CheckoutRequestID": "1"}, SANDBOX, now=NOON) == invalid("CheckoutRequestID")
    assert refuse_query({**right, "Password": ""}, SANDBOX, now=NOON) == WRONG_PASSWORD


def test_mixed_up_till_and_paybill_is_detected() -> None:
    to_paybill, to_till = (push_body(keys, PUSH, now=NOON) for keys in (SANDBOX, TILL))

    assert (is_mixed_up(to_paybill, SANDBOX), is_mixed_up(to_till, TILL)) == (False, False)
    assert (is_mixed_up(to_paybill, TILL), is_mixed_up(to_till, SANDBOX)) == (True, True)
    assert refuse_push(to_till, SANDBOX, now=NOON) is None
