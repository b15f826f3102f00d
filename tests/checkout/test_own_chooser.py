"""A shop that asks for the payment method on its own payment details or preview."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import path, reverse
from oscar.apps.checkout import apps as oscar_checkout_apps
from oscar.apps.checkout import views

from oscar_mpesa.checkout.own_chooser import has_own_chooser
from oscar_mpesa.models import MpesaPayment
from tests.checkout import shop_checkouts as shops
from tests.page_html import html_of
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

DETAILS, PREVIEW, PHONE = "checkout:payment-details", "checkout:preview", "checkout:mpesa-phone"


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


def start(shopper: Shopper, *, price: str = "1500.00", method: str = "mpesa") -> Any:
    shopper.puts_in_basket(new_product(price=price)).gives_address()
    return shopper.chooses(method) if method else None


def follow(shopper: Shopper, url: str) -> Any:
    return shopper.client.get(reverse(url), follow=True)


def test_chooser_on_the_details_page_leads_to_the_phone(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnDetails)
    start(shopper, price="1499.50", method="")

    method = shopper.client.get(reverse("checkout:payment-method"))
    chosen = shopper.client.post(reverse(PREVIEW), {"pay_with": "mpesa"})
    refused = shopper.client.post(reverse(PHONE), {"phone_number": "12"})
    named = shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})
    preview = html_of(shopper.client.get(reverse(PREVIEW)))
    placed = shopper.places_order()

    assert (method["Location"], chosen["Location"]) == (reverse(DETAILS), reverse(PHONE))
    assert (refused.status_code, named["Location"]) == (422, reverse(PREVIEW))
    assert f'href="{reverse(PHONE)}"' in preview
    assert "mpesa" in placed["Location"]
    assert MpesaPayment.objects.get().amount == 1500


def test_chooser_on_the_details_page_can_change_its_mind(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnDetails)
    start(shopper, method="")
    shopper.client.post(reverse(PREVIEW), {"pay_with": "mpesa"})
    shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})

    chooser = html_of(shopper.client.get(reverse(DETAILS)))
    mistaken = shopper.client.post(reverse(PREVIEW), {"pay_with": ""})
    kept = shopper.client.session["checkout_data"]["payment"]["method"]
    preview = shopper.client.post(reverse(PREVIEW), {"pay_with": "cash"})
    placed = shopper.places_order()

    assert 'name="phone_number"' not in chooser
    assert (mistaken.status_code, kept) == (200, "mpesa")
    assert "M-PESA · " not in html_of(preview)
    assert placed["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Pending"
    assert not MpesaPayment.objects.exists()


@pytest.mark.parametrize("details", [shops.ChoosesOnPreview, shops.ChoosesInPost, shops.ChoosesElsewhere])
def test_chooser_on_the_preview_asks_for_the_phone_and_places_the_order(
    details: type, shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OWN_CHOOSER": True}
    shops.use_checkout(monkeypatch, settings, details)
    start(shopper, method="")
    order_form = {"action": "place_order", "pay_with": "mpesa"}

    step = shopper.client.post(reverse(PREVIEW), order_form)
    placed_early = shopper.order()
    with_phone = {**order_form, "phone_number": "0708374149", "mpesa_amount": "1500"}
    refused = shopper.client.post(reverse(PHONE), {**with_phone, "phone_number": "12"})
    placed = shopper.client.post(reverse(PHONE), with_phone)
    again = shopper.client.post(reverse(PHONE), with_phone)

    assert placed_early is None
    for page in (html_of(step), html_of(refused)):
        assert ">Pay KSh 1,500<" in page
        assert '<li aria-current="step">4.' in page
        assert f'href="{reverse(PREVIEW)}">Pay another way' in page
        assert '<input type="hidden" name="pay_with" value="mpesa">' in page
        assert page.count('name="phone_number"') == page.count('name="mpesa_amount"') == 1
    assert (step.status_code, refused.status_code) == (200, 422)
    assert placed["Location"] == again["Location"]
    assert MpesaPayment.objects.get().status == "processing"


def test_order_keeps_what_the_shops_preview_asked_for(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnPreview)
    start(shopper, method="")
    order_form = {"action": "place_order", "pay_with": "mpesa", "messages_to": "other@example.com", "agreed": "yes"}
    shopper.client.post(reverse(PREVIEW), order_form)

    unagreed = shopper.client.post(reverse(PHONE), {**order_form, "agreed": "no", "phone_number": "0708374149"})
    placed = shopper.client.post(reverse(PHONE), {**order_form, "phone_number": "0708374149"})

    assert "Please agree." in html_of(unagreed)
    assert "mpesa" in placed["Location"]
    assert shopper.order().guest_email == "other@example.com"


def test_phone_page_without_the_shops_form_returns_to_the_preview(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnPreview)
    start(shopper, method="")
    shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "mpesa"})

    answer = shopper.client.get(reverse(PHONE))

    assert answer["Location"] == reverse(PREVIEW)


@pytest.mark.parametrize("details", [shops.ChoosesOnPreview, shops.ChoosesInPost, shops.ChoosesElsewhere])
def test_chooser_on_the_preview_sells_its_own_method_after_mpesa(
    details: type, shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OWN_CHOOSER": True}
    shops.use_checkout(monkeypatch, settings, details)
    start(shopper, method="")
    shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "mpesa"})

    preview = html_of(shopper.client.get(reverse(PREVIEW)))
    placed = shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "cash"})

    assert "M-PESA · " not in preview
    assert placed["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Pending"
    assert not MpesaPayment.objects.exists()


def test_changed_total_is_shown_again_before_the_order_is_placed(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnPreview)
    start(shopper, method="")
    shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "mpesa"})

    answer = shopper.client.post(reverse(PHONE), {"phone_number": "0708374149", "mpesa_amount": "1400"})

    assert answer["Location"] == reverse(PREVIEW)
    assert shopper.order() is None


@pytest.mark.parametrize(
    ("details", "page", "data"),
    [
        (shops.ChoosesOnDetails, DETAILS, {"pay_with": "mpesa"}),
        (shops.ChoosesOnPreview, PREVIEW, {"pay_with": "mpesa", "action": "place_order"}),
    ],
)
def test_own_chooser_explains_that_mpesa_cannot_take_the_total(
    details: type, page: str, data: dict[str, str], shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, details)
    start(shopper, price="300000.00", method="")

    answer = shopper.client.post(reverse(PREVIEW), data)
    shown = html_of(shopper.client.get(answer["Location"]))

    assert answer["Location"] == reverse(page)
    assert "M-PESA can't take this order" in shown
    assert shopper.order() is None


def test_free_order_of_an_own_chooser_needs_no_phone(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_checkout(monkeypatch, settings, shops.ChoosesOnPreview)
    start(shopper, price="0.00", method="")

    placed = shopper.client.post(reverse(PREVIEW), {"action": "place_order", "pay_with": "mpesa"})

    assert placed["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Pending"


@pytest.mark.parametrize(
    ("details", "setting", "expected"),
    [
        (views.PaymentDetailsView, None, False),
        (shops.PaysByCardOnly, None, False),
        (shops.ChoosesElsewhere, None, False),
        (shops.ChoosesOnDetails, None, True),
        (shops.ChoosesOnPreview, None, True),
        (shops.ChoosesInPost, None, True),
        (shops.ChoosesElsewhere, True, True),
        (shops.ChoosesOnDetails, False, False),
    ],
)
def test_own_chooser_is_found_or_set(details: type, setting: Any, expected: bool, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OWN_CHOOSER": setting}

    assert has_own_chooser(views.PaymentMethodView, details) is expected


class DirectCheckout(oscar_checkout_apps.CheckoutConfig):
    """A shop whose ``get_urls`` names its classes directly."""

    def get_urls(self) -> list[Any]:
        by_name = {
            "payment-method": views.PaymentMethodView.as_view(),
            "payment-details": shops.NeedsCard.as_view(),
            "preview": shops.NeedsCard.as_view(preview=True),
        }
        others = [each for each in super().get_urls() if each.name not in by_name]
        named = [path(f"{name}/", view, name=name) for name, view in by_name.items()]
        urls: list[Any] = self.post_process_urls(named)
        return [*others, *urls]


class CheckoutWithoutDetails(oscar_checkout_apps.CheckoutConfig):
    """A shop whose URLs leave out the payment details, because its preview takes the card."""

    def ready(self) -> None:
        super().ready()
        self.payment_method_view, self.payment_details_view = shops.LeadsToPreview, shops.PaysOnPreview

    def get_urls(self) -> list[Any]:
        return [each for each in super().get_urls() if each.name != "payment-details"]


def test_shop_without_payment_details_sells_in_both_ways(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    shops.use_config(monkeypatch, settings, CheckoutWithoutDetails)
    another = Shopper()
    start(another, method="store")
    start(shopper)

    card = another.places_order()
    preview = shopper.client.get(reverse(PREVIEW))
    named = shopper.client.post(reverse(PHONE), {"phone_number": "0708374149"})
    placed = shopper.places_order()

    assert card["Location"] == reverse("checkout:thank-you")
    assert (preview["Location"], named["Location"]) == (reverse(PHONE), reverse(PREVIEW))
    assert placed["Location"].startswith("/checkout/mpesa/")
    assert MpesaPayment.objects.count() == 1


def test_classes_named_directly_are_extended_with_their_options(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    config = shops.use_config(monkeypatch, settings, DirectCheckout)
    start(shopper)

    step = follow(shopper, PREVIEW)
    shopper.names_phone("0708374149")
    placed = shopper.places_order()

    assert 'name="phone_number"' in html_of(step)
    assert "mpesa" in placed["Location"]
    assert issubclass(config.payment_details_view, shops.NeedsCard)
