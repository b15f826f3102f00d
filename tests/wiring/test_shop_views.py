"""Views that a checkout's ``get_urls`` names directly, plain, nested, protected or behind a decorator."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.decorators import user_passes_test
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.cache import never_cache
from oscar.apps.checkout import views
from oscar.apps.checkout.apps import CheckoutConfig

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
from oscar_mpesa.integration import install
from tests.oscar_apps import register


class OwnDetails(views.PaymentDetailsView):
    """A shop's view of the payment details."""


def by_function(request: Any) -> HttpResponse:
    raise NotImplementedError


class OwnCheckout(CheckoutConfig):
    """A checkout that replaces Oscar's payment details."""

    details: Any = staticmethod(OwnDetails.as_view(template_name="own.html"))
    is_nested = False

    def get_urls(self) -> list[Any]:
        others = [each for each in super().get_urls() if each.name != "payment-details"]
        own = [path("details/", self.details, name="payment-details")]
        if self.is_nested:
            own = [path("pay/", include(own))]
        urls: list[Any] = self.post_process_urls(own)
        return [*others, *urls]


def views_of(monkeypatch: pytest.MonkeyPatch, config_class: type) -> tuple[dict[str, Any], Any]:
    """Return the checkout's views by URL name, as they are once the app is added, and the checkout's config."""
    config = register(monkeypatch, config_class)
    install()
    found = {}
    for each in config.get_urls():
        for pattern in getattr(each, "url_patterns", [each]):
            found[pattern.name] = pattern.callback
    return found, config


@pytest.mark.parametrize("nested", [False, True])
def test_class_named_directly_gets_the_mixin_and_keeps_its_options(
    nested: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, config = views_of(monkeypatch, type("Nested", (OwnCheckout,), {"is_nested": nested}))

    assert found["payment-details"].view_class.__bases__ == (MpesaPaymentDetailsMixin, OwnDetails)
    assert found["payment-details"].view_initkwargs == {"template_name": "own.html"}
    assert found["mpesa-phone"].view_class is config.payment_details_view
    assert issubclass(config.payment_details_view, OwnDetails)


def test_class_named_directly_stays_behind_the_login(monkeypatch: pytest.MonkeyPatch, settings: Any, rf: Any) -> None:
    settings.OSCAR_ALLOW_ANON_CHECKOUT = False
    request = rf.get("/checkout/")
    request.user = AnonymousUser()

    found, _ = views_of(monkeypatch, OwnCheckout)

    assert issubclass(found["payment-details"].view_class, MpesaPaymentDetailsMixin)
    assert [found[name](request).status_code for name in ("payment-details", "mpesa-phone")] == [302, 302]


@pytest.mark.parametrize("details", [never_cache(OwnDetails.as_view()), by_function], ids=["decorated", "function"])
def test_other_views_stay_as_they_are_and_get_no_phone_page(details: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = views_of(monkeypatch, type("Other", (OwnCheckout,), {"details": staticmethod(details)}))

    assert found["payment-details"] is details
    assert issubclass(found["payment-method"].view_class, MpesaPaymentMethodMixin)
    assert "mpesa-payment" in found and "mpesa-phone" not in found


class AdultsOnly(CheckoutConfig):
    """A checkout with a decorator of its own instead of the login's."""

    def get_urls(self) -> list[Any]:
        is_adult = user_passes_test(lambda user: user.username == "adult", login_url="/age/")
        details = path("details/", is_adult(OwnDetails.as_view()), name="payment-details")
        return [details, *(each for each in super().get_urls() if each.name != "payment-details")]


def test_other_decorator_is_not_taken_for_the_login(monkeypatch: pytest.MonkeyPatch, settings: Any, rf: Any) -> None:
    settings.OSCAR_ALLOW_ANON_CHECKOUT = False
    request = rf.get("/checkout/")
    request.user = User(username="child")

    found, _ = views_of(monkeypatch, AdultsOnly)

    assert found["payment-details"](request)["Location"].startswith("/age/")
    assert found["payment-details"].view_class is OwnDetails
