"""Numbers and text in somebody else's JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oscar_mpesa.daraja.json import read_object, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (" x ", "x"),
        (5, "5"),
        (5.0, "5"),
        (Decimal("5.00"), "5"),
        (Decimal("5.25"), "5.25"),
        (Decimal("1E+3"), "1000"),
        (10**29, "1" + "0" * 29),
    ],
    ids=repr,
)
def test_a_value_is_written_one_way_whatever_its_type(value: object, text: str) -> None:
    assert text_of(value, "Value") == text


@pytest.mark.parametrize("value", [True, b"x", 10**31, Decimal("1E-31"), Decimal("NaN"), float("inf")], ids=repr)
def test_a_value_that_is_neither_text_nor_a_sane_number_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="Value is"):
        text_of(value, "Value")


def test_numbers_keep_their_cents() -> None:
    assert read_object(b'{"Amount": 0.10}') == {"Amount": Decimal("0.10")}
