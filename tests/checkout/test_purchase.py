"""Complete purchases without scripts: as a guest, as a user, and with another method."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shopper() -> Shopper:
    return Shopper()


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")


def age(payment: MpesaPayment, seconds: int) -> None:
    """Move one payment into the past."""
    moment = timezone.now() - timezone.timedelta(seconds=seconds)  # type: ignore[attr-defined]
    MpesaPayment.objects.filter(pk=payment.pk).update(push_sent_at=moment, created_at=moment)


def test_guest_pays_and_sees_the_code_on_the_thank_you_page(shopper: Shopper) -> None:
    answer = shopper.buys(new_product())
    payment = MpesaPayment.objects.get()
    page_url = answer["Location"]
    assert page_url == reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id])
    waiting = shopper.client.get(page_url).content.decode()
    age(payment, 6)

    paid = shopper.client.get(page_url).content.decode()
    done = shopper.client.post(reverse("checkout:mpesa-done", args=[payment.mpesa_order.public_id]))
    thanks = shopper.client.get(done["Location"]).content.decode()

    number = MpesaReceipt.objects.get().number
    assert number is not None
    assert "<title>Enter your M-PESA PIN on 0708 374 149 |" in waiting
    assert "KSh 1,500" in waiting
    assert number in paid
    assert number in thanks
    assert done["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Being processed"
    assert shopper.order().basket.status == "Submitted"


def test_order_is_placed_unpaid_and_emailed_once_paid(shopper: Shopper) -> None:
    answer = shopper.buys(new_product())
    unpaid_status, unpaid_mails = shopper.order().status, len(mail.outbox)
    age(MpesaPayment.objects.get(), 6)

    shopper.client.get(answer["Location"])
    shopper.client.get(answer["Location"])

    assert (unpaid_status, unpaid_mails) == ("Pending payment", 0)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == ["guest@example.com"]


def test_user_sees_the_number_masked_on_another_device(shopper: Shopper, user: Any, client: Any) -> None:
    shopper.signs_in(user)
    answer = shopper.buys(new_product())
    elsewhere = Shopper(client).signs_in(user)

    page = elsewhere.client.get(answer["Location"]).content.decode()

    assert shopper.order().user == user
    assert "0708 •••149" in page
    assert "0708 374 149" not in page
    assert "254708374149" not in page


def test_cash_on_delivery_sends_no_prompt(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("cod")

    answer = shopper.places_order()

    assert answer["Location"] == reverse("checkout:thank-you")
    assert shopper.order().status == "Pending"
    assert not MpesaPayment.objects.exists()
    assert not MpesaOrder.objects.exists()
    assert shopper.order().sources.get().source_type.code == "cash-on-delivery"


@pytest.mark.parametrize("number", ["", "12345", "0201234567", "+1 202 555 0100", "07l2345678"])
def test_invalid_number_shows_an_error_and_keeps_the_input(shopper: Shopper, number: str) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")

    answer = shopper.names_phone(number)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="phone-error"' in page
    assert f'value="{number}"' in page


def test_delivery_phone_must_be_chosen(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    page = shopper.client.get(reverse("checkout:payment-details")).content.decode()

    shopper.client.post(reverse("checkout:preview"), {"which": "delivery", "phone_number": ""})
    shopper.places_order()

    assert "0712 345 678, your delivery phone" in page
    assert MpesaPayment.objects.get().phone == "254712345678"


def test_rounding_surcharge_is_shown_before_paying(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product(price="1499.50")).gives_address()
    shopper.chooses("mpesa")
    step = shopper.client.get(reverse("checkout:payment-details")).content.decode()
    shopper.names_phone("0708374149")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()

    answer = shopper.places_order()
    age(MpesaPayment.objects.get(), 6)
    shopper.client.get(answer["Location"])

    order, payment = shopper.order(), MpesaPayment.objects.get()
    assert "Pay KSh 1,500 by M-PESA" in step
    assert "Rounded up from KSh 1,499.50: M-PESA takes whole shillings." in step
    assert "Rounding to whole shillings" in preview
    assert (order.total_incl_tax, payment.amount) == (Decimal("1500.00"), 1500)
    assert order.surcharges.get().incl_tax == Decimal("0.50")
    assert order.sources.get().amount_debited == Decimal("1500.00")


def test_another_method_pays_the_exact_cents(shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product(price="1499.50")).gives_address()
    shopper.chooses("cod")

    shopper.places_order()

    assert shopper.order().total_incl_tax == Decimal("1499.50")
    assert not shopper.order().surcharges.exists()


def test_second_click_redirects_to_the_same_payment_page(shopper: Shopper) -> None:
    first = shopper.buys(new_product())

    second = shopper.places_order()

    assert second["Location"] == first["Location"]
    assert get_model("order", "Order").objects.count() == MpesaPayment.objects.count() == 1


def test_item_sold_meanwhile_is_refused_before_paying(shopper: Shopper) -> None:
    product = new_product(stock=1)
    shopper.puts_in_basket(product).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    Shopper().buys(product)

    answer = shopper.places_order()

    assert answer.status_code == 302
    assert answer["Location"] == reverse("basket:summary")
    assert get_model("order", "Order").objects.count() == 1
    assert product.stockrecords.get().net_stock_level == 0
