"""The panel is added to the shop's own view of an order only if the app may integrate itself."""

from __future__ import annotations

from typing import Any

from oscar.core.loading import get_class

from oscar_mpesa.dashboard.payments.order_panel import MpesaOrderPanelMixin
from oscar_mpesa.integration import install
from tests.oscar_apps import oscar_orders_dashboard

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
