"""The example of OTHER_METHODS in the documentation leads to an order, on Oscar's own pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from oscar_mpesa.checks import check_other_methods
from oscar_mpesa.models import MpesaPayment
from tests.house.sources import ROOT
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def documented(settings: Any) -> dict[str, Any]:
    """Run the example in the settings of the shop."""
    page = (ROOT / "docs" / "add-it-to-your-shop.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^OSCAR_MPESA\[\"OTHER_METHODS\"\] = .+$", page, re.MULTILINE)
    names = {"OSCAR_MPESA": dict(settings.OSCAR_MPESA, OTHER_METHODS=[])}
    exec(example, names)  # noqa: S102 - the example is what is tested
    settings.OSCAR_MPESA = names["OSCAR_MPESA"]
    return settings.OSCAR_MPESA  # type: ignore[no-any-return]


def test_documented_method_sells_without_a_prompt(documented: dict[str, Any]) -> None:
    (code, _label, _url_name) = documented["OTHER_METHODS"][0]
    shopper = Shopper().puts_in_basket(new_product()).gives_address()

    chosen = shopper.chooses(code)
    preview = shopper.client.get(chosen["Location"])
    placed = shopper.places_order()

    assert (chosen["Location"], preview.status_code) == (reverse("checkout:preview"), 200)
    assert placed["Location"] == reverse("checkout:thank-you")
    assert (shopper.order().status, MpesaPayment.objects.count()) == ("Pending", 0)
    assert list(check_other_methods()) == []
