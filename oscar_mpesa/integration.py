"""Add M-PESA to a shop without editing its templates or views.

Oscar's app configs hold their view classes as attributes and read them when the URLconf loads, after all apps are
ready. This module replaces ``get_urls`` of a config with a function that first adds our mixins to the store's views.
So it works with forked apps and in any order of ``INSTALLED_APPS``, and ``get_class`` returns what it did before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.urls import URLPattern, include, path

from oscar_mpesa.conf import get_settings

#: Pages that remind the shopper of an unpaid order: app labels of Oscar and attributes of their views.
REMINDER_VIEWS = {
    "catalogue": ["catalogue_view"],
    "basket": ["summary_view"],
    "checkout": ["index_view"],
    "customer": ["order_history_view", "order_detail_view"],
}

#: URL names that need no account, even in a shop that sells to users only, because links in emails lead to them.
PUBLIC_URL_NAMES = {"mpesa-pay-link", "mpesa-order-link", "mpesa-payment", "mpesa-status", "mpesa-retry"}


def install() -> None:
    """Mount our pages in the checkout and the dashboard, and add our mixins unless ``AUTO_INTEGRATE`` is off.

    A second call changes nothing. Skips Oscar's dashboards of orders and reports if the shop does not install them.
    """
    for label, names in REMINDER_VIEWS.items():
        _extend(apps.get_app_config(label), names)
    _extend(apps.get_app_config("dashboard"), [])
    labels = {config.label for config in apps.get_app_configs()}
    if "orders_dashboard" in labels:
        _extend(apps.get_app_config("orders_dashboard"), [])
    if "reports_dashboard" in labels:
        _add_report()


def _add_report() -> None:
    from oscar_mpesa.dashboard.reports import generators  # Oscar's reports import its models

    generators.install()


def _extend(config: Any, names: list[str]) -> None:
    if getattr(config.get_urls, "is_oscar_mpesa", False):
        return
    original: Callable[[], list[Any]] = config.get_urls

    def get_urls() -> list[Any]:
        if get_settings().AUTO_INTEGRATE:
            _add_mixins(config, names)
        urls = original()
        if config.label == "checkout" and get_settings().AUTO_INTEGRATE:
            from oscar_mpesa.checkout import shop_views  # the views need the app registry

            shop_views.extend_patterns(urls, config)
        return [*urls, *_our_urls(config)]

    get_urls.is_oscar_mpesa = True  # type: ignore[attr-defined]
    config.get_urls = get_urls


def _our_urls(config: Any) -> list[Any]:
    if config.label == "dashboard":
        our_config: Any = apps.get_app_config("oscar_mpesa")
        return [path("mpesa/", include(our_config.get_urls()))]
    return _shopper_urls(config) if config.label == "checkout" else []


def _shopper_urls(checkout: Any) -> list[Any]:
    from oscar_mpesa.checkout import shop_views, urls  # the views need the app registry

    ours = [*urls.urlpatterns, *shop_views.phone_page(checkout)]
    copies = [_copy(each) for each in ours]
    public = [each for each in copies if each.name in PUBLIC_URL_NAMES]
    return [*public, *checkout.post_process_urls([each for each in copies if each not in public]), _copy(urls.unknown)]


def _copy(pattern: URLPattern) -> URLPattern:
    return URLPattern(pattern.pattern, pattern.callback, name=pattern.name)


def _add_mixins(config: Any, names: list[str]) -> None:
    from oscar_mpesa.checkout.reminders import MpesaReminderMixin
    from oscar_mpesa.checkout.shop_views import extend_attributes, with_mixin
    from oscar_mpesa.dashboard.payments.order_panel import MpesaOrderPanelMixin

    for name in names:
        setattr(config, name, with_mixin(getattr(config, name), MpesaReminderMixin))
    if config.label == "orders_dashboard":
        config.order_detail_view = with_mixin(config.order_detail_view, MpesaOrderPanelMixin)
    if config.label == "checkout":
        extend_attributes(config)
