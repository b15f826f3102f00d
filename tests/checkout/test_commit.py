"""A shop's own hook raises at the commit of an order: the shopper still gets the prompt (M1, M2)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")


@contextmanager
def shop_receiver(receiver: Any) -> Iterator[None]:
    """Let the shop do this when an order is placed."""
    order_placed.connect(receiver)
    try:
        yield
    finally:
        order_placed.disconnect(receiver)


def fail_after_commit(**_: Any) -> None:
    """Register a hook that raises, as a shop's own code may."""

    def tell_warehouse() -> None:
        raise RuntimeError("the warehouse does not answer")

    transaction.on_commit(tell_warehouse)


class Killed(BaseException):
    """End the request, as the end of its process does."""


def die(**_: Any) -> None:
    raise Killed


def at_preview(method: str) -> Shopper:
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    assert shopper.chooses(method).status_code == 302
    if method == "mpesa":
        assert shopper.names_phone("254708374149").status_code == 302
    return shopper


def test_push_is_sent_although_a_shop_s_hook_raises(
    settings: Any, caplog: pytest.LogCaptureFixture, atomic_requests: bool
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    shopper, transport = at_preview("mpesa"), ScriptedTransport({"push": [ACCEPTED]})

    with replaced_transport(transport), shop_receiver(fail_after_commit):
        answer = shopper.places_order()

    payment = MpesaPayment.objects.get()
    assert answer["Location"] == reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id])
    assert (payment.status, len(transport.sent("push"))) == ("processing", 1)
    assert shopper.client.get(answer["Location"]).status_code == 200
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "is committed, but a hook of its commit raised" in record.getMessage()
    assert "the warehouse does not answer" in caplog.text


def test_error_before_the_commit_leaves_no_order(atomic_requests: bool) -> None:
    shopper = at_preview("mpesa")

    def refuse(**_: Any) -> None:
        raise RuntimeError("no warehouse")

    with shop_receiver(refuse):
        refused = shopper.places_order()
    orders_then = Order.objects.count()
    placed = shopper.places_order()

    assert (refused.status_code, orders_then) == (200, 0)
    assert (placed.status_code, Order.objects.count(), MpesaPayment.objects.count()) == (302, 1, 1)


def test_request_that_dies_leaves_no_order_of_any_method() -> None:
    for method in ("cod", "mpesa"):
        with shop_receiver(die), pytest.raises(Killed):
            at_preview(method).places_order()

    assert not Order.objects.exists()


def test_hook_of_another_method_s_order_raises_as_in_oscar() -> None:
    shopper = at_preview("cod")

    with shop_receiver(fail_after_commit), pytest.raises(RuntimeError, match="the warehouse does not answer"):
        shopper.places_order()

    assert Order.objects.count() == 1
