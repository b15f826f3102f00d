"""Paybill or till, and the addresses of Daraja."""

from __future__ import annotations

from dataclasses import replace

from oscar_mpesa.daraja.credentials import HOSTS
from tests.daraja.pushes import PAYBILL


def test_a_paybill_takes_the_money_itself() -> None:
    assert PAYBILL.transaction_type == "CustomerPayBillOnline"
    assert PAYBILL.party_b == "174379"


def test_a_till_takes_the_money_and_the_store_number_signs() -> None:
    till = replace(PAYBILL, till="5123456")

    assert till.transaction_type == "CustomerBuyGoodsOnline"
    assert (till.shortcode, till.party_b) == ("174379", "5123456")


def test_the_addresses_are_the_same_on_every_host() -> None:
    assert PAYBILL.push_url == "https://sandbox.safaricom.co.ke/mpesa/stkpush/v1/processrequest"
    assert replace(PAYBILL, base_url="http://127.0.0.1:9000/").query_url == (
        "http://127.0.0.1:9000/mpesa/stkpushquery/v1/query"
    )
    assert PAYBILL.oauth_url.endswith("/oauth/v1/generate?grant_type=client_credentials")


def test_secrets_are_not_shown() -> None:
    shown = repr(PAYBILL)

    assert "174379" in shown
    assert "the-" not in shown


def test_other_keys_have_another_token() -> None:
    others = [replace(PAYBILL, consumer_secret="new"), replace(PAYBILL, base_url=HOSTS["production"])]

    assert len({PAYBILL.token_key, *(other.token_key for other in others)}) == 3
    assert "the-key" not in PAYBILL.token_key
