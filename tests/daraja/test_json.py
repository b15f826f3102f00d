"""Reading numbers and text in untrusted JSON."""

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
def test_text_and_numbers_become_text(value: object, text: str) -> None:
    assert text_of(value, "Value") == text


@pytest.mark.parametrize("value", [True, b"x", 10**31, Decimal("1E-31"), Decimal("NaN"), float("inf")], ids=repr)
def test_other_values_are_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match="Value is"):
        text_of(value, "Value")


def test_numbers_keep_their_decimals() -> None:
    assert read_object(b'{"Amount": 0.10}') == {"Amount": Decimal("0.10")}
