"""Put M-Pesa into a shop without a line of its templates or views being edited.

Oscar's app configs keep their view classes as attributes and read them when the URLconf loads, after every app is
ready. So the ``get_urls`` of the checkout's config is replaced by one that first mixes our classes into the store's
own: forked or not, first or last in ``INSTALLED_APPS``, and ``get_class`` still gives other plugins what it gave.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.urls import URLPattern

from oscar_mpesa.conf import get_settings


def install() -> None:
    """Mount our shopper pages in the checkout and, unless ``AUTO_INTEGRATE`` is off, mix into its views. Once."""
    checkout = apps.get_app_config("checkout")
    if getattr(checkout.get_urls, "is_oscar_mpesa", False):  # type: ignore[attr-defined]
        return
    original = checkout.get_urls  # type: ignore[attr-defined]

    def get_urls() -> list[Any]:
        if get_settings().AUTO_INTEGRATE:
            _mix_in(checkout)
        return [*original(), *_our_urls(checkout)]

    get_urls.is_oscar_mpesa = True  # type: ignore[attr-defined]
    checkout.get_urls = get_urls  # type: ignore[attr-defined]


def _our_urls(checkout: Any) -> list[Any]:
    from oscar_mpesa.checkout import urls  # the views need the app registry

    fresh = [URLPattern(each.pattern, each.callback, name=each.name) for each in urls.urlpatterns]
    processed: list[Any] = checkout.post_process_urls(fresh)
    return processed


def _mix_in(checkout: Any) -> None:
    from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin

    if _owner(checkout.payment_method_view, "get").startswith("oscar.apps."):
        checkout.payment_method_view = mixed(checkout.payment_method_view, MpesaPaymentMethodMixin)
    checkout.payment_details_view = mixed(checkout.payment_details_view, MpesaPaymentDetailsMixin)


def mixed(view: type, mixin: type) -> type:
    """The view class with the mixin as its first base; itself where it has it already."""
    if issubclass(view, mixin):
        return view
    return type(view.__name__, (mixin, view), {"__module__": view.__module__, "__doc__": view.__doc__})


def _owner(view: type, name: str) -> str:
    """The module of the class that defines a method; a chooser of the store's own stays in charge."""
    return next(cls.__module__ for cls in view.__mro__ if name in vars(cls))
