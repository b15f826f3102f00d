"""Put M-Pesa into a shop without a line of its templates or views being edited.

Oscar's app configs keep their view classes as attributes and read them when the URLconf loads, after every app is
ready. So the ``get_urls`` of a config is replaced by one that first mixes our classes into the store's own views:
forked or not, first or last in ``INSTALLED_APPS``, and ``get_class`` still gives other plugins what it gave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.urls import URLPattern, include, path

from oscar_mpesa.conf import get_settings

#: The pages on which an order is called to mind that waits for its money: Oscar's apps, and the names of their views.
REMINDING = {
    "catalogue": ["catalogue_view"],
    "basket": ["summary_view"],
    "checkout": ["index_view"],
    "customer": ["order_history_view", "order_detail_view"],
}

#: Whoever has one of these needs no account in a shop that sells to its users only: a link let them pay.
OPEN = {"mpesa-pay-link", "mpesa-payment", "mpesa-status", "mpesa-retry"}


def install() -> None:
    """Mount our pages in checkout and dashboard and, unless ``AUTO_INTEGRATE`` is off, mix into Oscar's views. Once.

    Oscar's dashboards of orders and reports are parts that a shop may have left out.
    """
    for label, names in REMINDING.items():
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
            _mix_in(config, names)
        return [*original(), *_our_urls(config)]

    get_urls.is_oscar_mpesa = True  # type: ignore[attr-defined]
    config.get_urls = get_urls


def _our_urls(config: Any) -> list[Any]:
    if config.label == "dashboard":
        ours: Any = apps.get_app_config("oscar_mpesa")
        return [path("mpesa/", include(ours.get_urls()))]
    return _shopper_urls(config) if config.label == "checkout" else []


def _shopper_urls(checkout: Any) -> list[Any]:
    from oscar_mpesa.checkout import urls  # the views need the app registry

    fresh = [URLPattern(each.pattern, each.callback, name=each.name) for each in urls.urlpatterns]
    is_open = [each for each in fresh if each.name in OPEN]
    return [*is_open, *checkout.post_process_urls([each for each in fresh if each not in is_open])]


def _mix_in(config: Any, names: list[str]) -> None:
    from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
    from oscar_mpesa.checkout.reminders import MpesaReminderMixin
    from oscar_mpesa.dashboard.payments.order_panel import MpesaOrderPanelMixin

    for name in names:
        setattr(config, name, mixed(getattr(config, name), MpesaReminderMixin))
    if config.label == "orders_dashboard":
        config.order_detail_view = mixed(config.order_detail_view, MpesaOrderPanelMixin)
    if config.label != "checkout":
        return
    if _owner(config.payment_method_view, "get").startswith("oscar.apps."):
        config.payment_method_view = mixed(config.payment_method_view, MpesaPaymentMethodMixin)
    config.payment_details_view = mixed(config.payment_details_view, MpesaPaymentDetailsMixin)


def mixed(view: type, mixin: type) -> type:
    """The view class with the mixin as its first base; itself where it has it already."""
    if issubclass(view, mixin):
        return view
    return type(view.__name__, (mixin, view), {"__module__": view.__module__, "__doc__": view.__doc__})


def _owner(view: type, name: str) -> str:
    """The module of the class that defines a method; a chooser of the store's own stays in charge."""
    return next(cls.__module__ for cls in view.__mro__ if name in vars(cls))
