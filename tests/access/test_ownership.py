"""Whose order it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404, HttpRequest

from oscar_mpesa.access import ownership
from oscar_mpesa.models import MpesaPayment
from tests.access.visits import visit
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")


def doors(request: HttpRequest, payment: MpesaPayment) -> tuple[bool, bool]:
    """Whether the owner's door opens, and the payer's."""
    return _opens(ownership.require_owner, request, payment), _opens(ownership.require_payer, request, payment)


def _opens(require: Callable[[HttpRequest, MpesaPayment], None], request: HttpRequest, payment: MpesaPayment) -> bool:
    try:
        require(request, payment)
    except Http404:
        return False
    return True


@pytest.fixture
def payment() -> MpesaPayment:
    return new_payment()


def test_the_session_that_placed_the_order_owns_it(payment: MpesaPayment) -> None:
    request = visit()
    before = doors(request, payment)

    ownership.grant_order(request, payment.mpesa_order)

    assert (before, doors(request, payment)) == ((False, False), (True, True))


def test_a_number_is_for_the_session_in_which_it_was_typed(payment: MpesaPayment) -> None:
    request = visit()
    ownership.grant_order(request, payment.mpesa_order)
    before = ownership.typed_number(request, payment.phone_number)

    ownership.remember_number(request, payment.phone_number)

    assert (before, ownership.typed_number(request, payment.phone_number)) == (False, True)
    assert not ownership.typed_number(visit(), payment.phone_number)


def test_who_came_by_a_link_may_pay_and_does_not_own(payment: MpesaPayment) -> None:
    request = visit()

    ownership.grant_payment(request, payment.mpesa_order)

    assert doors(request, payment) == (False, True)


def test_a_stranger_is_told_nothing(payment: MpesaPayment, user: Any) -> None:
    assert [doors(visit(), payment), doors(visit(user), payment)] == [(False, False), (False, False)]


def test_the_user_owns_the_order_everywhere_but_did_not_type_the_number_there(user: Any) -> None:
    payment = new_payment(new_order(user=user))
    elsewhere = visit(user)

    assert doors(elsewhere, payment) == (True, True)
    assert not ownership.typed_number(elsewhere, payment.phone_number)


def test_an_order_is_remembered_once_and_the_oldest_is_forgotten(payment: MpesaPayment) -> None:
    request = visit()
    request.session[ownership.ORDERS_KEY] = [str(number) for number in range(ownership.MAX_REMEMBERED)]

    ownership.grant_order(request, payment.mpesa_order)
    ownership.grant_order(request, payment.mpesa_order)

    kept = ownership.own_public_ids(request)
    assert len(kept) == ownership.MAX_REMEMBERED
    assert kept.count(payment.mpesa_order.public_id) == 1
    assert kept[-1] == payment.mpesa_order.public_id
    assert "0" not in kept


def test_a_session_is_counted_by_a_name_that_is_not_its_key() -> None:
    fresh, kept = visit(), visit()
    kept.session.create()

    assert ownership.session_digest(fresh) == ""
    assert len(ownership.session_digest(kept)) == 64
    assert str(kept.session.session_key) not in ownership.session_digest(kept)
