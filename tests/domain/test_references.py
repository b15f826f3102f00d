"""References made of order numbers."""

from __future__ import annotations

import pytest

from oscar_mpesa.domain.references import account_reference, description


@pytest.mark.parametrize(
    ("order_number", "reference", "described"),
    [
        pytest.param("100042", "100042", "Order 100042", id="Oscar's own number"),
        pytest.param("1000423", "1000423", "Order 1000423", id="just short enough"),
        pytest.param("10004234", "10004234", "10004234", id="one digit longer"),
        pytest.param("ORD-2024/000123", "RD2024000123", "ORD2024000123", id="punctuation"),
        pytest.param("SHOP-2024-00000123456", "400000123456", "2400000123456", id="too long keeps its end"),
        pytest.param("№ ¿?", "ORDER", "Order", id="nothing left"),
        pytest.param("", "ORDER", "Order", id="empty"),
    ],
)
def test_order_number_is_cut_to_safaricoms_limits(order_number: str, reference: str, described: str) -> None:
    assert account_reference(order_number) == reference
    assert description(order_number) == described


@pytest.mark.parametrize("order_number", ["100042", "x" * 200, "", "\u0661\u0662", "É-12"])
def test_references_have_allowed_length_and_characters(order_number: str) -> None:
    reference, described = account_reference(order_number), description(order_number)

    assert 1 <= len(reference) <= 12
    assert 1 <= len(described) <= 13
    assert reference.isascii()
    assert reference.isalnum()
    assert described.isascii()
