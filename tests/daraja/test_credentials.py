"""Credentials of a paybill and a till, and Daraja's URLs."""

from __future__ import annotations

from dataclasses import replace

from oscar_mpesa.daraja.credentials import HOSTS
from tests.daraja.pushes import PAYBILL


def test_paybill_is_its_own_party_b() -> None:
    assert PAYBILL.transaction_type == "CustomerPayBillOnline"
    assert PAYBILL.party_b == "174379"


def test_till_is_party_b_of_its_store_number() -> None:
    till = replace(PAYBILL, till="5123456")

    assert till.transaction_type == "CustomerBuyGoodsOnline"
    assert (till.shortcode, till.party_b) == ("174379", "5123456")


def test_urls_use_the_base_url() -> None:
    assert PAYBILL.push_url == "https://sandbox.safaricom.co.ke/mpesa/stkpush/v1/processrequest"
    assert replace(PAYBILL, base_url="http://127.0.0.1:9000/").query_url == (
        "http://127.0.0.1:9000/mpesa/stkpushquery/v1/query"
    )
    assert PAYBILL.oauth_url.endswith("/oauth/v1/generate?grant_type=client_credentials")


def test_credentials_repr_has_no_secret() -> None:
    shown = repr(PAYBILL)

    assert "174379" in shown
    assert "the-" not in shown


def test_other_keys_or_host_change_the_token_key() -> None:
    others = [replace(PAYBILL, consumer_secret="new"), replace(PAYBILL, base_url=HOSTS["production"])]

    assert len({PAYBILL.token_key, *(other.token_key for other in others)}) == 3
    assert "the-key" not in PAYBILL.token_key
