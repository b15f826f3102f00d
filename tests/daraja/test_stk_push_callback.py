"""Parsing STK callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.daraja.stk_push import CallbackUnreadable, StkCallback, parse_callback
from tests.daraja.samples import CHECKOUT_ID, body, fields


def callback(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the paid callback with one change to its ``stkCallback``."""
    document = fields("callback_paid")
    change(document["Body"]["stkCallback"])
    return json.dumps(document).encode()


def with_items(*items: object) -> bytes:
    return callback(lambda each: each.update(CallbackMetadata={"Item": list(items)}))


def with_value(name: str, value: object) -> StkCallback:
    return parse_callback(with_items({"Name": name, "Value": value}))


def test_paid_callback_has_amount_time_and_receipt() -> None:
    parsed = parse_callback(body("callback_paid"))

    assert parsed.result_code == "0"
    assert parsed.amount == Decimal("1500.00")
    assert parsed.receipt_number == "NLJ7RT61SV"
    assert parsed.paid_at is not None
    assert parsed.paid_at.isoformat() == "2019-12-19T10:21:15+03:00"
    assert parsed.checkout_request_id == CHECKOUT_ID
    assert parsed.merchant_request_id == "29115-34620561-1"
    assert parsed.result_description == "The service request is processed successfully."


def test_payer_is_masked() -> None:
    parsed = parse_callback(body("callback_paid"))

    assert parsed.payer == "0708 •••149"
    assert "708374149" not in repr(parsed)


def test_phone_masked_by_safaricom_is_unchanged() -> None:
    parsed = parse_callback(body("callback_masked_phone"))

    assert parsed.payer == "2547****4149"
    assert (parsed.amount, parsed.receipt_number) == (Decimal("1500.00"), "NLJ7RT61SV")


@pytest.mark.parametrize(
    ("name", "code"),
    [("callback_cancelled", "1032"), ("callback_string_code", "SFC_IC0003"), ("callback_no_funds", "1")],
)
def test_failure_has_only_a_text_code(name: str, code: str) -> None:
    parsed = parse_callback(body(name))

    assert parsed.result_code == code
    assert (parsed.amount, parsed.receipt_number, parsed.paid_at, parsed.payer) == (None, None, None, "")


@pytest.mark.parametrize(
    ("code", "text"), [(1032, "1032"), ("1032", "1032"), (1032.0, "1032"), (" 0 ", "0"), (0, "0"), (0.0, "0")]
)
def test_number_and_text_codes_are_equal(code: object, text: str) -> None:
    assert parse_callback(callback(lambda each: each.update(ResultCode=code))).result_code == text


@pytest.mark.parametrize("code", [None, "", "  "])
def test_missing_code_is_none(code: object) -> None:
    assert parse_callback(callback(lambda each: each.update(ResultCode=code))).result_code is None


def test_missing_ids_are_empty() -> None:
    parsed = parse_callback(b'{"Body": {"stkCallback": {"ResultCode": 1}}}')

    assert (parsed.checkout_request_id, parsed.merchant_request_id, parsed.result_description) == ("", "", "")


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(None, id="null metadata"),
        pytest.param({}, id="no items"),
        pytest.param({"Item": None}, id="null items"),
        pytest.param({"Item": []}, id="an empty list"),
        pytest.param({"Item": [None, {}, {"Name": "Amount"}, {"Name": "Amount", "Value": None}]}, id="no values"),
        pytest.param({"Item": [{"Value": 5}, {"Name": "Other", "Value": {"deep": 1}}]}, id="unknown names"),
    ],
)
def test_success_can_lack_all_items(metadata: object) -> None:
    parsed = parse_callback(callback(lambda each: each.update(CallbackMetadata=metadata)))

    assert parsed.result_code == "0"
    assert (parsed.amount, parsed.receipt_number) == (None, None)


def test_single_item_needs_no_list() -> None:
    alone = {"Name": "MpesaReceiptNumber", "Value": " nlj7rt61sv "}

    parsed = parse_callback(callback(lambda each: each.update(CallbackMetadata={"Item": alone})))

    assert parsed.receipt_number == "NLJ7RT61SV"


def test_first_of_a_repeated_item_wins() -> None:
    parsed = parse_callback(with_items({"Name": "Amount", "Value": 5}, {"Name": "Amount", "Value": 9}))

    assert parsed.amount == 5


@pytest.mark.parametrize(
    ("value", "amount"),
    [(1500, "1500.00"), (1500.5, "1500.50"), ("1500.00", "1500.00"), ("0.10", "0.10"), (0, "0.00"), ("", None)],
)
def test_amount_is_exact(value: object, amount: str | None) -> None:
    parsed = with_value("Amount", value)

    assert (None if parsed.amount is None else str(parsed.amount)) == amount


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        pytest.param(20191219102115, "2019-12-19T10:21:15", id="a number"),
        pytest.param("20191219102115", "2019-12-19T10:21:15", id="text"),
        pytest.param(20191319102115, None, id="month 13"),
        pytest.param(10101000000, None, id="the year 1"),
        pytest.param("2019-12-19", None, id="another format"),
        pytest.param("", None, id="empty"),
    ],
)
def test_unreadable_time_is_left_out(value: object, moment: str | None) -> None:
    parsed = with_value("TransactionDate", value)

    expected = datetime.fromisoformat(f"{moment}+03:00") if moment else None
    assert parsed.paid_at == expected
    assert parsed.paid_at is None or parsed.paid_at.utcoffset() == timedelta(hours=3)


@pytest.mark.parametrize(
    ("value", "payer"),
    [
        pytest.param(254708374149, "0708 •••149", id="a whole number"),
        pytest.param("0708 374 149", "0708 •••149", id="as dialed"),
        pytest.param(255712345678, "•••678", id="a foreign number"),
        pytest.param("0254 708 374 149", "0708 •••149", id="the country code after the zero"),
        pytest.param("a3f5" * 16, "…", id="a hash"),
        pytest.param("A3F5" * 8, "…", id="a shorter hash"),
        pytest.param("o6PzY4kFe0bZ9wqD8m1uXlHk2v7TtS5nRcGjAiBsLdE=", "…", id="a hash in base64"),
        pytest.param("2547 ***** 126", "2547 ***** 126", id="masked by Safaricom"),
        pytest.param("x " * 200, ("x " * 100)[:128], id="far too long"),
    ],
)
def test_payer_is_never_a_full_number(value: object, payer: str) -> None:
    assert with_value("PhoneNumber", value).payer == payer


def test_nul_and_surrogates_are_removed() -> None:
    dirty = b'{"Body": {"stkCallback": {"ResultCode": "1\\u0000", "ResultDesc": "\\ud800 no\\u0000 \xff"}}}'

    parsed = parse_callback(dirty)

    assert parsed.result_code == "1"
    assert parsed.result_description == "? no \N{REPLACEMENT CHARACTER}"


def test_byte_order_mark_is_ignored() -> None:
    assert parse_callback(b"\xef\xbb\xbf" + body("callback_cancelled")).result_code == "1032"


def test_long_description_is_cut() -> None:
    parsed = parse_callback(callback(lambda each: each.update(ResultDesc="x" * 2000)))

    assert len(parsed.result_description) == 500


@pytest.mark.parametrize(
    "posted",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"\x00\xff\xfe", id="binary"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b'{"Body": []}', id="a list for a body"),
        pytest.param(b'{"Body": null}', id="no body"),
        pytest.param(b'{"Body": {"stkCallback": "x"}}', id="text for a callback"),
        pytest.param(b'{"Body": {"stkCallback": {}}}', id="an empty callback"),
        pytest.param(b"[" * 60_000, id="deep nesting"),
        pytest.param(b'{"Body":' * 8_000, id="deep objects"),
        pytest.param(b'{"Body": {"stkCallback": {"ResultCode": ' + b"9" * 50_000 + b"}}}", id="a huge code"),
        pytest.param(b'{"Body": {"stkCallback": {"ResultCode": ' + b"9" * 100 + b"}}}", id="a long code"),
        pytest.param(b'{"Body": {"stkCallback": {"ResultCode": 1e999999999999999999999}}}', id="a huge exponent"),
        pytest.param(b'{"Body": {"stkCallback": {"ResultCode": NaN}}}', id="a code that is no number"),
        pytest.param(b'{"Body": {"stkCallback": {"ResultCode": Infinity}}}', id="an endless code"),
    ],
)
def test_other_bodies_raise_callback_unreadable(posted: bytes) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(posted)


@pytest.mark.parametrize("value", [True, False, [], {}, [0], {"code": 0}], ids=repr)
@pytest.mark.parametrize("name", ["ResultCode", "ResultDesc", "MerchantRequestID", "CheckoutRequestID"])
def test_field_of_wrong_type_is_unreadable(name: str, value: object) -> None:
    with pytest.raises(CallbackUnreadable, match=name):
        parse_callback(callback(lambda each: each.update({name: value})))


@pytest.mark.parametrize("name", ["MerchantRequestID", "CheckoutRequestID", "ResultCode"])
def test_too_long_id_is_unreadable(name: str) -> None:
    with pytest.raises(CallbackUnreadable, match="too long"):
        parse_callback(callback(lambda each: each.update({name: "x" * 129})))


@pytest.mark.parametrize("metadata", ["x", [1], {"Item": "x"}, {"Item": 5}, {"Item": [5]}, {"Item": [[]]}], ids=repr)
def test_metadata_of_wrong_shape_is_unreadable(metadata: object) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(callback(lambda each: each.update(CallbackMetadata=metadata)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Amount", True),
        ("Amount", [1]),
        ("Amount", "much"),
        ("Amount", "NaN"),
        ("Amount", "Infinity"),
        ("Amount", -1),
        ("Amount", 0.001),
        ("Amount", "1e900"),
        ("Amount", 10**9),
        ("Amount", "1" * 80),
        ("MpesaReceiptNumber", {}),
        ("MpesaReceiptNumber", "X" * 33),
        ("TransactionDate", {}),
        ("PhoneNumber", []),
        ({"no": "name"}, 1),
    ],
    ids=repr,
)
def test_impossible_item_is_unreadable(name: str, value: object) -> None:
    with pytest.raises(CallbackUnreadable):
        with_value(name, value)


def test_error_message_does_not_quote_the_value() -> None:
    with pytest.raises(CallbackUnreadable) as refused:
        parse_callback(with_items({"Name": "Amount", "Value": "254708374149 sent 5"}))

    assert "254708374149" not in str(refused.value)


NESTED = {
    "the whole body": lambda text: json.dumps(text),
    "stkCallback": lambda text: json.dumps(
        {"Body": {"stkCallback": json.dumps(json.loads(text)["Body"]["stkCallback"])}}
    ),
    "Body": lambda text: json.dumps({"Body": json.dumps(json.loads(text)["Body"])}),
}


@pytest.mark.parametrize("nest", NESTED.values(), ids=NESTED.keys())
def test_json_inside_a_json_string_is_read(nest: Callable[[str], str]) -> None:
    plain = body("callback_paid")

    assert parse_callback(nest(plain.decode()).encode()) == parse_callback(plain)


def test_items_inside_a_json_string_are_read() -> None:
    items = json.dumps([{"Name": "Amount", "Value": 1500}])
    document = {"Body": {"stkCallback": {"ResultCode": 0, "CallbackMetadata": json.dumps({"Item": items})}}}

    assert parse_callback(json.dumps(document).encode()).amount == 1500


@pytest.mark.parametrize("text", ["{", "[1", "{}x", "[" * 100_000, "null", "5"])
def test_other_text_instead_of_an_object_is_unreadable(text: str) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(json.dumps({"Body": {"stkCallback": text}}).encode())
