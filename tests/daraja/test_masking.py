"""What may stand in a log."""

from __future__ import annotations

import json

import pytest

from oscar_mpesa.daraja.masking import masked, masked_body, masked_checkout_id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Merchant does not exist", "Merchant does not exist", id="plain words"),
        pytest.param("for 254708374149.", "for •••149.", id="a phone number"),
        pytest.param("for 0708374149", "for •••149", id="a number as dialled"),
        pytest.param("Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF", "Bearer …", id="a token"),
        pytest.param("about ws_CO_191220191020363925708374149", "about …", id="a checkout id"),
        pytest.param("request 16813-1590513-1", "request 16813-1590513-1", id="a request id"),
        pytest.param("two\n\x00lines\x1b", "two lines", id="control characters"),
        pytest.param("word " * 100, ("word " * 100)[:200], id="too long"),
    ],
)
def test_a_kept_text_is_one_line_without_numbers_and_secrets(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_checkout_id_is_kept_without_the_phone_in_it() -> None:
    assert masked_checkout_id("ws_CO_191220191020363925708374149") == "ws_CO_19122019102036…"
    assert masked_checkout_id("") == ""


def test_a_message_keeps_its_shape_and_loses_its_numbers() -> None:
    body = b'{"Body": {"Amount": 1500.0, "Phone": 254708374149, "Id": "ws_CO_231120261500001708374149", "Ok": [true]}}'

    shown = json.loads(masked_body(body))

    assert shown == {"Body": {"Amount": "1500.0", "Phone": "•••149", "Id": "…", "Ok": [True]}}


@pytest.mark.parametrize(
    "body", [b"not JSON for 254708374149", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 900 + b"1" + b"}" * 900]
)
def test_a_message_that_is_no_object_is_a_line_without_numbers(body: bytes) -> None:
    shown = masked_body(body)

    assert "254708374149" not in shown
