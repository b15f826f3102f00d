"""Who lost the waiting page finds the way back: in the basket, at the checkout and among the orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.access.unpaid_order import unpaid_order_of
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.access.visits import visit
from tests.checkout.closings import cancels, is_closed_by_the_clock
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
    """What the page says about an order that waits, with its link; empty if nothing."""
    text = client.get(reverse(view, kwargs=arguments), follow=True).content.decode()
    return text if "Finish paying" in text else ""


@pytest.mark.parametrize("view", ["basket:summary", "checkout:index"])
def test_a_guest_is_reminded_in_the_basket_and_at_the_checkout(kiondo: Any, view: str) -> None:
    shopper = Shopper()
    wait_url = cancels(shopper, kiondo)
    shopper.puts_in_basket(kiondo)

    told = reminder(shopper.client, view)

    assert f"Order {shopper.order().number} is waiting for KSh 1,500." in told
    assert f'href="{wait_url}"' in told


@pytest.mark.parametrize("view", ["basket:summary", "customer:order-list"])
def test_a_user_is_reminded_on_another_device_and_among_the_orders(kiondo: Any, user: Any, view: str) -> None:
    wait_url = cancels(Shopper().signs_in(user), kiondo)
    elsewhere = Client()
    elsewhere.force_login(user)

    assert f'href="{wait_url}"' in reminder(elsewhere, view)


def test_the_order_s_own_page_has_a_way_to_pay_it(kiondo: Any, user: Any) -> None:
    shopper = Shopper().signs_in(user)
    wait_url = cancels(shopper, kiondo)

    told = reminder(shopper.client, "customer:order", order_number=shopper.order().number)

    assert f'href="{wait_url}"' in told


def test_of_two_orders_that_wait_each_one_s_own_page_has_the_way_to_pay_that_one(kiondo: Any, user: Any) -> None:
    shopper = Shopper().signs_in(user)
    wait_urls = {}
    for _ in range(2):
        wait_url = cancels(shopper, kiondo)
        wait_urls[shopper.order().number] = wait_url

    for number, wait_url in wait_urls.items():
        assert f'href="{wait_url}"' in reminder(shopper.client, "customer:order", order_number=number)


def test_who_paid_or_let_the_time_pass_is_not_reminded(kiondo: Any) -> None:
    paid, late, closed = Shopper(), Shopper(), Shopper()
    cancels(paid, kiondo)
    payment = MpesaPayment.objects.latest("pk")
    post(payment, success(payment), now=timezone.now())
    is_closed_by_the_clock(cancels(closed, kiondo))
    cancels(late, kiondo)
    MpesaOrder.objects.filter(closed_at=None).update(pay_before=timezone.now() - timedelta(minutes=1))

    assert [reminder(each.client, "basket:summary") for each in (paid, late, closed)] == ["", "", ""]


def test_a_visitor_who_placed_nothing_costs_no_query() -> None:
    with counted() as queries:
        assert unpaid_order_of(visit()) is None

    assert len(queries) == 0


def test_who_placed_an_order_costs_one(kiondo: Any, user: Any) -> None:
    cancels(Shopper().signs_in(user), kiondo)
    request = visit(user)

    with counted() as queries:
        found = unpaid_order_of(request)

    assert found is not None and found.order.number
    assert len(queries) == 1, str(queries)
