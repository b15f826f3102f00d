"""The timeline links to the money and to both orders of a decision."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaAllocation, MpesaEvent, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.payment_updates import apply_update
from tests.dashboard.staff import new_claim, orders_staff_client, staff_client, url_of
from tests.shop import later, new_order, new_payment, new_staff_user, pay, query_update

pytestmark = pytest.mark.django_db


def links(payment: Any, client: Client | None = None) -> dict[str, list[tuple[str, str]]]:
    """Return the links of each timeline entry, by what happened."""
    page = (client or orders_staff_client()).get(url_of("payment", payment.pk)).content.decode()
    _, _, timeline = page.partition('<ol class="mpesa-timeline">')
    items = re.findall(r"<li><time.*?</li>", timeline, re.DOTALL)
    found = {re.findall(r"<strong>(.*?)</strong>", item)[0]: re.findall(r'href="(.*?)">(.*?)<', item) for item in items}
    return {what: [(label, href) for href, label in each] for what, each in found.items()}


def order_url(order: Any) -> str:
    return reverse("dashboard:order-detail", args=[order.number])


def moved() -> tuple[Any, Any, tuple[str, str]]:
    """Return the payments of an order and of another one that got its money, and the link to the money."""
    payment, other = pay(new_payment()), new_payment()
    clerk = new_staff_user("match_receipt")
    own = reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(60))
    allocate(own, other.mpesa_order.order, by=clerk, now=later(61))
    return payment, other, ("OD123ABC45", reverse("dashboard:mpesa-receipt", args=[own.pk]))


def test_entries_about_money_link_to_the_receipt() -> None:
    payment, _, money = moved()

    found = links(payment)

    assert found["KSh 1,500 (M-PESA code OD123ABC45) arrived"] == [money]
    assert found["Money no longer counts for the order"][0] == money
    assert found["Prompt on its way to the phone"] == []


def test_order_that_lost_money_links_to_the_order_that_got_it() -> None:
    payment, other, money = moved()
    order = other.mpesa_order.order

    assert links(payment)["Money matched to an order"] == [money, (f"order {order.number}", order_url(order))]


@pytest.mark.parametrize("param", ["order", "meant_for", "moved_from", "moved_to"])
def test_each_order_that_an_event_names_is_linked(param: str) -> None:
    payment, order = new_payment(), new_order()
    about = {"payment": payment, "mpesa_order": payment.mpesa_order, "created_at": later(5)}
    MpesaEvent.objects.create(type="order_paid", params={param: order.number}, **about)

    assert links(payment)["Order paid"] == [(f"order {order.number}", order_url(order))]


def test_orders_are_not_linked_for_staff_who_may_not_open_them() -> None:
    payment, _, money = moved()

    assert links(payment, staff_client())["Money matched to an order"] == [money]


def test_money_without_a_code_is_linked() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))

    (link,) = links(payment)["KSh 1,500 arrived"]

    assert link == ("code missing", reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk]))


def test_recorded_payment_is_linked_when_recorded_and_withdrawn() -> None:
    payment = new_payment()
    claim = new_claim(payment.mpesa_order.order)
    withdraw_claim(claim, by=new_staff_user("record_claim"), note="mistyped", now=later(60))

    found = links(payment)

    link = ("recorded payment OD777KKK77", reverse("dashboard:mpesa-claim", args=[claim.pk]))
    assert found["Payment recorded by hand"] == [link]
    assert found["Recorded payment withdrawn"] == [link]
