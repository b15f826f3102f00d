"""What a search term can be."""

from __future__ import annotations

import pytest

from oscar_mpesa.dashboard.search.terms import (
    MaskedPhone,
    cleaned,
    code_of,
    is_message,
    last_digits_of,
    masked_phone_of,
    phone_of,
)

ENGLISH = "SHK7X2M9QP Confirmed. Ksh1,500.00 paid to DUKA LETU 174379 on 23/11/26 at 3:00 PM. New balance Ksh20.00."
SWAHILI = "SHK7X2M9QP Imethibitishwa. Ksh1,500.00 imelipwa kwa DUKA LETU tarehe 23/11/26 saa 3:00 PM."


@pytest.mark.parametrize(
    "term",
    ["SHK7X2M9QP", "shk7x2m9qp", "SHK7-X2M9-QP", " (SHK7X2M9QP). ", "shk7 x2m9 qp,", "#SHK7X2M9QP", ENGLISH, SWAHILI],
)
def test_code_is_found_in_any_punctuation_and_in_a_message(term: str) -> None:
    assert code_of(term) == "SHK7X2M9QP"


@pytest.mark.parametrize(
    "term", ["", "Achieng", "0712345678", "Achieng Otieno", "100042", "254712345678", "DUKALETUNOW 1"]
)
def test_other_terms_have_no_code(term: str) -> None:
    assert code_of(f"{term} SHK7X2M9QP") != code_of(term) == ""


def test_message_differs_from_a_name() -> None:
    assert [is_message(term) for term in (ENGLISH, SWAHILI, "SHK7X2M9QP", "Achieng wa Otieno")] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("term", "digits"), [("678", "678"), ("45 678", "45678"), ("712-345-678", "712345678"), ("78", ""), ("A678", "")]
)
def test_three_to_nine_digits_can_be_the_end_of_a_phone(term: str, digits: str) -> None:
    assert last_digits_of(term) == digits


@pytest.mark.parametrize("term", ["0712 •••678", "0712•••678", "0712 ***678", "0712 xxx 678"])
def test_masked_phone_is_read(term: str) -> None:
    assert masked_phone_of(term) == MaskedPhone(start="254712", end="678")


def test_whole_phone_is_not_masked() -> None:
    phone = phone_of("0712 345 678")

    assert masked_phone_of("0712 345 678") is None
    assert phone is not None and phone.msisdn == "254712345678"


def test_term_is_cut_and_has_single_spaces() -> None:
    assert cleaned("  a\x00b \n c ") == "ab c"
    assert len(cleaned("x" * 900)) == 500
