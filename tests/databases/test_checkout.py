"""Two clicks or two shoppers at once create one order and one prompt, and sell no item twice (M9)."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.daraja.transport import Request, Response
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing.transport import endpoint_of
from tests.databases.threads import MAX_WAIT, BusyDaraja, at_once, new_phone
from tests.shop import failure, new_product, post
from tests.shopper import Shopper

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(4)

Order = get_model("order", "Order")


def shopper_at_preview(product: Any, *, user: Any = None) -> Shopper:
    """Return a shopper on the preview page."""
    shopper = Shopper()
    if user is not None:
        shopper.signs_in(user)
    shopper.puts_in_basket(product).gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    assert shopper.names_phone(new_phone().msisdn).status_code == 302
    return shopper


def same_browser(shopper: Shopper) -> Shopper:
    """Return a shopper with the same cookies on another connection."""
    client = Client()
    client.cookies.load({name: morsel.value for name, morsel in shopper.client.cookies.items()})
    return Shopper(client)


@pytest.mark.parametrize("is_guest", [True, False], ids=["guest", "user"])
def test_double_click_on_place_order_creates_one_order(daraja: BusyDaraja, is_guest: bool) -> None:
    product = new_product(stock=50)
    user = None if is_guest else get_user_model().objects.create_user("achieng", "achieng@example.com", "a password")

    for count in ROUNDS:
        shopper = shopper_at_preview(product, user=user)
        first, second = at_once([shopper.places_order, same_browser(shopper).places_order])
        placed = MpesaOrder.objects.latest("order_id")
        page = reverse("checkout:mpesa-payment", args=[placed.public_id])
        assert (first["Location"], second["Location"]) == (page, page)
        assert shopper.client.get(page).status_code == 200
        assert Order.objects.count() == MpesaPayment.objects.count() == daraja.pushes == count + 1

    assert product.stockrecords.get().num_allocated == len(ROUNDS)


class BlockedDaraja(BusyDaraja):
    """Answer a push only once the test allows it."""

    def __init__(self) -> None:
        super().__init__(seconds=0)
        self.has_push = threading.Event()
        self.may_answer = threading.Event()

    def send(self, request: Request) -> Response:
        """Wait for permission, then answer as Daraja does."""
        if endpoint_of(request) == "push":
            self.has_push.set()
            assert self.may_answer.wait(MAX_WAIT)
        return super().send(request)


def test_second_click_during_push_waits_for_no_lock(
    daraja: BusyDaraja,
) -> None:
    waiting = BlockedDaraja()
    shopper = shopper_at_preview(new_product())

    def click_again() -> Any:
        assert waiting.has_push.wait(MAX_WAIT)
        try:
            return same_browser(shopper).places_order()
        finally:
            waiting.may_answer.set()

    with replaced_transport(waiting):
        first, second = at_once([shopper.places_order, click_again])

    assert first["Location"] == second["Location"]
    assert Order.objects.count() == waiting.pushes == 1


def test_last_item_goes_to_one_shopper_and_the_other_sees_sold_out(daraja: BusyDaraja) -> None:
    for count in ROUNDS:
        product = new_product(stock=1)
        shoppers = [shopper_at_preview(product), shopper_at_preview(product)]
        answers = at_once([shopper.places_order for shopper in shoppers])
        stock = product.stockrecords.get()
        assert Order.objects.count() == daraja.pushes == count + 1
        assert (stock.num_in_stock, stock.num_allocated, stock.net_stock_level) == (1, 1, 0)
        won = ["/checkout/mpesa/" in answer.headers.get("Location", "") for answer in answers]
        assert sorted(won) == [False, True]
        assert_sold_out(shoppers[won.index(False)], answers[won.index(False)])


def assert_sold_out(shopper: Shopper, answer: Any) -> None:
    """Assert that the page, or the basket that it redirects to, says that the item is sold out."""
    page = answer if answer.status_code == 200 else shopper.client.get(answer["Location"])
    text = page.content.decode()
    assert "has just sold out" in text or "no longer available" in text or "Unavailable" in text


def test_two_shoppers_with_the_same_items_do_not_deadlock(
    daraja: BusyDaraja,
) -> None:
    for count in ROUNDS:
        products = [new_product(), new_product(title="Kikoi")]
        shoppers = []
        for basket in (products, products[::-1]):
            shopper = Shopper()
            for product in basket:
                shopper.puts_in_basket(product)
            shopper.gives_address().chooses("mpesa")
            shopper.names_phone(new_phone().msisdn)
            shoppers.append(shopper)
        answers = at_once([shopper.places_order for shopper in shoppers])
        assert all("/checkout/mpesa/" in answer["Location"] for answer in answers)
        assert Order.objects.count() == 2 * (count + 1)


@pytest.mark.parametrize("is_same_phone", [True, False], ids=["same phone", "another phone"])
def test_double_click_on_send_again_sends_one_prompt(daraja: BusyDaraja, is_same_phone: bool) -> None:
    for _ in ROUNDS:
        shopper = shopper_at_preview(new_product())
        page = shopper.places_order()["Location"]
        payment = MpesaPayment.objects.latest("pk")
        post(payment, failure(payment), now=timezone.now())
        sent = daraja.pushes
        clicks = [shopper, same_browser(shopper), same_browser(shopper)]
        form = {"again": "yes"} if is_same_phone else {"phone_number": new_phone().msisdn}
        answers = at_once([partial(click.client.post, f"{page}retry/", form) for click in clicks])
        assert {answer["Location"] for answer in answers} == {page}
        assert daraja.pushes == sent + 1
        assert payment.mpesa_order.payments.count() == 2
