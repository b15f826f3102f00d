"""Requests and shops that leave out a page, a check or a call which the checkout usually has."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from oscar.apps.checkout import apps as oscar_checkout_apps
from oscar.apps.checkout import views
from oscar.apps.checkout.exceptions import PassedSkipCondition

from oscar_mpesa.models import MpesaPayment
from tests.checkout import shop_checkouts as shops
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS, PREVIEW, PHONE = "checkout:payment-details", "checkout:preview", "checkout:mpesa-phone"
METHOD = "checkout:payment-method"


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper()
    someone.puts_in_basket(new_product()).gives_address()
    return someone


class CheckoutWithoutMethods(oscar_checkout_apps.CheckoutConfig):
    """A shop whose URLs leave out the payment methods, because its payment details ask for one."""

    def ready(self) -> None:
        super().ready()
        self.payment_details_view = shops.ChoosesOnDetails
        self.shipping_method_view = type(
            "LeadsToDetails", (views.ShippingMethodView,), {"success_url": reverse_lazy(DETAILS)}
        )

    def get_urls(self) -> list[Any]:
        return [each for each in super().get_urls() if each.name != "payment-method"]


class PlacesItself(shops.ChoosesOnPreview):
    """Place orders without Oscar's ``submit``."""

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        self.checkout_session.pay_by(request.POST["pay_with"])
        submission = self.build_submission(order_kwargs={"guest_email": "guest@example.com"})
        number = self.generate_order_number(submission["basket"])
        self.checkout_session.set_order_number(number)
        self.freeze_basket(submission["basket"])
        self.checkout_session.set_submitted_basket(submission["basket"])
        order_kwargs = submission.pop("order_kwargs")
        answer: HttpResponse = self.handle_order_placement(
            order_number=number, **without(submission, "payment_kwargs"), **order_kwargs
        )
        return answer


class CardPlacesOrder(views.PaymentDetailsView):
    """Ask on the payment details. A card places the order at once, and is no choice for ``pay_by``."""

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("pay_with") == "mpesa":
            self.checkout_session.pay_by("mpesa")
            return redirect(PREVIEW)
        answer: HttpResponse = self.submit(**self.build_submission(order_kwargs={"guest_email": "guest@example.com"}))
        return answer


class CardNeedsNoChoice(CardPlacesOrder):
    """Ask on the payment details, and show the preview in the answer to a card."""

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("pay_with") == "card":
            preview: HttpResponse = self.render_preview(request)
            return preview
        answer: HttpResponse = super().handle_payment_details_submission(request)
        return answer


class SkipsToTerms(shops.SkipsDetails):
    """Skip the payment details, to the terms as long as these are not accepted."""

    def get_skip_conditions(self, request: HttpRequest) -> list[str]:
        return [*super().get_skip_conditions(request), "skip_to_terms"]

    def skip_to_terms(self, request: HttpRequest) -> None:
        if "terms" not in request.session:
            raise PassedSkipCondition(url=reverse("terms"))


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def test_shop_without_a_page_of_methods_shows_its_own_chooser(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_config(monkeypatch, settings, CheckoutWithoutMethods)

    too_early = shopper.client.get(reverse(PHONE))
    shopper.client.post(reverse(PREVIEW), {"pay_with": "mpesa"})
    shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})
    preview = shopper.client.get(reverse(PREVIEW))
    phone_step = shopper.client.get(reverse(PHONE))
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "AVAILABLE_TO": "nobody"}
    refused = shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})

    assert (too_early["Location"], refused["Location"]) == (reverse(DETAILS), reverse(DETAILS))
    assert f'href="{reverse(PHONE)}" class="mpesa-link float-right"' in preview.content.decode()
    assert f'href="{reverse(DETAILS)}">Pay another way' in phone_step.content.decode()


def test_order_posted_to_the_details_page_needs_mpesa_to_be_offered(shopper: Shopper, settings: Any) -> None:
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    offered = settings.OSCAR_MPESA

    settings.OSCAR_MPESA = {**offered, "AVAILABLE_TO": "staff"}
    refused = shopper.client.post(reverse(DETAILS), {"action": "place_order"})
    placed_early = shopper.order()
    settings.OSCAR_MPESA = offered
    shopper.chooses("mpesa")
    placed = shopper.places_order()

    assert (refused["Location"], placed_early) == (reverse(METHOD), None)
    assert "/checkout/mpesa/" in placed["Location"]


def test_chooser_that_places_orders_without_submit_asks_for_the_phone(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OWN_CHOOSER": True}
    shops.use_checkout(monkeypatch, settings, PlacesItself)
    order_form = {"action": "place_order", "pay_with": "mpesa"}

    step = shopper.client.post(reverse(PREVIEW), order_form)
    placed_early = shopper.order()
    placed = shopper.client.post(reverse(PHONE), {**order_form, "phone_number": "0708374149"})

    assert 'name="phone_number"' in step.content.decode()
    assert placed_early is None
    assert "/checkout/mpesa/" in placed["Location"]
    assert MpesaPayment.objects.get().status == "processing"


def test_chooser_that_places_orders_without_submit_sells_by_cash(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OWN_CHOOSER": True}
    shops.use_checkout(monkeypatch, settings, PlacesItself)
    shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "mpesa"})

    placed = shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "cash"})

    assert placed["Location"] == reverse("checkout:thank-you")
    assert (shopper.order().status, MpesaPayment.objects.count()) == ("Pending", 0)


@pytest.mark.parametrize("method", ["", "mpesa", "cod"])
@pytest.mark.parametrize("verb", ["get", "head", "post"])
def test_phone_page_answers_each_choice_and_verb(verb: str, method: str, shopper: Shopper) -> None:
    shopper.chooses(method)

    answer = getattr(shopper.client, verb)(reverse(PHONE))

    assert answer.status_code == ({"get": 200, "head": 200, "post": 422}[verb] if method == "mpesa" else 302)


def test_next_checkout_asks_for_the_method_after_an_order_by_card(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, CardPlacesOrder)
    shopper.client.post(reverse(PREVIEW), {"pay_with": "mpesa"})
    placed = shopper.client.post(reverse(PREVIEW), {"pay_with": "card"})

    shopper.puts_in_basket(new_product()).gives_address()
    page = shopper.client.get(reverse(DETAILS))

    assert placed["Location"] == reverse("checkout:thank-you")
    assert page.status_code == 200
    assert 'name="phone_number"' not in page.content.decode()


def test_skip_to_another_step_holds_after_one_that_is_ignored(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, SkipsToTerms)
    shopper.chooses("mpesa")

    unaccepted = shopper.client.get(reverse(DETAILS))
    session = shopper.client.session
    session["terms"] = True
    session.save()
    accepted = shopper.client.get(reverse(DETAILS))

    assert unaccepted["Location"] == reverse("terms")
    assert 'name="phone_number"' in accepted.content.decode()


def test_card_that_the_shop_does_not_store_sends_no_prompt(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, CardNeedsNoChoice)
    shopper.client.post(reverse(PREVIEW), {"pay_with": "mpesa"})
    shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})

    preview = shopper.client.post(reverse(PREVIEW), {"pay_with": "card"})
    placed = shopper.places_order()

    assert "M-PESA · " not in preview.content.decode()
    assert placed["Location"] == reverse("checkout:thank-you")
    assert (shopper.order().status, MpesaPayment.objects.count()) == ("Pending", 0)
