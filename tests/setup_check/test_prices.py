"""A shop without a price in shillings is found."""

from __future__ import annotations

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.setup_check.history import history_findings
from tests.setup_check.probes import by_name
from tests.shop import NOON, new_product

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    return set(by_name(history_findings(NOON)))


def test_shop_without_prices_in_shillings_learns_how_to_change_them() -> None:
    product, stock_records = new_product(), get_model("partner", "StockRecord").objects
    in_shillings = names()
    product.stockrecords.update(price_currency="GBP")
    in_pounds = by_name(history_findings(NOON))
    new_product()
    in_both = names()
    stock_records.all().delete()

    assert "no-kes-prices" not in in_shillings | in_both | names()
    assert "change its currency to KES" in in_pounds["no-kes-prices"].remedy
