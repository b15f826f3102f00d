"""Integration into Oscar's checkout, into a forked one, and with ``AUTO_INTEGRATE`` off."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.apps.checkout import views

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
from oscar_mpesa.checkout.shop_views import with_mixin
from oscar_mpesa.integration import install
from tests.oscar_apps import oscar_checkout

OURS = {"mpesa-payment", "mpesa-status", "mpesa-retry", "mpesa-done"}


class OwnChooser(views.PaymentMethodView):
    """A shop's own chooser of payment methods."""

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class ChooserInAnotherFrame(views.PaymentMethodView):
    """A shop's view that leaves the choice to Oscar."""

    template_name = "shop/frame.html"


class CardView(views.PaymentDetailsView):
    """A shop's view that takes cards."""


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a checkout app without our integration."""
    return oscar_checkout(monkeypatch)


def names(urls: list[Any]) -> list[str]:
    return [url.name for url in urls]


def test_oscars_checkout_gets_both_mixins_and_our_pages(checkout: Any) -> None:
    install()

    urls = checkout.get_urls()

    assert issubclass(checkout.payment_method_view, MpesaPaymentMethodMixin)
    assert issubclass(checkout.payment_details_view, MpesaPaymentDetailsMixin)
    assert set(names(urls)) >= OURS
    assert (
        urls[[url.name for url in urls].index("payment-details")].callback.view_class is checkout.payment_details_view
    )


def test_views_change_only_when_urls_load(checkout: Any) -> None:
    install()

    assert checkout.payment_details_view is views.PaymentDetailsView


def test_second_install_changes_nothing(checkout: Any) -> None:
    install()
    install()

    first, second = checkout.get_urls(), checkout.get_urls()

    assert names(first) == names(second)
    assert names(first).count("mpesa-payment") == 1
    assert checkout.payment_details_view.__mro__.count(MpesaPaymentDetailsMixin) == 1


def test_shops_own_chooser_stays_and_its_card_view_is_extended(checkout: Any) -> None:
    checkout.payment_method_view, checkout.payment_details_view = OwnChooser, CardView
    install()

    checkout.get_urls()

    assert checkout.payment_method_view is OwnChooser
    assert checkout.payment_details_view.__bases__ == (MpesaPaymentDetailsMixin, CardView)
    assert checkout.payment_details_view.__name__ == "CardView"
    assert checkout.payment_details_view.__module__ == CardView.__module__


def test_chooser_without_own_get_is_extended(checkout: Any) -> None:
    checkout.payment_method_view = ChooserInAnotherFrame
    install()

    checkout.get_urls()

    assert issubclass(checkout.payment_method_view, MpesaPaymentMethodMixin)


def test_without_auto_integrate_only_our_pages_are_added(checkout: Any, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AUTO_INTEGRATE": False}
    install()

    urls = checkout.get_urls()

    assert set(names(urls)) >= OURS
    assert checkout.payment_method_view is views.PaymentMethodView
    assert checkout.payment_details_view is views.PaymentDetailsView


def test_our_pages_follow_the_shops_rule_for_guests(checkout: Any, settings: Any, client: Any) -> None:
    settings.OSCAR_ALLOW_ANON_CHECKOUT = False
    checkout.ready()
    install()

    wait = next(url for url in checkout.get_urls() if url.name == "mpesa-payment")

    assert wait.callback is not wait.callback.__wrapped__


def test_view_with_the_mixin_is_not_extended_again() -> None:
    once = with_mixin(CardView, MpesaPaymentDetailsMixin)

    assert with_mixin(once, MpesaPaymentDetailsMixin) is once
    assert once.__doc__ == CardView.__doc__
