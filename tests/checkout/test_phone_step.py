"""The shop's own code cannot take the phone step away, and still sells by the shop's other methods."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path, reverse
from oscar.apps.checkout import views

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin
from oscar_mpesa.models import MpesaPayment
from tests.checkout import shop_checkouts as shops
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS, PREVIEW, PHONE = "checkout:payment-details", "checkout:preview", "checkout:mpesa-phone"

GUARDS = [
    shops.FreezesBasket,
    shops.SkipsDetails,
    shops.RedirectsToPreview,
    shops.NeedsCard,
    shops.TakesCardInPost,
    shops.RedirectsInDispatch,
]


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def start(shopper: Shopper, *, price: str = "1500.00", method: str = "mpesa") -> Any:
    shopper.puts_in_basket(new_product(price=price)).gives_address()
    return shopper.chooses(method) if method else None


def follow(shopper: Shopper, url: str) -> Any:
    return shopper.client.get(reverse(url), follow=True)


@pytest.mark.parametrize("details", GUARDS)
def test_mpesa_sells_behind_a_guard_of_the_shop(
    details: type, shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, details)
    chosen = start(shopper)

    step = follow(shopper, DETAILS)
    too_early = follow(shopper, PREVIEW)
    named = shopper.names_phone("0708374149")
    preview = shopper.client.get(reverse(PREVIEW))
    placed = shopper.places_order()

    assert chosen["Location"] == named["Location"].replace("preview", "payment-details")
    for page in (step, too_early):
        assert 'name="phone_number"' in page.content.decode()
        assert "Enter a card." not in page.content.decode()
    assert "M-PESA · " in preview.content.decode()
    assert placed["Location"] == reverse("checkout:mpesa-payment", args=[shopper.order().mpesa.public_id])
    assert MpesaPayment.objects.get().status == "processing"


def test_guard_holds_for_the_shops_own_method(shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    shops.use_checkout(monkeypatch, settings, shops.NeedsCard)
    start(shopper, method="cod")

    page = shopper.client.get(reverse(PREVIEW))

    assert page["Location"] == reverse(DETAILS)


def test_basket_stays_frozen_for_the_shops_own_gateway(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.FreezesBasket)
    start(shopper, method="cod")

    page = shopper.client.get(reverse(DETAILS))

    assert page.status_code == 200
    assert page.context["basket"].status == "Frozen"


def test_own_post_takes_the_card_without_a_prompt(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.TakesCardInPost)
    start(shopper)
    shopper.names_phone("0708374149")
    shopper.chooses("cod")

    placed = shopper.client.post(reverse(PREVIEW), {"card": "5555"})

    assert placed["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Pending"
    assert not MpesaPayment.objects.exists()


def test_condition_behind_an_ignored_one_still_holds(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.NeedsCardByAnotherName)
    start(shopper)

    before = shopper.names_phone("0708374149")
    session = shopper.client.session
    session["terms"] = True
    session.save()
    shopper.names_phone("0708374149")
    after = shopper.client.get(reverse(PREVIEW))

    assert before["Location"] == reverse("terms")
    assert after.status_code == 200


def test_guard_holds_once_mpesa_cannot_take_the_total(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.SkipsDetails)
    start(shopper, price="200000.00")
    shopper.names_phone("0708374149")
    shopper.puts_in_basket(new_product(price="200000.00"))

    page = follow(shopper, PREVIEW)

    assert page.redirect_chain[0][0] == reverse("checkout:payment-method")
    assert page.status_code == 200
    assert 'name="phone_number"' not in page.content.decode()


def test_phone_page_without_the_choice_leads_to_the_methods(shopper: Shopper) -> None:
    start(shopper, method="cod")

    answer = shopper.client.get(reverse(PHONE))

    assert answer["Location"] == reverse("checkout:payment-method")


def test_phone_page_works_in_a_shop_without_own_chooser(shopper: Shopper) -> None:
    start(shopper)

    page = shopper.client.get(reverse(PHONE))
    named = shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})

    assert f'action="{reverse(PHONE)}"' in page.content.decode()
    assert named["Location"] == reverse(PREVIEW)


def test_view_of_another_app_takes_its_own_payment(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    class Returned(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
        """Where a gateway sends shoppers back, built on the shop's view with the mixin."""

        preview = True

        def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            return self.submit(**self.build_submission())

    config = shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)
    settings.ROOT_URLCONF.urlpatterns.insert(0, path("gateway/", Returned.as_view(), name="gateway-return"))
    start(shopper, price="1499.50")
    shopper.names_phone("0708374149")

    shown = shopper.client.get("/gateway/")
    placed = shopper.client.post("/gateway/")

    assert issubclass(config.payment_details_view, MpesaPaymentDetailsMixin)
    assert "M-PESA · " not in shown.content.decode()
    assert placed["Location"] == reverse("checkout:thank-you")
    assert str(shopper.order().total_incl_tax) == "1499.50"
    assert not MpesaPayment.objects.exists()


def test_status_of_the_shops_own_placement_becomes_pending(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.PlacesWithStatus)
    start(shopper)
    shopper.names_phone("0708374149")

    placed = shopper.places_order()

    assert "mpesa" in placed["Location"]
    assert shopper.order().status == "Pending payment"
    assert MpesaPayment.objects.get().status == "processing"


def test_placement_that_skips_the_payment_leaves_no_order(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.PlacesWithoutTheRest)
    start(shopper)
    shopper.names_phone("0708374149")

    page = shopper.places_order()
    shopper.chooses("cod")
    by_cash = shopper.places_order()

    assert "A problem occurred while placing this order." in page.content.decode()
    assert "PlacesWithoutTheRest.handle_order_placement skips handle_successful_order" in caplog.text
    assert by_cash["Location"] == reverse("checkout:thank-you")
    assert not MpesaPayment.objects.exists()


def test_shopper_who_returns_to_the_number_sees_the_form(shopper: Shopper) -> None:
    start(shopper)
    shopper.names_phone("0708374149")

    page = shopper.client.post(reverse(DETAILS), {"phone_number": "12"})

    assert page.status_code == 422
    assert 'name="phone_number"' in page.content.decode()
