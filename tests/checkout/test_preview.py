"""The chooser, the phone step and the preview say each amount once, and the preview's button says what it does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.template import engines
from django.template.loader import render_to_string
from django.urls import reverse
from oscar.apps.checkout import views

from oscar_mpesa.domain.phone import PhoneNumber
from tests.checkout import shop_checkouts as shops
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper().puts_in_basket(new_product(price="1499.50")).gives_address()


def test_chooser_shows_the_amount_of_each_method(shopper: Shopper) -> None:
    chooser = shopper.client.get(reverse("checkout:payment-method")).content.decode()

    assert re.findall(r'class="mpesa-amount">([^<]*)', chooser) == ["KSh 1,500", "KSh 1,499.50"]


def test_phone_step_says_each_amount_once(shopper: Shopper) -> None:
    shopper.chooses("mpesa")
    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()

    assert re.findall(r"KSh 1[\d,.]*\d", step) == ["KSh 1,500", "KSh 1,499.50"]
    assert "Rounded up from KSh 1,499.50: M-PESA takes whole shillings." in step
    assert f'href="{reverse("checkout:payment-method")}">Pay another way' in step


def test_phone_step_of_the_only_method_offers_no_other(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "OTHER_METHODS": []}
    shops.use_checkout(monkeypatch, settings, views.PaymentDetailsView)
    shopper.chooses("mpesa")

    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()

    assert "Pay KSh 1,500 by M-PESA" in step
    assert "Pay another way" not in step


def test_total_that_is_rounded_down_is_explained(shopper: Shopper, settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ROUNDING": "nearest"}
    shopper.puts_in_basket(new_product(price="0.90", title="Bead"))
    shopper.chooses("mpesa")

    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()

    assert "Pay KSh 1,500 by M-PESA" in step
    assert "Rounded down from KSh 1,500.40: M-PESA takes whole shillings." in step


def test_button_of_the_preview_says_what_it_does(shopper: Shopper) -> None:
    shopper.chooses("mpesa")
    shopper.names_phone("0712345678")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()

    button = re.search(r"<button[^>]*place-order.*?</button>", preview)
    assert button is not None
    assert button[0].endswith(">Pay KSh 1,500</button>")
    assert 'data-loading-text="Sending the prompt…"' in button[0]
    assert 'name="action" value="place_order"' in preview
    assert "Placing the order sends the prompt" not in preview
    assert preview.count("0712 345 678") == 1


def test_button_of_another_method_stays_the_shops(shopper: Shopper) -> None:
    shopper.chooses("cod")

    preview = shopper.client.get(reverse("checkout:preview")).content.decode()

    assert ">Place order</button>" in preview
    assert "Pay KSh" not in preview


def test_unknown_button_of_a_shop_stays_below_a_sentence() -> None:
    own = "{% block place_order %}<form><button>Order now</button></form>{% endblock %}"
    context = {
        "base_template": engines["django"].from_string(own),
        "mpesa_amount": 1500,
        "mpesa_phone": PhoneNumber.parse("0712345678"),
    }

    preview = render_to_string("oscar_mpesa/preview.html", context)

    assert "Placing the order sends the prompt for <strong>KSh 1,500</strong>" in preview
    assert "<form><button>Order now</button></form>" in preview


def test_steps_count_the_phone_as_part_of_the_payment(shopper: Shopper) -> None:
    shopper.chooses("mpesa")
    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()
    shopper.names_phone("0712345678")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()

    current = r'aria-current="step"[^>]*>.*?(\d)\.'
    assert re.findall(current, step, re.DOTALL) == ["3"]
    assert re.findall(current, preview, re.DOTALL) == ["4"]
