"""Add our mixins to the shop's views of the payment step, also where its ``get_urls`` names the classes directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from django.urls import URLPattern, re_path

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
from oscar_mpesa.checkout.own_chooser import has_own_chooser
from oscar_mpesa.checkout.placed_order import PlacedOrderMixin
from oscar_mpesa.checkout.step_paths import PAYMENT_DETAILS, PAYMENT_METHOD, PHONE, PREVIEW

__all__ = ["extend_attributes", "extend_patterns", "knows_mpesa", "phone_page", "with_mixin"]

#: The attributes of Oscar's config with the pages before the payment step.
EARLIER_VIEWS = ("index_view", "shipping_address_view", "shipping_method_view")


def with_mixin(view: type, mixin: type) -> type:
    """Return a subclass of the view with the mixin as its first base, or the view itself if it has the mixin."""
    if issubclass(view, mixin):
        return view
    return type(view.__name__, (mixin, view), {"__module__": view.__module__, "__doc__": view.__doc__})


def knows_mpesa(view: type) -> bool:
    """Return whether the view has the mixin, and before Oscar's own classes, whose methods it replaces."""
    bases = [cls for cls in view.__mro__ if cls is MpesaPaymentDetailsMixin or _is_oscars(cls)]
    return bases[:1] == [MpesaPaymentDetailsMixin]


def _is_oscars(cls: type) -> bool:
    """Return whether Oscar defines the class. ``with_mixin`` gives our own the module of Oscar's."""
    return cls.__module__.startswith("oscar.apps.checkout.") and not issubclass(cls, MpesaPaymentDetailsMixin)


def extend_attributes(config: Any) -> None:
    """Add the mixins to the view classes that Oscar's config holds, and that most shops' ``get_urls`` reads."""
    if not has_own_chooser(config.payment_method_view, config.payment_details_view):
        config.payment_method_view = with_mixin(config.payment_method_view, MpesaPaymentMethodMixin)
    config.payment_details_view = with_mixin(config.payment_details_view, MpesaPaymentDetailsMixin)
    for name in EARLIER_VIEWS:
        setattr(config, name, with_mixin(getattr(config, name), PlacedOrderMixin))


def extend_patterns(urls: list[Any], config: Any) -> None:
    """Add the mixins to views that the URL patterns name directly, and let the config hold the view that is in use.

    A view behind a decorator other than the config's own stays as it is; check E001 reports it.
    """
    patterns = _payment_step(urls)
    details, method = (getattr(patterns.get(name), "callback", None) for name in (PAYMENT_DETAILS, PAYMENT_METHOD))
    is_chosen_by_shop = has_own_chooser(_class_of(method), _class_of(details))
    for name, pattern in patterns.items():
        if name != PAYMENT_METHOD:
            _replace(pattern, MpesaPaymentDetailsMixin, config)
        elif not is_chosen_by_shop:
            _replace(pattern, MpesaPaymentMethodMixin, config)
    if PAYMENT_DETAILS in patterns:
        config.payment_details_view = _class_of(patterns[PAYMENT_DETAILS].callback)


def phone_page(config: Any) -> list[URLPattern]:
    """Return the URL of the page for the phone: the shop's own view with our mixin. Empty without the mixin."""
    view = config.payment_details_view
    if not issubclass(view, MpesaPaymentDetailsMixin):
        return []
    return [re_path(r"^mpesa/phone/$", view.as_view(is_phone_page=True), name=PHONE)]


def _payment_step(urls: list[Any]) -> dict[str, URLPattern]:
    names = {PAYMENT_METHOD, PAYMENT_DETAILS, PREVIEW}
    return {each.name: each for each in _flat(urls) if each.name in names}


def _flat(urls: list[Any]) -> Iterator[URLPattern]:
    for each in urls:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from _flat(each.url_patterns)


def _class_of(callback: Any) -> type:
    """Return the class of a class-based view. A function counts as a class without methods."""
    found: type = getattr(callback, "view_class", object)
    return found


def _replace(pattern: URLPattern, mixin: type, config: Any) -> None:
    callback: Any = pattern.callback
    view, decorator = _class_of(callback), config.get_url_decorator(pattern)
    if view is object or issubclass(view, mixin) or not _has_only(decorator, callback):
        return
    extended: Callable[..., Any] = with_mixin(view, mixin).as_view(**callback.view_initkwargs)  # type: ignore[attr-defined]
    pattern.callback = decorator(extended) if decorator else extended


def _has_only(decorator: Any, callback: Any) -> bool:
    """Return whether a view has the config's decorator and no other, so that a new one can replace it."""
    inner = getattr(callback, "__wrapped__", None)
    if decorator is None or inner is None:
        return decorator is inner
    return not hasattr(inner, "__wrapped__") and _is_same(callback, decorator(inner))


def _is_same(one: Any, other: Any, depth: int = 3) -> bool:
    """Return whether two functions have the same code, and what they enclose is the same, ``depth`` functions deep."""
    if one is other or not (isinstance(one, FunctionType) and isinstance(other, FunctionType)):
        return bool(one == other)
    if one.__code__ is not other.__code__:
        return False
    enclosed = zip(one.__closure__ or (), other.__closure__ or (), strict=True)
    return not depth or all(_is_same(a.cell_contents, b.cell_contents, depth - 1) for a, b in enclosed)
