"""Basket, checkout and order history link back to the payment page of an unpaid order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.access.unpaid_order import unpaid_order_of
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.claims import record_claim
from tests.access.visits import visit
from tests.checkout.closed_orders import buy_and_cancel, close_by_clock
from tests.query_counts import counted
from tests.shop import new_product, post, success
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kiondo() -> Any:
    return new_product(stock=5)


@pytest.fixture
def user(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")


def reminder(client: Client, view: str, **arguments: Any) -> str:
    """Return the reminder on a page, with its link; empty if there is none."""
    text = client.get(reverse(view, kwargs=arguments), follow=True).content.decode()
    return text if "Finish paying" in text else ""


@pytest.mark.parametrize("view", ["basket:summary", "checkout:index"])
def test_guest_is_reminded_in_basket_and_checkout(kiondo: Any, view: str) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)
    shopper.puts_in_basket(kiondo)

    text = reminder(shopper.client, view)

    assert f"Order {shopper.order().number} is waiting for KSh 1,500." in text
    assert f'href="{page_url}"' in text


@pytest.mark.parametrize("view", ["basket:summary", "customer:order-list"])
def test_user_is_reminded_on_another_device(kiondo: Any, user: Any, view: str) -> None:
    page_url = buy_and_cancel(Shopper().signs_in(user), kiondo)
    elsewhere = Client()
    elsewhere.force_login(user)

    assert f'href="{page_url}"' in reminder(elsewhere, view)


def test_orders_own_page_links_to_its_payment(kiondo: Any, user: Any) -> None:
    shopper = Shopper().signs_in(user)
    page_url = buy_and_cancel(shopper, kiondo)

    text = reminder(shopper.client, "customer:order", order_number=shopper.order().number)

    assert f'href="{page_url}"' in text


def test_each_order_page_links_to_its_own_payment(kiondo: Any, user: Any) -> None:
    shopper = Shopper().signs_in(user)
    wait_urls = {}
    for _ in range(2):
        page_url = buy_and_cancel(shopper, kiondo)
        wait_urls[shopper.order().number] = page_url

    for number, page_url in wait_urls.items():
        assert f'href="{page_url}"' in reminder(shopper.client, "customer:order", order_number=number)


def test_paid_and_expired_orders_are_not_reminded(kiondo: Any) -> None:
    paid, late, closed = Shopper(), Shopper(), Shopper()
    buy_and_cancel(paid, kiondo)
    payment = MpesaPayment.objects.latest("pk")
    post(payment, success(payment), now=timezone.now())
    close_by_clock(buy_and_cancel(closed, kiondo))
    buy_and_cancel(late, kiondo)
    MpesaOrder.objects.filter(closed_at=None).update(pay_before=timezone.now() - timedelta(minutes=1))

    assert [reminder(each.client, "basket:summary") for each in (paid, late, closed)] == ["", "", ""]


def test_part_paid_order_is_reminded_of_the_balance(kiondo: Any, admin_user: Any) -> None:
    shopper = Shopper()
    page_url = buy_and_cancel(shopper, kiondo)
    number, now = "OD555EEE55", timezone.now()
    record_claim(number, Decimal(500), order=shopper.order(), by=admin_user, note="statement", now=now)

    text = reminder(shopper.client, "basket:summary")

    assert f"Order {shopper.order().number} is waiting for KSh 1,000." in text
    assert f'href="{page_url}"' in text


def test_order_with_unmatched_money_is_not_reminded(kiondo: Any) -> None:
    shopper = Shopper()
    buy_and_cancel(shopper, kiondo)
    payment = MpesaPayment.objects.get()
    before = reminder(shopper.client, "basket:summary")
    post(payment, success(payment, amount=1400), now=timezone.now())

    assert before and reminder(shopper.client, "basket:summary") == ""


def test_visitor_without_orders_costs_no_query() -> None:
    with counted() as queries:
        assert unpaid_order_of(visit()) is None

    assert len(queries) == 0


def test_shopper_with_an_order_costs_one_query(kiondo: Any, user: Any) -> None:
    buy_and_cancel(Shopper().signs_in(user), kiondo)
    request = visit(user)

    with counted() as queries:
        found = unpaid_order_of(request)

    assert found is not None and found.order.number
    assert len(queries) == 1, str(queries)
