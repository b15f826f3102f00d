"""Reading what Safaricom posts."""

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
    """The paid callback with one change made to its ``stkCallback``."""
    document = fields("callback_paid")
    change(document["Body"]["stkCallback"])
    return json.dumps(document).encode()


def with_items(*items: object) -> bytes:
    return callback(lambda told: told.update(CallbackMetadata={"Item": list(items)}))


def with_value(name: str, value: object) -> StkCallback:
    return parse_callback(with_items({"Name": name, "Value": value}))


def test_a_paid_callback_says_how_much_when_and_under_which_code() -> None:
    told = parse_callback(body("callback_paid"))

    assert told.result_code == "0"
    assert told.amount == Decimal("1500.00")
    assert told.receipt_number == "NLJ7RT61SV"
    assert told.paid_at is not None
    assert told.paid_at.isoformat() == "2019-12-19T10:21:15+03:00"
    assert told.checkout_request_id == CHECKOUT_ID
    assert told.merchant_request_id == "29115-34620561-1"
    assert told.result_description == "The service request is processed successfully."


def test_the_payer_of_a_callback_is_masked_by_us() -> None:
    told = parse_callback(body("callback_paid"))

    assert told.payer == "0708 •••149"
    assert "708374149" not in repr(told)


def test_a_phone_that_safaricom_masked_is_kept_as_told() -> None:
    told = parse_callback(body("callback_masked_phone"))

    assert told.payer == "2547****4149"
    assert (told.amount, told.receipt_number) == (Decimal("1500.00"), "NLJ7RT61SV")


@pytest.mark.parametrize(
    ("name", "code"),
    [("callback_cancelled", "1032"), ("callback_string_code", "SFC_IC0003"), ("callback_no_funds", "1")],
)
def test_a_failure_has_a_code_as_text_and_nothing_else(name: str, code: str) -> None:
    told = parse_callback(body(name))

    assert told.result_code == code
    assert (told.amount, told.receipt_number, told.paid_at, told.payer) == (None, None, None, "")


@pytest.mark.parametrize(
    ("code", "text"), [(1032, "1032"), ("1032", "1032"), (1032.0, "1032"), (" 0 ", "0"), (0, "0"), (0.0, "0")]
)
def test_a_code_is_the_same_as_number_and_as_text(code: object, text: str) -> None:
    assert parse_callback(callback(lambda told: told.update(ResultCode=code))).result_code == text


@pytest.mark.parametrize("code", [None, "", "  "])
def test_a_callback_without_a_code_proves_nothing(code: object) -> None:
    assert parse_callback(callback(lambda told: told.update(ResultCode=code))).result_code is None


def test_absent_ids_are_empty() -> None:
    told = parse_callback(b'{"Body": {"stkCallback": {"ResultCode": 1}}}')

    assert (told.checkout_request_id, told.merchant_request_id, told.result_description) == ("", "", "")


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
def test_a_success_may_lack_everything_that_proves_it(metadata: object) -> None:
    told = parse_callback(callback(lambda told: told.update(CallbackMetadata=metadata)))

    assert told.result_code == "0"
    assert (told.amount, told.receipt_number) == (None, None)


def test_a_single_item_may_come_without_its_list() -> None:
    alone = {"Name": "MpesaReceiptNumber", "Value": " nlj7rt61sv "}

    told = parse_callback(callback(lambda told: told.update(CallbackMetadata={"Item": alone})))

    assert told.receipt_number == "NLJ7RT61SV"


def test_the_first_of_a_repeated_item_counts() -> None:
    told = parse_callback(with_items({"Name": "Amount", "Value": 5}, {"Name": "Amount", "Value": 9}))

    assert told.amount == 5


@pytest.mark.parametrize(
    ("value", "amount"),
    [(1500, "1500.00"), (1500.5, "1500.50"), ("1500.00", "1500.00"), ("0.10", "0.10"), (0, "0.00"), ("", None)],
)
def test_an_amount_is_exact(value: object, amount: str | None) -> None:
    told = with_value("Amount", value)

    assert (None if told.amount is None else str(told.amount)) == amount


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
def test_an_unreadable_moment_does_not_keep_the_money_waiting(value: object, moment: str | None) -> None:
    told = with_value("TransactionDate", value)

    expected = datetime.fromisoformat(f"{moment}+03:00") if moment else None
    assert told.paid_at == expected
    assert told.paid_at is None or told.paid_at.utcoffset() == timedelta(hours=3)


@pytest.mark.parametrize(
    ("value", "payer"),
    [
        pytest.param(254708374149, "0708 •••149", id="a whole number"),
        pytest.param("0708 374 149", "0708 •••149", id="as dialled"),
        pytest.param(255712345678, "•••678", id="a foreign number"),
        pytest.param("a3f5" * 16, "a3f5" * 16, id="a hash"),
        pytest.param("x" * 400, "x" * 128, id="far too long"),
    ],
)
def test_a_payer_is_never_a_whole_number(value: object, payer: str) -> None:
    assert with_value("PhoneNumber", value).payer == payer


def test_text_is_cleaned_of_what_a_database_refuses() -> None:
    dirty = b'{"Body": {"stkCallback": {"ResultCode": "1\\u0000", "ResultDesc": "\\ud800 no\\u0000 \xff"}}}'

    told = parse_callback(dirty)

    assert told.result_code == "1"
    assert told.result_description == "? no \N{REPLACEMENT CHARACTER}"


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert parse_callback(b"\xef\xbb\xbf" + body("callback_cancelled")).result_code == "1032"


def test_a_long_description_is_cut() -> None:
    told = parse_callback(callback(lambda told: told.update(ResultDesc="x" * 2000)))

    assert len(told.result_description) == 500


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
def test_what_is_no_callback_is_unreadable_and_nothing_worse(posted: bytes) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(posted)


@pytest.mark.parametrize("value", [True, False, [], {}, [0], {"code": 0}], ids=repr)
@pytest.mark.parametrize("name", ["ResultCode", "ResultDesc", "MerchantRequestID", "CheckoutRequestID"])
def test_a_field_of_another_type_is_unreadable(name: str, value: object) -> None:
    with pytest.raises(CallbackUnreadable, match=name):
        parse_callback(callback(lambda told: told.update({name: value})))


@pytest.mark.parametrize("name", ["MerchantRequestID", "CheckoutRequestID", "ResultCode"])
def test_an_id_longer_than_its_column_is_unreadable(name: str) -> None:
    with pytest.raises(CallbackUnreadable, match="too long"):
        parse_callback(callback(lambda told: told.update({name: "x" * 129})))


@pytest.mark.parametrize("metadata", ["x", [1], {"Item": "x"}, {"Item": 5}, {"Item": [5]}, {"Item": [[]]}], ids=repr)
def test_metadata_of_another_shape_is_unreadable(metadata: object) -> None:
    with pytest.raises(CallbackUnreadable):
        parse_callback(callback(lambda told: told.update(CallbackMetadata=metadata)))


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
def test_an_item_that_cannot_be_meant_is_unreadable(name: str, value: object) -> None:
    with pytest.raises(CallbackUnreadable):
        with_value(name, value)


def test_why_it_is_unreadable_quotes_nothing_of_it() -> None:
    with pytest.raises(CallbackUnreadable) as refused:
        parse_callback(with_items({"Name": "Amount", "Value": "254708374149 sent 5"}))

    assert "254708374149" not in str(refused.value)
