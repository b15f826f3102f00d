"""Who owns an order and who may pay it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404, HttpRequest

from oscar_mpesa.access import ownership
from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from oscar_mpesa.services.actors import Actor, Role
from tests.access.visits import visit
from tests.pay_links import expired_link, link_to, revoked_link
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")


def access(request: HttpRequest, payment: MpesaPayment) -> tuple[bool, bool]:
    """Return whether the request passes the check for the owner, and the one for a payer."""
    return _passes(ownership.require_owner, request, payment), _passes(ownership.require_payer, request, payment)


def _passes(require: Callable[[HttpRequest, MpesaPayment], Any], request: HttpRequest, payment: MpesaPayment) -> bool:
    try:
        require(request, payment)
    except Http404:
        return False
    return True


@pytest.fixture
def payment() -> MpesaPayment:
    return new_payment()


def test_session_that_placed_the_order_owns_it(payment: MpesaPayment) -> None:
    request = visit()
    before = access(request, payment)

    ownership.grant_order(request, payment.mpesa_order)

    assert (before, access(request, payment)) == ((False, False), (True, True))


def test_only_the_session_that_typed_a_number_sees_it(payment: MpesaPayment) -> None:
    request = visit()
    ownership.grant_order(request, payment.mpesa_order)
    before = ownership.typed_number(request, payment.phone_number)

    ownership.remember_number(request, payment.phone_number)

    assert (before, ownership.typed_number(request, payment.phone_number)) == (False, True)
    assert not ownership.typed_number(visit(), payment.phone_number)


def test_payment_link_allows_paying_but_not_owning(payment: MpesaPayment) -> None:
    request = visit()

    ownership.grant_payment(request, link_to(payment))

    assert access(request, payment) == (False, True)


@pytest.mark.parametrize("ended", [revoked_link, expired_link])
def test_ended_link_allows_nothing(payment: MpesaPayment, ended: Callable[[MpesaPayment], MpesaPayLink]) -> None:
    request = visit()
    ownership.grant_payment(request, ended(payment))

    before = access(request, payment)
    ownership.grant_payment(request, link_to(payment))

    assert (before, access(request, payment)) == ((False, False), (False, True))


def test_link_of_another_order_allows_nothing(payment: MpesaPayment) -> None:
    request, another = visit(), new_payment()

    ownership.grant_payment(request, link_to(another))

    assert (access(request, payment), access(request, another)) == ((False, False), (False, True))


def test_others_may_neither_own_nor_pay(payment: MpesaPayment, user: Any) -> None:
    assert [access(visit(), payment), access(visit(user), payment)] == [(False, False), (False, False)]


def test_actor_is_owner_payer_or_nobody(payment: MpesaPayment) -> None:
    owner, payer, other = visit(), visit(), visit()
    owner.session.create()
    ownership.grant_order(owner, payment.mpesa_order)
    ownership.grant_payment(payer, link_to(payment))

    actors = [ownership.actor_of(request, payment.mpesa_order) for request in (owner, payer, other)]

    digest = ownership.session_digest(owner)
    assert actors == [
        Actor(role=Role.OWNER, session_digest=digest, address="127.0.0.1"),
        Actor(role=Role.PAYER, address="127.0.0.1"),
        None,
    ]


def test_user_owns_the_order_in_every_session_without_the_number(user: Any) -> None:
    payment = new_payment(new_order(user=user))
    elsewhere = visit(user)

    assert access(elsewhere, payment) == (True, True)
    assert not ownership.typed_number(elsewhere, payment.phone_number)


def test_session_stores_an_order_once_and_drops_the_oldest(payment: MpesaPayment) -> None:
    request = visit()
    request.session[ownership.ORDERS_KEY] = [str(number) for number in range(ownership.MAX_REMEMBERED)]

    ownership.grant_order(request, payment.mpesa_order)
    ownership.grant_order(request, payment.mpesa_order)

    kept = ownership.own_public_ids(request)
    assert len(kept) == ownership.MAX_REMEMBERED
    assert kept.count(payment.mpesa_order.public_id) == 1
    assert kept[-1] == payment.mpesa_order.public_id
    assert "0" not in kept


def test_session_digest_does_not_reveal_the_key() -> None:
    fresh, kept = visit(), visit()
    kept.session.create()

    assert ownership.session_digest(fresh) == ""
    assert len(ownership.session_digest(kept)) == 64
    assert str(kept.session.session_key) not in ownership.session_digest(kept)
