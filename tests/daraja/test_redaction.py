"""Redaction of phone numbers and secrets in every spelling."""

from __future__ import annotations

import json
import logging

import pytest

from oscar_mpesa.daraja.redaction import redact, redact_body, redact_checkout_id, redact_json, redact_line
from tests.daraja.samples import body
from tests.shop import PAYS

HASHES = [digits * repeat for digits in ("0f", "0F") for repeat in (16, 20, 32, 64)]

PHONE_SPELLINGS = [
    pytest.param("254708374149", id="as Safaricom writes it"),
    pytest.param("0708374149", id="as dialed"),
    pytest.param("0110374149", id="of the 01 range"),
    pytest.param("708374149", id="its last nine digits"),
    pytest.param("708 374 149", id="its last nine digits in groups"),
    pytest.param("0708 374 149", id="in groups"),
    pytest.param("0708 37 41 49", id="in pairs"),
    pytest.param("+254 708 374 149", id="abroad in groups"),
    pytest.param("+254 (0) 708 374 149", id="with the zero in brackets"),
    pytest.param("(+254) 708-374-149", id="with the prefix in brackets"),
    pytest.param("00254 708374149", id="with two zeros"),
    pytest.param("254-708-374-149", id="with dashes"),
    pytest.param("0254 708 374 149", id="with the country code after the zero"),
    pytest.param("+254 254 708 374 149", id="with the country code twice"),
    pytest.param("0708\u2013374\u2013149", id="with long dashes"),
    pytest.param("0708.374.149", id="with dots"),
    pytest.param("0708\u00a0374\u202f149", id="with unbreakable spaces"),
    pytest.param("0708\u200b374\u200b149", id="with invisible characters"),
    pytest.param("0708\n374\t149", id="across lines"),
    pytest.param("255708374149", id="another country's"),
    pytest.param("+255708374149", id="another country's with its sign"),
    pytest.param("ws_CO_231120261500001708374149", id="at the end of a checkout id"),
    pytest.param('{"PhoneNumber": 254708374149.0}', id="as a float"),
    pytest.param('{"PhoneNumber": 2.54708374149E+11}', id="with an exponent"),
    pytest.param('"\\u0032\\u0035\\u0034708374149"', id="with escaped digits"),
    pytest.param('"0708\\u00a0374\\u0020149"', id="with escaped spaces"),
    pytest.param('"0708\\t374\\n149"', id="with short escapes"),
    pytest.param('"{\\"p\\": \\"\\\\u0030708 374 149\\"}"', id="in JSON inside JSON"),
    pytest.param('"\\ud835\\udfce708374149"', id="with a digit of two escapes"),
    pytest.param("٢٥٤٧٠٨٣٧٤١٤٩", id="in other digits"),
    pytest.param("٠٧٠٨ ٣٧٤ ١٤٩", id="in other digits and groups"),
]


@pytest.mark.parametrize("text", PHONE_SPELLINGS)
@pytest.mark.parametrize("function", [redact, redact_line], ids=["page", "row"])
def test_phone_number_keeps_only_its_last_three_digits(text: str, function: object) -> None:
    assert callable(function)
    shown = function(f"from {text}, who paid")

    assert shown.startswith("from ") and shown.endswith(", who paid")
    assert "•••149" in shown or shown == "from …, who paid"
    assert "708" not in shown and "374" not in shown and "٧٠٨" not in shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"Amount": 250000, "Date": 20261123150005, "Number": "OD123ABC45"}', id="a body"),
        pytest.param("KSh 250,000.00", id="an amount"),
        pytest.param("KSh 1 500.00 of 70 000", id="an amount in groups"),
        pytest.param("29115-34620561-1 16813-1590513-1", id="request ids"),
        pytest.param("500.001.1001 404.001.03 400.008.02", id="error codes"),
        pytest.param("07.11.2026 15:30 and 7-11-2026 15:30", id="a day and an hour"),
        pytest.param("2026-01-07 10:15:00+03:00", id="a moment"),
        pytest.param("from 196.201.214.200 and 172.168.100.101", id="addresses"),
        pytest.param("0708 •••149", id="a number that is masked already"),
        pytest.param("2547***149", id="a number that Safaricom masked"),
        pytest.param("ws_CO_19122019102036…", id="a checkout id that has lost its end"),
        pytest.param("a caf\\u00e9 in Nairobi", id="an escaped letter"),
        pytest.param("\\" * 65_536, id="so many backslashes that only a linear search ends"),
    ],
)
def test_amounts_dates_codes_and_ids_are_unchanged(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("hashed", HASHES)
def test_hashed_payer_is_redacted(hashed: str) -> None:
    assert redact(f"paid by {hashed}.") == "paid by …."
    assert redact(f"paid by {hashed}.", shows_phones=True) == f"paid by {hashed}."


def test_shows_phones_still_redacts_the_secret() -> None:
    secret = "ab" * 16

    assert redact(f"{PAYS.msisdn} {secret}", shows_phones=True, secret=secret) == f"{PAYS.msisdn} …"
    assert redact(f"1 {secret}", secret=secret) == "1 …"


def test_callback_body_is_redacted_but_readable() -> None:
    shown = redact_body(body("callback_paid"), shows_phones=False)

    callback = json.loads(body("callback_paid"))["Body"]["stkCallback"]
    assert str(callback["CheckoutRequestID"]) not in shown
    assert "MpesaReceiptNumber" in shown and "708374149" not in shown


def test_invalid_utf8_is_replaced() -> None:
    assert redact_body(b"\xff\x00 hello", shows_phones=False) == "\ufffd\x00 hello"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Merchant does not exist", "Merchant does not exist", id="plain words"),
        pytest.param("for 254708374149.", "for •••149.", id="a phone number"),
        pytest.param("for 0708374149", "for •••149", id="a number as dialed"),
        pytest.param("for 0708 374 149", "for •••149", id="a number in groups"),
        pytest.param("Bearer c9SQxWWhmdVRlyh0zh8gZDTkubVF", "Bearer …", id="a token"),
        pytest.param("about ws_CO_191220191020363925708374149", "about …", id="a checkout id"),
        pytest.param("request 16813-1590513-1", "request 16813-1590513-1", id="a request id"),
        pytest.param("two\n\x00lines\x1b", "two lines", id="control characters"),
        pytest.param("word " * 100, ("word " * 100)[:200], id="too long"),
    ],
)
def test_redact_line_gives_one_line_without_secrets(text: str, shown: str) -> None:
    assert redact_line(text) == shown


def test_checkout_id_loses_its_phone() -> None:
    assert redact_checkout_id("ws_CO_191220191020363925708374149") == "ws_CO_19122019102036…"
    assert redact_checkout_id("254708374149") == "•••149…"
    assert redact_checkout_id("") == ""


def test_redact_json_keeps_the_structure() -> None:
    message = (
        b'{"Body": {"Amount": 1500.0, "Phone": 254708374149, "Id": "ws_CO_231120261500001708374149", "Ok": [true]}}'
    )

    shown = json.loads(redact_json(message))

    assert shown == {"Body": {"Amount": "1500.0", "Phone": "•••149", "Id": "…", "Ok": [True]}}


@pytest.mark.parametrize(
    "message", [b"not JSON for 254708374149", b"[" * 100_000, b"\xff\xfe", b'{"a":' * 900 + b"1" + b"}" * 900]
)
def test_redact_json_makes_other_bodies_one_line(message: bytes) -> None:
    shown = redact_json(message)

    assert shown and "254708374149" not in shown


@pytest.mark.parametrize(
    "code",
    [
        "1032\nERROR root: paid",
        "1032\r\nERROR root: paid",
        "1032\u2028ERROR root: paid",
        "1032\x1b\x85ERROR root: paid",
    ],
    ids=["line feed", "carriage return", "line separator", "control characters"],
)
def test_text_from_outside_is_logged_on_one_line(code: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("oscar_mpesa").warning("M-PESA payment %s: %s (%.1f)", 7, code, 0.5)

    assert [record.getMessage() for record in caplog.records] == ["M-PESA payment 7: 1032 ERROR root: paid (0.5)"]


def test_named_values_from_outside_are_logged_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="oscar_mpesa"):
        logging.getLogger("oscar_mpesa").info(
            "code %(code)s, %(number)d times", {"code": "1\nERROR forged", "number": 2}
        )

    assert [record.getMessage() for record in caplog.records] == ["code 1 ERROR forged, 2 times"]
