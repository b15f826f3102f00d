"""Requests of one instant count each other: no limit is exceeded by asking at the same time (M19)."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaPushAttempt
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.payments import retry_payment
from tests.databases.threads import BusyDaraja, at_once, new_payment, new_phone
from tests.shop import failure, new_order, new_product, post
from tests.shopper import Shopper

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

ROUNDS = range(3)


def session(number: int = 0) -> Actor:
    return Actor(session_digest=f"{number:064}", address="197.248.0.1")


def push(order: Any, phone: PhoneNumber, actor: Actor) -> str:
    """Ask for a prompt. Return "sent", or the name of the refusal."""
    try:
        retry_payment(order, phone=phone, now=timezone.now(), actor=actor)
    except StartRefused as refusal:
        return type(refusal).__name__
    return "sent"


def refused_by() -> Counter[str]:
    return Counter(MpesaPushAttempt.objects.values_list("refused_by", flat=True))


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("limit", [0, 100], ids=["no address limit", "address limit"])
def test_25_numbers_for_one_order_from_25_cookies(daraja: BusyDaraja, settings: Any, limit: int) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ADDRESS_LIMIT": limit}
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    payment = new_payment(new_order(user=user), now=timezone.now())
    post(payment, failure(payment), now=timezone.now())
    phones = [new_phone() for _ in range(25)]
    MpesaBlockedPhone.objects.bulk_create(
        MpesaBlockedPhone(phone=each.msisdn, created_at=timezone.now()) for each in phones
    )
    url = reverse("checkout:mpesa-retry", args=[payment.mpesa_order.public_id])

    answers = at_once(partial(signed_in(user).post, url, {"phone_number": each.msisdn}) for each in phones)

    assert {each.status_code for each in answers} == {302}
    assert refused_by() == {"": 1, "phone_blocked": 4, "order_numbers": 21}
    assert daraja.pushes == 1


def test_25_numbers_that_are_free_get_one_prompt(daraja: BusyDaraja) -> None:
    payment = new_payment(now=timezone.now())
    post(payment, failure(payment), now=timezone.now())
    order = payment.mpesa_order.order

    answers = at_once(partial(push, order, new_phone(), session(number)) for number in range(25))

    assert Counter(answers) == {"sent": 1, "PaymentInProgress": 24}
    assert daraja.pushes == 2


def test_one_session_starts_five_unpaid_orders_at_once(daraja: BusyDaraja) -> None:
    daraja.seconds = 0
    for number in ROUNDS:
        orders = [new_order() for _ in range(9)]

        answers = at_once(partial(push, order, new_phone(), session(number)) for order in orders)

        assert Counter(answers) == {"sent": 5, "TooManyOrders": 4}


def test_phone_at_its_limit_gets_one_of_two_prompts(daraja: BusyDaraja) -> None:
    daraja.seconds = 0
    for number in ROUNDS:
        phone = new_phone()
        for _ in range(2):
            assert push(new_order(), phone, Actor()) == "sent"
        orders = [new_order(), new_order()]

        answers = at_once(
            partial(push, order, phone, session(2 * number + which)) for which, order in enumerate(orders)
        )

        assert Counter(answers) == {"sent": 1, "PhoneUnavailable": 1}


def test_one_session_places_three_of_six_baskets_with_one_phone(daraja: BusyDaraja) -> None:
    shopper, phone = Shopper(), new_phone()
    shopper.puts_in_basket(new_product()).gives_address().chooses("mpesa")
    assert shopper.names_phone(phone.msisdn).status_code == 302
    shoppers = [Shopper(_with_new_basket(shopper.client)) for _ in range(6)]

    answers = at_once(each.places_order for each in shoppers)

    assert Counter("/checkout/mpesa/" in each["Location"] for each in answers) == {True: 3, False: 3}
    assert MpesaPayment.objects.count() == daraja.pushes == 3
    assert refused_by() == {"": 3, "phone": 3}


def _with_new_basket(client: Client) -> Client:
    """Return a client of the same session with a basket of its own, which Oscar keeps in another cookie."""
    other = Client()
    other.cookies["sessionid"] = client.cookies["sessionid"].value
    Shopper(other).puts_in_basket(new_product())
    return other
