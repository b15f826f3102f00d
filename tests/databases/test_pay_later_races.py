"""A shopper chooses to pay later for several orders at the same moment: one of them is kept."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.pay_later import PayLaterRefused, pay_later
from tests.databases.threads import at_once, new_payment
from tests.shop import failure, post

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

SESSION = "0" * 64


@pytest.fixture(autouse=True)
def _simulated(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": ""}


def unpaid_order(*, session: str, email: str) -> Any:
    payment = new_payment(now=timezone.now())
    post(payment, failure(payment), now=timezone.now())
    MpesaOrder.objects.filter(pk=payment.order_id).update(session_digest=session)
    order = payment.mpesa_order.order
    order.guest_email = email
    order.save()
    return order


def choose(order: Any) -> str:
    try:
        pay_later(order, actor=Actor(), now=timezone.now())
    except PayLaterRefused as refusal:
        return type(refusal).__name__
    return "kept"


@pytest.mark.parametrize("same", ["session", "email"])
def test_one_of_several_orders_is_kept(same: str) -> None:
    for number in range(3):
        orders = [
            unpaid_order(
                session=SESSION if same == "session" else f"{number}{each}",
                email=f"{each}@example.com" if same == "session" else "guest@example.com",
            )
            for each in range(4)
        ]

        answers = at_once(partial(choose, order) for order in orders)

        assert sorted(answers) == ["OtherOrderPaysLater"] * 3 + ["kept"]
        MpesaOrder.objects.update(pay_later_at=None)
