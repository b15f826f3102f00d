"""The page of one receipt: its sentence, its facts and the offered decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaReceipt
from oscar_mpesa.services.receipt_decisions import record_refund, resolve_receipt
from tests.dashboard.staff import (
    ALL,
    decision_url,
    new_receipt,
    order_number_of,
    receipt_url,
    staff_client,
    use_production,
)
from tests.query_counts import counted
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


@pytest.mark.parametrize(
    ("money", "sentence"),
    [
        pytest.param(mismatch, "but order {number} costs KSh 1,500.", id="other amount"),
        pytest.param(surplus, "but order {number} was already paid.", id="paid twice"),
        pytest.param(unallocated, "after order {number} was closed.", id="no order"),
    ],
)
def test_page_describes_the_receipt_and_offers_decisions(money: Any, sentence: str) -> None:
    receipt = money()

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert sentence.format(number=order_number_of(receipt)) in page
    assert all(decision_url(name, receipt) in page for name in ("refund", "resolve"))
    assert "Find the order" in page
    assert "Recording a refund doesn't send money. First send it by M-PESA" in page


def test_matched_receipt_can_only_be_refunded() -> None:
    receipt = pay(new_payment()).receipts.get()

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert "and was matched to order" in page
    assert decision_url("refund", receipt) in page
    assert decision_url("resolve", receipt) not in page and "Find the order" not in page


def test_receipt_of_a_cancelled_order_asks_for_a_refund() -> None:
    receipt = pay(new_payment()).receipts.get()
    Order.objects.update(status="Cancelled")

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert "That order has since been canceled. Refund the money by M-PESA" in page


def test_user_without_permission_sees_no_forms() -> None:
    receipt = surplus()

    page = staff_client().get(receipt_url(receipt), {"order": order_number_of(receipt)}).content.decode()

    assert "You can view this money, but you don't have permission to change it." in page
    assert 'method="post" action="/en/dashboard/mpesa/money' not in page
    assert "guest@example.com" not in page


def test_payer_is_masked_without_permission() -> None:
    receipt = mismatch()
    MpesaReceipt.objects.update(payer="254708374149")

    masked = staff_client().get(receipt_url(receipt)).content.decode()
    full = staff_client("view_full_phone").get(receipt_url(receipt)).content.decode()

    assert "374149" not in masked and "•••149" in masked
    assert "254708374149" in full


def test_page_costs_at_most_twelve_queries() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    client.get(receipt_url(receipt))
    number = order_number_of(receipt)

    with counted() as count:
        response = client.get(receipt_url(receipt), {"order": number})

    assert "KSh 100 less than it costs." in response.content.decode()
    assert len(count) <= 12, str(count)


def test_partly_refunded_receipt_cannot_be_matched() -> None:
    receipt = mismatch()
    record_refund(receipt, amount=Decimal(500), reference="R1", by=new_staff_user("record_return"), now=later(99))

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert "KSh 500 of it was refunded; the last refund was on 23 Nov 2026." in page
    assert "Find the order" not in page
    assert 'value="900"' in page


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        pytest.param({"error": "ShopBroken()"}, "the shop's own code failed to post it.", id="books failed"),
        pytest.param({"reason": "sold_out"}, "not all in stock", id="sold"),
        pytest.param({"environment": "sandbox"}, "This is a test: no real money moved.", id="a test"),
        pytest.param(
            {"allocation": "mismatch", "number": None}, "its M-PESA code belongs to another order.", id="typed"
        ),
        pytest.param({"allocation": "mismatch"}, "but it is the wrong amount.", id="the order's total"),
        pytest.param({"allocation": "explained", "booked_at": later(1)}, "It stays posted to", id="in the books"),
    ],
)
def test_each_reason_has_its_own_sentence(settings: Any, about: dict[str, Any], sentence: str) -> None:
    use_production(settings)
    receipt = new_receipt(**{"number": "OD123ABC45", "allocation": "unallocated", "order": new_order(), **about})

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert sentence in page.replace("&#x27;", "'")


def test_duplicate_receipt_says_that_it_is_not_counted(settings: Any) -> None:
    use_production(settings)
    duplicate = new_receipt(None, allocation="explained", same_as=new_receipt())

    page = staff_client(*ALL).get(receipt_url(duplicate)).content.decode()

    assert "This is the same money as another row of the list." in page


def test_receipt_without_an_order_has_a_page(settings: Any) -> None:
    use_production(settings)

    assert staff_client(*ALL).get(receipt_url(new_receipt(allocation="unallocated"))).status_code == 200


def test_percent_sign_in_a_note_is_kept() -> None:
    receipt = mismatch()
    resolve_receipt(receipt, note="50% %(amount)s off", by=new_staff_user("explain_receipt"), now=later(99))

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert "50% %(amount)s off" in page and fresh(receipt).allocation == Allocation.EXPLAINED


def test_unknown_receipt_is_not_found() -> None:
    assert staff_client().get(reverse("dashboard:mpesa-receipt", args=[404])).status_code == 404
