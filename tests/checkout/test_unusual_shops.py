"""Shops that write codes, templates and forms in their own way, and still sell by M-PESA."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from oscar.apps.checkout import views
from oscar.apps.checkout.signals import pre_payment
from oscar.core.prices import Price

from oscar_mpesa.checkout.own_chooser import has_own_chooser
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter.rounding_surcharge import add_rounding
from tests.checkout import broken_choosers as choosers
from tests.checkout import broken_details as details
from tests.checkout import shop_checkouts as shops
from tests.checkout.broken_surroundings import forget_card
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

METHOD, DETAILS, PREVIEW = "checkout:payment-method", "checkout:payment-details", "checkout:preview"


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper()
    someone.puts_in_basket(new_product()).gives_address()
    return someone


def stored_method(shopper: Shopper) -> str:
    method: str = shopper.client.session["checkout_data"]["payment"]["method"]
    return method


@pytest.mark.parametrize(
    ("chooser", "code"), [(choosers.CapitalCode, "MPESA"), (choosers.HyphenCode, "m-pesa")], ids=["capitals", "hyphen"]
)
def test_other_spelling_of_our_code_leads_to_the_phone(
    chooser: type, code: str, shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, chooser)

    shopper.client.post(reverse(METHOD), {"pay_with": code})
    step = shopper.client.get(reverse(DETAILS)).content.decode()
    shopper.names_phone("0708374149")
    placed = shopper.places_order()

    assert 'name="phone_number"' in step
    assert placed["Location"] == reverse("checkout:mpesa-payment", args=[shopper.order().mpesa.public_id])


def test_only_method_of_the_shop_goes_on_as_its_own_view_does(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    class TakesCards(views.PaymentDetailsView):
        def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
            raise NotImplementedError

    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OTHER_METHODS": ()}
    shops.use_checkout(monkeypatch, settings, TakesCards, choosers.CardOnly)

    page = shopper.client.get(reverse(METHOD)).content.decode()
    answer = shopper.chooses("store")

    assert not has_own_chooser(choosers.CardOnly, TakesCards)
    assert 'value="mpesa"' in page and 'value="store"' in page
    assert (answer["Location"], stored_method(shopper)) == (reverse(DETAILS), "card")


def test_form_on_another_page_posts_to_the_shops_own_view(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView, choosers.PostOnly)

    shopper.client.post(reverse(METHOD), {"pay_with": "card"})
    by_card = stored_method(shopper)
    shopper.client.post(reverse(METHOD), {"method": "mpesa"})

    assert (by_card, stored_method(shopper)) == ("card", "mpesa")


def test_preview_extends_a_template_that_the_shop_names_as_text(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, details.TemplateAsText)
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")

    preview = shopper.client.get(reverse(PREVIEW)).content.decode()

    assert "M-PESA · " in preview


def test_order_keeps_its_phone_if_the_shop_clears_the_session(shopper: Shopper) -> None:
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    pre_payment.connect(forget_card)
    try:
        placed = shopper.places_order()
    finally:
        pre_payment.disconnect(forget_card)

    assert "mpesa" in placed["Location"]
    assert MpesaPayment.objects.get().phone == "254708374149"


def test_total_without_known_taxes_is_not_rounded() -> None:
    submission = {"order_total": Price("KES", excl_tax=1499), "surcharges": None}

    assert add_rounding(submission) is submission
    assert submission["order_total"].is_tax_known is False
