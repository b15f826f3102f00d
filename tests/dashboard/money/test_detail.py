"""One arrival of money: what it says of itself, and what it offers to whom."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.services.receipt_decisions import record_refund, resolve_receipt
from tests.dashboard.staff import ALL, at_desk, door, new_receipt, number_of, page_of, production
from tests.query_counts import counted
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


@pytest.mark.parametrize(
    ("money", "sentence"),
    [
        pytest.param(mismatch, "but order {number} costs KSh 1,500.", id="other amount"),
        pytest.param(surplus, "but order {number} was paid already.", id="paid twice"),
        pytest.param(unallocated, "after order {number} was closed.", id="no order"),
    ],
)
def test_it_says_what_it_is_and_offers_what_may_be_done(money: Any, sentence: str) -> None:
    receipt = money()

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert sentence.format(number=number_of(receipt)) in page
    assert all(door(name, receipt) in page for name in ("refund", "resolve"))
    assert "Look it up" in page
    assert "We move no money. Send it by M-PESA yourself first" in page


def test_money_that_is_used_can_only_be_returned() -> None:
    receipt = pay(new_payment()).receipts.get()

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert "and was used for order" in page
    assert door("refund", receipt) in page
    assert door("resolve", receipt) not in page and "Look it up" not in page


def test_money_of_a_cancelled_order_is_to_be_sent_back() -> None:
    receipt = pay(new_payment()).receipts.get()
    Order.objects.update(status="Cancelled")

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert "That order was cancelled since. Send the money back by M-PESA" in page


def test_who_may_not_decide_is_told_so_and_shown_no_form() -> None:
    receipt = surplus()

    page = at_desk().get(page_of(receipt), {"order": number_of(receipt)}).content.decode()

    assert "You may look at it, but not decide." in page
    assert 'method="post" action="/en/dashboard/mpesa/money' not in page
    assert "guest@example.com" not in page


def test_the_payer_is_masked_but_for_who_may_see_numbers() -> None:
    receipt = mismatch()
    MpesaReceipt.objects.update(payer="254708374149")

    masked = at_desk().get(page_of(receipt)).content.decode()
    full = at_desk("view_full_phone").get(page_of(receipt)).content.decode()

    assert "374149" not in masked and "•••149" in masked
    assert "254708374149" in full


def test_it_costs_few_queries() -> None:
    receipt, client = mismatch(), at_desk(*ALL)
    client.get(page_of(receipt))
    number = number_of(receipt)

    with counted() as count:
        response = client.get(page_of(receipt), {"order": number})

    assert "KSh 100 less than it costs." in response.content.decode()
    assert len(count) <= 12, str(count)


def test_money_that_went_back_in_part_says_so_and_pays_no_order() -> None:
    receipt = mismatch()
    record_refund(receipt, amount=Decimal(500), reference="R1", by=new_staff_user("record_return"), now=later(99))

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert "KSh 500 of it was sent back; the last of that on 23 Nov 2026." in page
    assert "Look it up" not in page
    assert 'value="900"' in page


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        pytest.param({"error": "ShopBroken()"}, "the shop's own code failed to take it in.", id="books failed"),
        pytest.param({"reason": "sold_out"}, "not all in stock", id="sold"),
        pytest.param({"environment": "sandbox"}, "This is a test: no real money moved.", id="a test"),
        pytest.param({"allocation": "mismatch", "number": None}, "Safaricom gave its code to another.", id="typed"),
        pytest.param({"allocation": "mismatch"}, "but another amount was asked for.", id="the order's total"),
        pytest.param({"allocation": "explained", "booked_at": later(1)}, "It stays in the books of", id="in the books"),
    ],
)
def test_each_way_that_money_goes_astray_has_its_own_words(settings: Any, about: dict[str, Any], sentence: str) -> None:
    production(settings)
    receipt = new_receipt(**{"number": "OD123ABC45", "allocation": "unallocated", "order": new_order(), **about})

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert sentence in page.replace("&#x27;", "'")


def test_a_row_of_the_same_money_says_where_it_is_counted(settings: Any) -> None:
    production(settings)
    twin = new_receipt(None, allocation="explained", same_as=new_receipt())

    page = at_desk(*ALL).get(page_of(twin)).content.decode()

    assert "This turned out to be the same money as another row of the list." in page


def test_money_without_an_order_has_a_page_too(settings: Any) -> None:
    production(settings)

    assert at_desk(*ALL).get(page_of(new_receipt(allocation="unallocated"))).status_code == 200


def test_a_percent_sign_in_what_people_typed_is_a_percent_sign() -> None:
    receipt = mismatch()
    resolve_receipt(receipt, note="50% %(amount)s off", by=new_staff_user("explain_receipt"), now=later(99))

    page = at_desk(*ALL).get(page_of(receipt)).content.decode()

    assert "50% %(amount)s off" in page and fresh(receipt).allocation == Allocation.EXPLAINED


def test_money_that_is_not_there_has_no_page() -> None:
    assert at_desk().get(reverse("dashboard:mpesa-receipt", args=[404])).status_code == 404
