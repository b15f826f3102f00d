"""The panel is added to the shop's own view of an order only if the app may integrate itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from oscar.core.loading import get_class

from oscar_mpesa.dashboard.payments.order_panel import MpesaOrderPanelMixin
from oscar_mpesa.integration import install
from tests.oscar_apps import oscar_orders_dashboard
from tests.shop import new_order, new_payment, pay

pytestmark = pytest.mark.django_db

OrderDetailView = get_class("dashboard.orders.views", "OrderDetailView")


def test_shops_view_is_unchanged_without_auto_integrate(settings: Any, monkeypatch: Any) -> None:
    config: Any = oscar_orders_dashboard(monkeypatch)
    install()
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AUTO_INTEGRATE": False}
    config.get_urls()
    unchanged = config.order_detail_view

    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AUTO_INTEGRATE": True}
    config.get_urls()

    assert unchanged is OrderDetailView
    assert issubclass(config.order_detail_view, MpesaOrderPanelMixin)


class ByHandView(MpesaOrderPanelMixin, OrderDetailView):  # type: ignore[misc, valid-type]
    """A shop's view as in docs/by-hand.md."""


def test_mixin_by_hand_shows_the_panel_of_mpesa_orders_only(rf: Any) -> None:
    paid, other = pay(new_payment()).mpesa_order.order, new_order(currency="EUR")
    request = rf.get("/")
    request.user = get_user_model().objects.create_superuser("mama", "mama@shop.example", "a long password")

    pages = [ByHandView.as_view()(request, number=order.number) for order in (paid, other)]

    panel = pages[0].context_data["mpesa_panel"]
    assert panel.sentence.startswith("Paid by M-PESA: KSh 1,500")
    assert "mpesa_panel" not in pages[1].context_data
    assert pages[0].template_name == ["oscar_mpesa/dashboard/payments/order_detail.html"] != pages[1].template_name
