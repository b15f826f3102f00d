"""Parsing and masking phone numbers."""

from __future__ import annotations

import copy
import pickle

import pytest

from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("0712345678", id="as dialed"),
        pytest.param("712345678", id="without the zero"),
        pytest.param("254712345678", id="as Safaricom writes it"),
        pytest.param("+254712345678", id="with a plus"),
        pytest.param("00254712345678", id="with the exit code"),
        pytest.param("+254 (0) 712 345 678", id="with the zero in brackets"),
        pytest.param("2540712345678", id="with both prefixes"),
        pytest.param("254254712345678", id="with the country code twice"),
        pytest.param("+254 254 0712 345 678", id="with the country code twice and a zero"),
        pytest.param("0254712345678", id="with the country code after the zero"),
        pytest.param("  0712-345-678 ", id="dashes and spaces around"),
        pytest.param("0712.345.678", id="dots"),
        pytest.param("0712\u00a0345\u202f678", id="no-break spaces"),
        pytest.param("0712\u2013345\u2011678", id="Unicode dashes"),
        pytest.param("\u202a+254712345678\u202c", id="invisible marks from a contacts app"),
        pytest.param("\uff10\uff17\uff11\uff12345678", id="full-width digits"),
    ],
)
def test_parse_accepts_every_usual_spelling(typed: str) -> None:
    assert PhoneNumber.parse(typed).msisdn == "254712345678"


@pytest.mark.parametrize("typed", ["0112345678", "112345678", "+254112345678"])
def test_parse_accepts_01_numbers(typed: str) -> None:
    assert PhoneNumber.parse(typed).msisdn == "254112345678"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param(" \u200b- ", "empty", id="only punctuation"),
        pytest.param("call me", "not_digits", id="words"),
        pytest.param("0712345678 ext 2", "not_digits", id="an extension"),
        pytest.param("0712345678/0713345678", "not_digits", id="two numbers"),
        pytest.param("\u0660\u0667\u0661\u0662345678", "not_digits", id="Arabic digits"),
        pytest.param("0712", "short", id="the first four digits"),
        pytest.param("071234567", "short", id="one digit missing"),
        pytest.param("254", "short", id="only the country"),
        pytest.param("25471234", "short", id="the country and five digits"),
        pytest.param("2542547123456789", "long", id="one digit too many after the country code twice"),
        pytest.param("254254254712345678", "landline", id="the country code three times"),
        pytest.param("07123456789", "long", id="one digit too many"),
        pytest.param("7123456789", "long", id="one too many without the zero"),
        pytest.param("+255712345678", "foreign", id="Tanzania"),
        pytest.param("00447911123456", "foreign", id="Britain with the exit code"),
        pytest.param("256712345678", "foreign", id="Uganda without a plus"),
        pytest.param("0202222222", "landline", id="Nairobi"),
        pytest.param("+254412222222", "landline", id="Mombasa"),
        pytest.param("0800720000", "not_mobile", id="a free-phone number"),
    ],
)
def test_parse_refuses_with_a_specific_reason(typed: str, reason: str) -> None:
    with pytest.raises(PhoneRefused) as refused:
        PhoneNumber.parse(typed)

    assert refused.value.reason == reason
    assert refused.value.sentence.endswith(".")


def test_refusal_does_not_contain_the_number() -> None:
    with pytest.raises(PhoneRefused) as refused:
        PhoneNumber.parse("+255712345678")

    assert "712345678" not in f"{refused.value} {refused.value!r} {refused.value.sentence}"


@pytest.mark.parametrize("msisdn", ["", "0712345678", "254212345678", "2547123456789", "+254712345678"])
def test_constructor_refuses_other_formats(msisdn: str) -> None:
    with pytest.raises(PhoneRefused):
        PhoneNumber(msisdn=msisdn)


def test_local_and_grouped_are_full_and_masked_is_not() -> None:
    number = PhoneNumber(msisdn="254712345678")

    assert number.local == "0712345678"
    assert number.grouped == "0712 345 678"
    assert number.masked == "0712 •••678"


def test_str_and_repr_are_masked() -> None:
    number = PhoneNumber(msisdn="254712345678")

    assert str(number) == "0712 •••678"
    assert repr(number) == "PhoneNumber('0712 •••678')"


def test_equal_numbers_are_interchangeable() -> None:
    number = PhoneNumber.parse("0712345678")

    assert number == PhoneNumber.parse("+254712345678")
    assert len({number, copy.copy(number), pickle.loads(pickle.dumps(number))}) == 1  # noqa: S301 - its own bytes


@pytest.mark.parametrize(
    ("typed", "network"),
    [
        ("0733345678", "Airtel"),
        ("0755345678", "Airtel"),
        ("0762345678", "Airtel"),
        ("0788345678", "Airtel"),
        ("0100345678", "Airtel"),
        ("0771345678", "Telkom"),
        ("0712345678", ""),
        ("0757345678", ""),
        ("0110345678", ""),
    ],
)
def test_other_network_names_the_prefixs_issuer(typed: str, network: str) -> None:
    assert PhoneNumber.parse(typed).other_network == network
