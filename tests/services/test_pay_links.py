"""An order has one payment link at most, which its owner and staff can revoke."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from oscar_mpesa.models import MpesaEvent, MpesaOrder, MpesaPayLink
from oscar_mpesa.oscar_adapter.basket_restore import restore_basket
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.order_closure import close_for_other_method
from oscar_mpesa.services.pay_links import active_link, find_link, get_or_create_link, replace_link, revoke_link
from tests.payment_results import HALF_AN_HOUR, cancelled
from tests.shop import OWNER, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

A_WEEK = 7 * 24 * 60 * 60
PAYER = Actor(role=Role.PAYER)


def order() -> MpesaOrder:
    """Return an order whose payment was canceled."""
    return cancelled().mpesa_order


def paying_later() -> MpesaOrder:
    """Return an order that pays later, without a link."""
    mpesa_order = order()
    MpesaOrder.objects.update(pay_later_at=later(60), pay_before=later(HALF_AN_HOUR))
    return mpesa_order


def staff(*permissions: str) -> Actor:
    return Actor(role=Role.STAFF, user=new_staff_user(*permissions))


def events() -> list[tuple[str, str]]:
    return list(MpesaEvent.objects.filter(type__startswith="pay_link").values_list("type", "by_name"))


def test_token_is_random_and_says_nothing_of_the_order() -> None:
    first, second = (get_or_create_link(order(), now=later(60)) for _ in range(2))

    assert re.fullmatch(r"[\w-]{32}", first.token, re.ASCII)
    assert first.token != second.token
    assert repr(first) == f"<MpesaPayLink: payment link {first.pk}>"


def test_order_keeps_its_link_which_then_works_for_a_week() -> None:
    mpesa_order = order()
    first = get_or_create_link(mpesa_order, now=later(60))

    again = get_or_create_link(mpesa_order, now=later(90))

    assert (again.token, again.expires_at) == (first.token, later(90 + A_WEEK))
    assert events() == [("pay_link_created", "")]


def test_link_expires_after_a_week() -> None:
    mpesa_order = order()
    link = get_or_create_link(mpesa_order, now=later(0))

    seen = [active_link(mpesa_order, now=later(seconds)) for seconds in (A_WEEK - 1, A_WEEK)]
    anew = get_or_create_link(mpesa_order, now=later(A_WEEK))

    assert seen == [link, None]
    assert [link.is_active(later(seconds)) for seconds in (A_WEEK - 1, A_WEEK)] == [True, False]
    assert anew.token != link.token


def test_link_is_found_by_its_exact_token() -> None:
    link = get_or_create_link(order(), now=later(60))

    assert find_link(link.token) == link
    assert [find_link(token) for token in (link.token.swapcase(), link.token[:-1], "", "1.made.up")] == [None] * 4


def test_revoked_link_is_replaced_by_another() -> None:
    mpesa_order = order()
    link = get_or_create_link(mpesa_order, now=later(60))

    revoked = [revoke_link(mpesa_order.order, actor=OWNER, now=later(70)) for _ in range(2)]
    anew = get_or_create_link(mpesa_order, now=later(80))

    link.refresh_from_db()
    assert (revoked, link.revoked_at, link.revoked_by_name) == ([True, False], later(70), "")
    assert anew.token != link.token
    assert events() == [("pay_link_created", ""), ("pay_link_revoked", ""), ("pay_link_created", "")]


def test_staff_with_permission_revoke_under_their_name() -> None:
    mpesa_order = order()
    link = get_or_create_link(mpesa_order, now=later(60))

    revoke_link(mpesa_order.order, actor=staff("act_on_payment"), now=later(70))

    link.refresh_from_db()
    assert link.revoked_by_name == "Achieng Were"
    assert events()[-1] == ("pay_link_revoked", "Achieng Were")


@pytest.mark.parametrize("actor", [lambda: PAYER, lambda: staff("close_order")], ids=["payer", "other staff"])
def test_others_cannot_revoke(actor: Callable[[], Actor]) -> None:
    mpesa_order = order()
    link = get_or_create_link(mpesa_order, now=later(60))

    with pytest.raises(PermissionDenied):
        revoke_link(mpesa_order.order, actor=actor(), now=later(70))

    assert active_link(mpesa_order, now=later(70)) == link


def test_paid_order_has_no_active_link() -> None:
    payment = new_payment()
    get_or_create_link(payment.mpesa_order, now=later(10))
    before = active_link(payment.mpesa_order, now=later(20))

    pay(payment)

    paid = MpesaOrder.objects.get()
    assert before is not None
    assert (active_link(paid, now=later(20)), revoke_link(paid.order, actor=OWNER, now=later(20))) == (None, False)


def test_link_is_replaced_once_for_an_order_that_pays_later() -> None:
    mpesa_order = paying_later()

    for seconds in (70, 80):
        replace_link(mpesa_order.order, actor=OWNER, now=later(seconds))

    assert MpesaPayLink.objects.get().expires_at == later(70 + A_WEEK)


@pytest.mark.parametrize("actor", [PAYER, Actor(role=Role.STAFF)], ids=["payer", "staff"])
def test_only_the_owner_replaces_the_link(actor: Actor) -> None:
    mpesa_order = paying_later()

    with pytest.raises(PermissionDenied):
        replace_link(mpesa_order.order, actor=actor, now=later(70))

    assert not MpesaPayLink.objects.exists()


def paid() -> MpesaOrder:
    mpesa_order = pay(new_payment()).mpesa_order
    MpesaOrder.objects.update(pay_later_at=later(60), pay_before=later(HALF_AN_HOUR))
    return mpesa_order


def with_a_live_prompt() -> MpesaOrder:
    mpesa_order = paying_later()
    new_payment(mpesa_order.order, now=later(65))
    return mpesa_order


def too_late() -> MpesaOrder:
    mpesa_order = paying_later()
    MpesaOrder.objects.update(pay_before=later(70))
    return mpesa_order


@pytest.mark.parametrize("build", [order, paid, with_a_live_prompt, too_late])
def test_order_whose_page_shows_no_link_gets_none(build: Callable[[], MpesaOrder]) -> None:
    mpesa_order = build()

    with pytest.raises(NotPayable):
        replace_link(mpesa_order.order, actor=OWNER, now=later(70))

    assert not MpesaPayLink.objects.exists()


@pytest.mark.parametrize("actor", [PAYER, Actor(role=Role.STAFF)], ids=["payer", "staff"])
def test_only_the_owner_closes_for_another_method_and_restores(actor: Actor) -> None:
    mpesa_order = order()

    with pytest.raises(PermissionDenied):
        close_for_other_method(mpesa_order.order, actor=actor, now=later(60))
    before = MpesaOrder.objects.get().closed_at
    close_for_other_method(mpesa_order.order, actor=OWNER, now=later(60))
    with pytest.raises(PermissionDenied):
        restore_basket(mpesa_order, new_order().basket, actor=actor, user=None, now=later(70))

    closed: Any = MpesaOrder.objects.get()
    assert (before, closed.closed_at, closed.basket_restored_at) == (None, later(60), None)
