"""Replace the sandbox shop's app configs by Oscar's own, as other shops have them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from oscar.apps.checkout import views
from oscar.apps.checkout.apps import CheckoutConfig
from oscar.apps.dashboard.orders.apps import OrdersDashboardConfig


def oscar_checkout(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register Oscar's own checkout, whose views take no payment, until the test ends."""
    config = register(monkeypatch, CheckoutConfig)
    config.payment_method_view, config.payment_details_view = views.PaymentMethodView, views.PaymentDetailsView
    return config


def oscar_orders_dashboard(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register Oscar's own orders dashboard, with views that no one has extended yet, until the test ends."""
    return register(monkeypatch, OrdersDashboardConfig)


def register(monkeypatch: pytest.MonkeyPatch, config_class: Any) -> Any:
    """Register an app config instead of the shop's until the test ends."""
    config = config_class(config_class.name, import_module(config_class.name))
    config.ready()
    monkeypatch.setitem(apps.app_configs, config.label, config)
    return config
