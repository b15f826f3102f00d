"""STK push and query: request fields and replies."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from oscar_mpesa.daraja.credentials import password, timestamp
from oscar_mpesa.daraja.exceptions import DarajaRefused, DarajaUnreadable
from oscar_mpesa.daraja.stk_push import push_body, read_push
from oscar_mpesa.daraja.stk_query import query_body, read_query
from oscar_mpesa.daraja.tokens import read_token
from tests.daraja.pushes import NOW, PAYBILL, PUSH
from tests.daraja.samples import CHECKOUT_ID, fields


def test_timestamp_is_in_nairobi_time() -> None:
    assert timestamp(NOW) == "20261124013005"
    assert timestamp(NOW.astimezone(timezone(timedelta(hours=-5)))) == "20261124013005"


def test_timestamp_refuses_a_naive_datetime() -> None:
    with pytest.raises(ValueError, match="time zone"):
        timestamp(NOW.replace(tzinfo=None))


def test_password_encodes_short_code_passkey_and_timestamp() -> None:
    assert b64decode(password(PAYBILL, "20261124013005")) == b"174379the-passkey20261124013005"


def test_push_body_has_every_field() -> None:
    fields_sent = push_body(PAYBILL, PUSH, now=NOW)

    assert fields_sent == {
        "BusinessShortCode": "174379",
        "Password": password(PAYBILL, "20261124013005"),
        "Timestamp": "20261124013005",
        "TransactionType": "CustomerPayBillOnline",
        "Amount": 1500,
        "PartyA": "254708374149",
        "PartyB": "174379",
        "PhoneNumber": "254708374149",
        "CallBackURL": "https://shop.example/hooks/0123456789abcdef/",
        "AccountReference": "100042",
        "TransactionDesc": "Order 100042",
    }


def test_push_body_of_a_till() -> None:
    fields_sent = push_body(replace(PAYBILL, till="5123456"), PUSH, now=NOW)

    assert (fields_sent["BusinessShortCode"], fields_sent["PartyB"]) == ("174379", "5123456")
    assert fields_sent["TransactionType"] == "CustomerBuyGoodsOnline"


def test_query_body_has_the_checkout_id() -> None:
    fields_sent = query_body(PAYBILL, CHECKOUT_ID, now=NOW)

    assert set(fields_sent) == {"BusinessShortCode", "Password", "Timestamp", "CheckoutRequestID"}
    assert fields_sent["CheckoutRequestID"] == CHECKOUT_ID


def test_push_repr_has_no_secret_or_phone() -> None:
    assert "amount=1500" in repr(PUSH)
    assert "0123456789abcdef" not in repr(PUSH)
    assert "708374149" not in repr(PUSH)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [("3599", 3599), (3599, 3599), (None, 3599), ("soon", 3599), ("9" * 12, 86_400)],
)
def test_token_lifetime_is_read_and_limited(lifetime: object, seconds: int) -> None:
    assert read_token({"access_token": "abc", "expires_in": lifetime}) == ("abc", seconds)


@pytest.mark.parametrize("token", [None, "", "two\nlines", "mañana"])
def test_token_invalid_in_a_header_is_refused(token: object) -> None:
    with pytest.raises(ValueError, match="access_token"):
        read_token({"access_token": token})


def test_accepted_push_returns_both_ids() -> None:
    reply = read_push(fields("push_accepted"))

    assert reply.checkout_request_id == CHECKOUT_ID
    assert reply.merchant_request_id == "29115-34620561-1"
    assert reply.description == "Success. Request accepted for processing"
    assert "708374149" not in repr(reply)


def test_other_response_code_is_refused() -> None:
    with pytest.raises(DarajaRefused) as refused:
        read_push(fields("push_accepted") | {"ResponseCode": "1"})

    assert refused.value.error_code == "1"


@pytest.mark.parametrize("missing", ["ResponseCode", "CheckoutRequestID"])
def test_push_reply_without_code_or_id_is_an_error(missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        read_push(fields("push_accepted") | {missing: ""})


@pytest.mark.parametrize(
    ("name", "code"), [("query_paid", "0"), ("query_cancelled", "1032"), ("query_pending", "4999")]
)
def test_query_reply_returns_the_code_as_text(name: str, code: str) -> None:
    reply = read_query(fields(name), CHECKOUT_ID)

    assert reply.result_code == code
    assert reply.description == fields(name)["ResultDesc"]


def test_query_reply_can_omit_the_checkout_id() -> None:
    reply = read_query(fields("query_paid") | {"CheckoutRequestID": None}, CHECKOUT_ID)

    assert reply.result_code == "0"


def test_query_reply_about_another_push_is_unreadable() -> None:
    with pytest.raises(DarajaUnreadable, match="another push"):
        read_query(fields("query_paid"), "ws_CO_of_somebody_else")


@pytest.mark.parametrize("change", [{"ResultCode": ""}, {"ResponseCode": "1"}, {"ResponseCode": None}], ids=repr)
def test_query_reply_without_a_result_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no ResultCode"):
        read_query(fields("query_paid") | change, CHECKOUT_ID)


PENDING_REPLIES: dict[str, dict[str, object]] = {
    "ResponseCode 4002": {
        "ResponseCode": "4002",
        "ResponseDescription": "The transaction is still under processing",
        "CheckoutRequestID": CHECKOUT_ID,
    },
    "ResponseCode 4999": {"ResponseCode": 4999, "CheckoutRequestID": CHECKOUT_ID},
    "ResultCode 103": {"ResponseCode": "0", "ResultCode": "103", "ResultDesc": "?"},
    "ResultCode 4002": {"ResponseCode": "0", "ResultCode": "4002"},
    "only the words": {"ResponseCode": "1", "ResponseDescription": "The transaction is being processed"},
    "accepted, only the words": {"ResponseCode": "0", "ResultDesc": "The transaction is still under processing"},
    "pending and paid": {"ResponseCode": "4002", "ResultCode": "0"},
}


@pytest.mark.parametrize("document", PENDING_REPLIES.values(), ids=PENDING_REPLIES.keys())
def test_query_reply_is_pending_in_every_envelope(document: dict[str, object]) -> None:
    settled = {"ResponseCode": "0", "ResultCode": "1032"}

    results = [read_query(each, CHECKOUT_ID).result_code for each in (document, settled)]

    assert results == [None, "1032"]


@pytest.mark.parametrize("code", ["1032", 1037, "2001", "SFC_IC0003"])
def test_known_result_as_response_code_is_the_result(code: object) -> None:
    reply = read_query({"ResponseCode": code, "ResponseDescription": "Request cancelled by user"}, CHECKOUT_ID)

    assert (reply.result_code, reply.description) == (str(code), "Request cancelled by user")


@pytest.mark.parametrize(
    "document",
    [
        {"ResponseCode": "0"},
        {"ResponseCode": "1"},
        {"ResponseCode": "77777"},
        {"ResponseCode": "1032", "ResultCode": "0"},
    ],
    ids=repr,
)
def test_query_reply_with_another_response_code_proves_nothing(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no ResultCode"):
        read_query(document, CHECKOUT_ID)
