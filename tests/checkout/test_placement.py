"""A placement that the database undoes is repeated once, and an offer that others use up is not used again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError
from django.urls import reverse
from oscar.apps.checkout.signals import pre_payment
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.oscar_adapter.offers import ConditionalOffer, new_offer
from tests.services.concurrent_changes import just_before
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")

#: What MariaDB raises.
DEADLOCK = OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")

MESSAGE = "A problem occurred while placing this order. Please contact customer services."


@pytest.fixture
def transport(settings: Any) -> Iterator[ScriptedTransport]:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "WAKE": ""}
    scripted = ScriptedTransport({"push": [ACCEPTED]})
    with replaced_transport(scripted):
        yield scripted


@contextmanager
def undoing(*errors: Exception) -> Iterator[list[Exception]]:
    """Raise these errors, one for each order that is placed."""
    left = list(errors)

    def undo(**_: Any) -> None:
        if left:
            raise left.pop(0)

    order_placed.connect(undo)
    try:
        yield left
    finally:
        order_placed.disconnect(undo)


@pytest.fixture
def shopper(transport: ScriptedTransport) -> Shopper:
    """Return a shopper on the preview page."""
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    assert shopper.chooses("mpesa").status_code == 302
    assert shopper.names_phone("254708374149").status_code == 302
    return shopper


def test_placement_that_a_deadlock_undid_is_repeated_once(
    shopper: Shopper, transport: ScriptedTransport, atomic_requests: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with undoing(DEADLOCK):
        answer = shopper.places_order()

    mpesa_order = MpesaOrder.objects.get()
    assert answer["Location"] == reverse("checkout:mpesa-payment", args=[mpesa_order.public_id])
    assert shopper.client.get(answer["Location"]).status_code == 200
    assert (Order.objects.count(), MpesaPayment.objects.count(), len(transport.sent("push"))) == (1, 1, 1)
    assert mpesa_order.order.lines.get().stockrecord.num_allocated == 1
    assert Basket.objects.get().status == "Submitted"
    assert caplog.text.count("the database undid the placement of an order") == 1
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_second_try_has_the_session_of_the_first(shopper: Shopper, atomic_requests: bool) -> None:
    def note_try(*, view: Any, **_: Any) -> None:
        view.request.session.setdefault("tries", []).append(view.request.basket.status)

    pre_payment.connect(note_try)
    with undoing(DEADLOCK) as left:
        shopper.places_order()
    pre_payment.disconnect(note_try)

    assert (left, shopper.client.session["tries"]) == ([], ["Frozen"])


def test_second_deadlock_shows_oscars_message_and_leaves_the_basket(
    shopper: Shopper, transport: ScriptedTransport, atomic_requests: bool
) -> None:
    with undoing(DEADLOCK, DEADLOCK, RuntimeError("never raised")) as left:
        answer = shopper.places_order()
    page = shopper.client.get(answer["Location"])
    undone = (Order.objects.count(), Basket.objects.get().status, len(transport.sent("push")), len(left))
    placed = shopper.places_order()

    assert answer["Location"] == reverse("checkout:preview")
    assert page.content.decode().count(MESSAGE) == 1
    assert undone == (0, "Open", 0, 1)
    assert placed["Location"] == reverse("checkout:mpesa-payment", args=[MpesaOrder.objects.get().public_id])
    assert len(transport.sent("push")) == 1


def test_other_database_error_is_not_repeated(shopper: Shopper, transport: ScriptedTransport) -> None:
    with undoing(OperationalError("the disk is full"), RuntimeError("never raised")) as left:
        answer = shopper.places_order()

    assert (answer.status_code, MESSAGE in answer.content.decode()) == (200, True)
    assert (Order.objects.count(), len(left), len(transport.sent("push"))) == (0, 1, 0)


def test_offer_that_others_use_up_meanwhile_is_not_used_again(
    shopper: Shopper, transport: ScriptedTransport, atomic_requests: bool
) -> None:
    offer = new_offer(max_global_applications=1, max_basket_applications=1)

    def use_up() -> None:
        ConditionalOffer.objects.update(num_applications=1, status="Consumed")

    with just_before('UPDATE "basket_basket"', use_up):
        answer = shopper.places_order()
    refused = (Order.objects.count(), Basket.objects.get().status, len(transport.sent("push")))
    page = shopper.client.get(answer["Location"]).content.decode()
    placed = shopper.places_order()

    offer.refresh_from_db()
    assert (answer["Location"], refused) == (reverse("checkout:preview"), (0, "Open", 0))
    assert "An offer was just used up." in page and "1,500" in page
    assert "/checkout/mpesa/" in placed["Location"]
    assert (Order.objects.get().total_incl_tax, offer.num_applications) == (1500, 1)
