"""A journey through a shop that offers only M-PESA and has wrong settings at first."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.simulator.server import Simulator
from tests.dashboard.staff import staff_client, url_of
from tests.page_html import html_of
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


def page_text(shopper: Shopper, page: str) -> str:
    return html_of(shopper.client.get(page))


def test_order_of_a_misconfigured_shop_is_paid_once_the_settings_are_right(
    daraja: Simulator, shopper: Shopper, settings: Any, mpesa_only: None
) -> None:
    right = {**settings.OSCAR_MPESA, "OTHER_METHODS": []}
    settings.OSCAR_MPESA = {**right, "CONSUMER_KEY": "key of production"}
    page = shopper.buys(new_product())["Location"]
    wrong = page_text(shopper, page)
    daraja.problems.clear()
    settings.OSCAR_MPESA = right

    staff_client("act_on_payment").post(url_of("setup"))
    fixed = page_text(shopper, page)
    shopper.client.post(f"{page}retry/", {"again": "yes"})

    assert ["This shop can't take M-PESA right now." in text for text in (wrong, fixed)] == [True, False]
    assert ['id="mpesa-again"' in text for text in (wrong, fixed)] == [True, True]
    assert "The prompt wasn't sent to the phone. Send it again." in fixed
    assert [payment.status for payment in MpesaPayment.objects.order_by("pk")] == ["failed", "processing"]
    assert len(daraja.pushes) == 1
