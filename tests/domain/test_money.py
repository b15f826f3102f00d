"""Rounding totals to whole shillings, and formatting amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oscar_mpesa.domain.money import AmountRefused, Rounding, ksh, rounding_difference, whole_shillings


@pytest.mark.parametrize(
    ("rounding", "total", "amount"),
    [
        (Rounding.UP, "1499.01", 1500),
        (Rounding.UP, "1500.00", 1500),
        (Rounding.DOWN, "1499.99", 1499),
        (Rounding.NEAREST, "1499.49", 1499),
        (Rounding.NEAREST, "1499.50", 1500),
        (Rounding.NEAREST, "1500.50", 1501),
        (Rounding.REFUSE, "1500.00", 1500),
        (Rounding.UP, "1.00", 1),
        (Rounding.UP, "249999.50", 250_000),
        (Rounding.REFUSE, "250000", 250_000),
    ],
)
def test_total_is_rounded_by_the_shops_setting(rounding: Rounding, total: str, amount: int) -> None:
    assert whole_shillings(Decimal(total), currency="KES", rounding=rounding) == amount


@pytest.mark.parametrize(
    ("total", "currency", "rounding", "reason"),
    [
        pytest.param("100", "USD", Rounding.UP, "currency", id="dollars"),
        pytest.param("0", "KES", Rounding.UP, "below", id="free"),
        pytest.param("0.40", "KES", Rounding.UP, "below", id="40 cents rounded up"),
        pytest.param("0.99", "KES", Rounding.NEAREST, "below", id="99 cents to the nearest"),
        pytest.param("-5", "KES", Rounding.UP, "below", id="less than nothing"),
        pytest.param("250000.01", "KES", Rounding.DOWN, "above", id="a cent too much rounded down"),
        pytest.param("250001", "KES", Rounding.UP, "above", id="a shilling too much"),
        pytest.param("NaN", "KES", Rounding.UP, "above", id="no number"),
        pytest.param("1499.50", "KES", Rounding.REFUSE, "cents", id="cents where they are refused"),
    ],
)
def test_total_outside_mpesa_limits_is_refused(total: str, currency: str, rounding: Rounding, reason: str) -> None:
    with pytest.raises(AmountRefused) as refused:
        whole_shillings(Decimal(total), currency=currency, rounding=rounding)

    assert refused.value.reason == reason
    assert refused.value.sentence.startswith("M-PESA takes")


@pytest.mark.parametrize(
    ("total", "amount", "difference"),
    [("1499.50", 1500, "0.50"), ("1499.99", 1499, "-0.99"), ("1500", 1500, "0.00")],
)
def test_rounding_difference_is_amount_minus_total(total: str, amount: int, difference: str) -> None:
    assert str(rounding_difference(Decimal(total), amount)) == difference


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (1500, "KSh 1,500"),
        (Decimal("1500.00"), "KSh 1,500"),
        (Decimal("1499.5"), "KSh 1,499.50"),
        (Decimal(250000), "KSh 250,000"),
        (Decimal(0), "KSh 0"),
        (Decimal("-0.5"), "-KSh 0.50"),
    ],
)
def test_ksh_shows_cents_only_if_there_are_any(amount: Decimal | int, written: str) -> None:
    assert ksh(amount) == written


def test_rounding_modes_have_their_setting_values() -> None:
    assert [str(rounding) for rounding in Rounding] == ["up", "nearest", "down", "refuse"]
