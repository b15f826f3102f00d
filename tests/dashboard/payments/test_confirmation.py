"""The payment confirmation that staff print."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from oscar_mpesa.models import MpesaPayment
from tests.dashboard.staff import new_claim, orders_staff_client, page_text, staff_client, url_of
from tests.services.money import PERMISSIONS
from tests.services.refunds import refund
from tests.shop import NO_FUNDS, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db


def paper(payment: MpesaPayment, client: Any = None) -> str:
    response = (client or staff_client()).get(url_of("payment-confirmation", payment.pk))
    assert response.status_code == 200
    return page_text(response)


def failed() -> MpesaPayment:
    payment = new_payment(phone=NO_FUNDS)
    post(payment, failure(payment), now=later(10))
    return payment


def test_confirmation_names_shop_order_code_and_total(settings: Any) -> None:
    settings.OSCAR_SHOP_NAME = "Duka la Pwani"
    payment = pay(new_payment())

    words = paper(payment)

    for word in ("Duka la Pwani", payment.mpesa_order.order.number, "OD123ABC45", "23 Nov 2026, 15:00", "KSh 1,500"):
        assert word in words
    assert "TEST No real money moves in this shop" in words
    assert "It is no tax invoice." in words


def test_confirmation_shows_no_phone_number() -> None:
    payment = pay(new_payment())

    words = paper(payment, staff_client("view_full_phone"))

    assert "OD123ABC45" in words
    assert "374 149" not in words and "•••" not in words


def test_customer_is_named_to_staff_who_may_see_orders_only() -> None:
    user = get_user_model().objects.create_user("achieng", first_name="Achieng", last_name="Otieno")
    payment = pay(new_payment(new_order(user=user)))

    assert "Customer Achieng Otieno" in paper(payment, orders_staff_client())
    assert "Achieng Otieno" not in paper(payment)


def test_refund_lowers_what_was_paid() -> None:
    payment = pay(new_payment())
    refund(payment.receipts.get(), new_staff_user(*PERMISSIONS), amount=500)

    words = paper(payment)

    assert "OD123ABC45 23 Nov 2026, 15:00 KSh 1,000" in words
    assert "Refunded KSh 500" in words


def test_recorded_payment_is_marked_unconfirmed() -> None:
    payment = failed()
    new_claim(payment.mpesa_order.order)

    assert "OD777KKK77 (Safaricom has not confirmed it yet)" in paper(payment)


def test_unpaid_order_has_no_confirmation_and_no_link() -> None:
    unpaid, paid = failed(), pay(new_payment())
    link = "Print a payment confirmation"

    answers = [staff_client().get(url_of("payment-confirmation", pk)).status_code for pk in (unpaid.pk, 0)]
    pages = [page_text(staff_client().get(url_of("payment", each.pk))) for each in (unpaid, paid)]

    assert answers == [404, 404]
    assert [link in words for words in pages] == [False, True]
