"""No phone number gets past who may not see one, however it is written."""

from __future__ import annotations

import json

import pytest

from oscar_mpesa.oversight.redacting import readable, redacted
from tests.daraja.samples import body
from tests.shop import PAYS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("254708374149", id="as Safaricom writes it"),
        pytest.param("0708374149", id="as dialled"),
        pytest.param("708374149", id="its last nine digits"),
        pytest.param("+254 708 374 149", id="in groups"),
        pytest.param("0708-374-149", id="with dashes"),
        pytest.param("ws_CO_231120261500001708374149", id="at the end of a checkout id"),
        pytest.param('{"PhoneNumber": 254708374149.0}', id="as a float"),
        pytest.param('"\\u0032\\u0035\\u0034708374149"', id="with escapes"),
        pytest.param("٢٥٤٧٠٨٣٧٤١٤٩", id="in other digits"),
    ],
)
def test_a_number_shows_its_last_three_digits_at_most(text: str) -> None:
    shown = redacted(text, shows_phones=False)

    assert "•••" in shown
    assert "708374149" not in shown and "374 149" not in shown and "374-149" not in shown
    assert "٧٠٨" not in shown


def test_amounts_codes_moments_and_receipts_stay() -> None:
    text = '{"Amount": 250000, "Date": 20261123150005, "Number": "OD123ABC45", "id": "29115-34620561-1"}'

    assert redacted(text, shows_phones=False) == text


def test_who_may_see_phones_sees_all_but_the_secret() -> None:
    secret = "ab" * 16

    assert redacted(f"{PAYS.msisdn} {secret}", shows_phones=True, secret=secret) == f"{PAYS.msisdn} …"
    assert secret not in redacted(f"1 {secret}", shows_phones=False, secret=secret)


def test_a_real_callback_is_readable_without_its_phone() -> None:
    shown = readable(body("callback_paid"), shows_phones=False)

    told = json.loads(body("callback_paid"))["Body"]["stkCallback"]
    assert str(told["CheckoutRequestID"]) not in shown
    assert "MpesaReceiptNumber" in shown and "708374149" not in shown


def test_what_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert readable(b"\xff\x00 hello", shows_phones=False) == "\ufffd\x00 hello"
