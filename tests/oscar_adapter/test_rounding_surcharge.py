"""Totals with cents get a rounding surcharge by the shop's policy."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from oscar.core.loading import get_class
from oscar.core.prices import Price

from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.oscar_adapter.rounding_surcharge import add_rounding, is_payable, shillings

SurchargeList = get_class("checkout.applicator", "SurchargeList")
SurchargePrice = get_class("checkout.applicator", "SurchargePrice")


def submission(total: str, *, surcharges: Any = None, currency: str = "KES") -> dict[str, Any]:
    price = Price(currency=currency, excl_tax=Decimal(total) - 10, tax=Decimal(10))
    return {"order_total": price, "surcharges": surcharges, "basket": SimpleNamespace(currency=currency)}


@pytest.mark.parametrize(
    ("policy", "total", "rounded", "difference"),
    [
        ("up", "1499.01", 1500, "0.99"),
        ("nearest", "1499.50", 1500, "0.50"),
        ("nearest", "1499.49", 1499, "-0.49"),
        ("down", "1499.99", 1499, "-0.99"),
    ],
)
def test_difference_is_a_surcharge_without_tax(
    settings: Any, policy: str, total: str, rounded: int, difference: str
) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "ROUNDING": policy}

    result = add_rounding(submission(total))

    (surcharge,) = result["surcharges"]
    assert (result["order_total"].incl_tax, result["order_total"].tax) == (rounded, 10)
    assert (surcharge.price.incl_tax, surcharge.price.tax) == (Decimal(difference), 0)
    assert surcharge.surcharge.code == "mpesa-rounding"


def test_shops_own_surcharges_stay() -> None:
    own = SurchargeList([SurchargePrice("gift wrap", Price("KES", Decimal(5), tax=Decimal(0)))])

    result = add_rounding(submission("1499.50", surcharges=own))

    assert [charge.price.incl_tax for charge in result["surcharges"]] == [5, Decimal("0.50")]
    assert len(own) == 1


def test_whole_total_gets_no_surcharge() -> None:
    given = submission("1500.00")

    assert add_rounding(given) is given


def test_mpesa_is_not_offered_for_cents_that_the_shop_refuses(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "ROUNDING": "refuse"}

    assert is_payable(submission("1500.00")["order_total"])
    assert not is_payable(submission("1499.50")["order_total"])


@pytest.mark.parametrize(
    ("total", "currency", "payable"),
    [
        ("1.00", "KES", True),
        ("250000.00", "KES", True),
        ("249999.50", "KES", True),
        ("250000.01", "KES", False),
        ("0.40", "KES", False),
        ("0.00", "KES", False),
        ("100.00", "EUR", False),
    ],
)
def test_mpesa_takes_1_to_250000_shillings(total: str, currency: str, payable: bool) -> None:
    assert is_payable(Price(currency=currency, excl_tax=Decimal(total), tax=Decimal(0))) is payable


def test_total_with_unknown_tax_is_taken_without_tax() -> None:
    assert shillings(Price(currency="KES", excl_tax=Decimal("99.50"))) == 100


def test_refused_total_names_the_reason() -> None:
    with pytest.raises(AmountRefused) as refusal:
        shillings(Price(currency="EUR", excl_tax=Decimal(10), tax=Decimal(0)))

    assert refusal.value.sentence == "M-PESA takes Kenya shillings only."
