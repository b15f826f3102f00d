"""M-Pesa in a checkout as Oscar has it, in one with views of the shop's own, and in one that is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.apps.checkout import views

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin
from oscar_mpesa.integration import install, with_mixin
from tests.oscar_apps import oscar_checkout

OURS = {"mpesa-payment", "mpesa-status", "mpesa-retry", "mpesa-done"}


class OwnChooser(views.PaymentMethodView):
    """A shop's own question how to pay."""

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class ChooserInAnotherFrame(views.PaymentMethodView):
    """A shop's small change that leaves the question to Oscar."""

    template_name = "shop/frame.html"


class CardView(views.PaymentDetailsView):
    """A shop that takes cards."""


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A checkout app that M-Pesa has not met yet."""
    return oscar_checkout(monkeypatch)


def names(urls: list[Any]) -> list[str]:
    return [url.name for url in urls]


def test_an_unchanged_checkout_gets_both_mixins_and_our_pages(checkout: Any) -> None:
    install()

    urls = checkout.get_urls()

    assert issubclass(checkout.payment_method_view, MpesaPaymentMethodMixin)
    assert issubclass(checkout.payment_details_view, MpesaPaymentDetailsMixin)
    assert set(names(urls)) >= OURS
    assert (
        urls[[url.name for url in urls].index("payment-details")].callback.view_class is checkout.payment_details_view
    )


def test_nothing_is_changed_before_the_urls_are_asked_for(checkout: Any) -> None:
    install()

    assert checkout.payment_details_view is views.PaymentDetailsView


def test_installing_and_asking_twice_changes_nothing_more(checkout: Any) -> None:
    install()
    install()

    first, second = checkout.get_urls(), checkout.get_urls()

    assert names(first) == names(second)
    assert names(first).count("mpesa-payment") == 1
    assert checkout.payment_details_view.__mro__.count(MpesaPaymentDetailsMixin) == 1


def test_a_shops_own_chooser_stays_in_charge_and_its_card_view_is_kept_below_ours(checkout: Any) -> None:
    checkout.payment_method_view, checkout.payment_details_view = OwnChooser, CardView
    install()

    checkout.get_urls()

    assert checkout.payment_method_view is OwnChooser
    assert checkout.payment_details_view.__mro__[1:3] == (MpesaPaymentDetailsMixin, *CardView.__mro__[:1])
    assert checkout.payment_details_view.__name__ == "CardView"
    assert checkout.payment_details_view.__module__ == CardView.__module__


def test_a_chooser_that_only_looks_different_is_oscars_still(checkout: Any) -> None:
    checkout.payment_method_view = ChooserInAnotherFrame
    install()

    checkout.get_urls()

    assert issubclass(checkout.payment_method_view, MpesaPaymentMethodMixin)


def test_without_auto_integrate_the_views_are_left_alone_and_our_pages_are_there(checkout: Any, settings: Any) -> None:
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


def test_a_view_that_has_the_mixin_is_not_mixed_again() -> None:
    once = with_mixin(CardView, MpesaPaymentDetailsMixin)

    assert with_mixin(once, MpesaPaymentDetailsMixin) is once
    assert once.__doc__ == CardView.__doc__
