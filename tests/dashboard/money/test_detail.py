"""The page of one receipt: its sentence, its facts and the offered decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import record_refund
from tests.commit_hooks import commit_hooks
from tests.dashboard.money.deciding import look
from tests.dashboard.staff import (
    ALL,
    decision_url,
    new_claim,
    new_receipt,
    order_number_of,
    page_text,
    receipt_url,
    staff_client,
    use_production,
)
from tests.query_counts import counted
from tests.services.unmatched import mismatch, other_amount_reported, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay, query_update

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


@pytest.mark.parametrize(
    ("money", "sentence"),
    [
        pytest.param(mismatch, "for order {number}, but the prompt asked for KSh 1,500.", id="other amount"),
        pytest.param(
            other_amount_reported, "for order {number}, but a callback reported another amount.", id="reported amount"
        ),
        pytest.param(surplus, "but order {number} was already paid.", id="paid twice"),
        pytest.param(unallocated, "after order {number} was closed.", id="no order"),
    ],
)
def test_page_describes_the_receipt_and_offers_decisions(money: Any, sentence: str) -> None:
    receipt = money()

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert sentence.format(number=order_number_of(receipt)) in page
    assert all(decision_url(name, receipt) in page for name in ("allocate", "refund", "resolve"))


def test_matched_receipt_can_only_be_refunded() -> None:
    receipt = pay(new_payment()).receipts.get()

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert "and was matched to order" in page
    assert decision_url("refund", receipt) in page
    assert decision_url("resolve", receipt) not in page and decision_url("allocate", receipt) not in page


def test_receipt_of_a_cancelled_order_can_be_refunded_or_matched() -> None:
    payment = pay(new_payment())
    with commit_hooks():
        payment.mpesa_order.order.set_status("Cancelled")

    page = staff_client(*ALL).get(receipt_url(payment.receipts.get())).content.decode()

    assert f"for order {payment.mpesa_order.order.number}, which was canceled." in page
    assert "Refund it by M-PESA and record the refund here, or match it to another order." in page


def test_user_without_permission_is_offered_no_decision() -> None:
    receipt, client = surplus(), staff_client()

    page = client.get(receipt_url(receipt)).content.decode()

    assert "You can view this money, but you don't have permission to change it." in page
    for name in ("allocate", "refund", "resolve"):
        assert decision_url(name, receipt) not in page
        assert client.get(decision_url(name, receipt)).status_code == 403


def test_payer_is_masked_without_permission() -> None:
    receipt = mismatch()
    MpesaReceipt.objects.update(payer="254708374149")

    masked = staff_client().get(receipt_url(receipt)).content.decode()
    full = staff_client("view_full_phone").get(receipt_url(receipt)).content.decode()

    assert "374149" not in masked and "•••149" in masked
    assert "254708374149" in full


def test_page_costs_at_most_25_queries() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    client.get(receipt_url(receipt))

    with counted() as count:
        response = client.get(receipt_url(receipt))

    assert "the prompt asked for KSh 1,500." in response.content.decode()
    assert len(count) <= 25, str(count)


def test_rest_of_a_partly_refunded_receipt_can_be_matched() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    record_refund(receipt, amount=Decimal(500), code="R1", by=new_staff_user("record_refund"), now=later(99))

    page = client.get(receipt_url(receipt)).content.decode()
    seen = look(client, decision_url("allocate", receipt), order=order_number_of(receipt))

    assert "KSh 500 of it was refunded; the last refund was on 23 Nov 2026." in page
    assert "KSh 900 of it is not matched: another amount than the payment" in page
    assert f"KSh 900 will be matched to order {order_number_of(receipt)}." in seen


def test_receipt_of_two_orders_names_both() -> None:
    receipt, first, second = surplus(), new_order(total="900.00"), new_order(total="600.00")
    clerk = new_staff_user("match_receipt")
    for order in (first, second):
        allocate(receipt, order, by=clerk, now=later(99))

    text = page_text(staff_client(*ALL).get(receipt_url(receipt)))

    assert f"KSh 900 of it is matched to order {first.number}." in text
    assert f"KSh 600 of it is matched to order {second.number}." in text


def test_resolved_money_can_still_be_refunded() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    resolve_receipt(receipt, note="a voucher instead", by=new_staff_user("resolve_receipt"), now=later(60))

    page = client.get(receipt_url(receipt)).content.decode()

    assert decision_url("refund", receipt) in page and decision_url("allocate", receipt) not in page


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        pytest.param({"unmatched_reason": "sold_out"}, "not all in stock", id="sold"),
        pytest.param({"unmatched_reason": "test_money"}, "This is a test: no real money moved.", id="a test"),
        pytest.param({"unmatched_reason": "unmatched_by_staff"}, "and staff unmatched it.", id="unmatched"),
        pytest.param({"unmatched_reason": "no_order"}, "it names no order that can take it.", id="no order"),
        pytest.param({"unallocated": -100}, "and more than that was refunded.", id="refunded twice"),
        pytest.param({"status": "refunded"}, "and all of it was refunded on", id="refunded"),
        pytest.param({"status": "resolved"}, "KSh 1,500 arrived on 23 Nov 2026, 15:00.", id="no entries"),
    ],
)
def test_each_reason_has_its_own_sentence(settings: Any, about: dict[str, Any], sentence: str) -> None:
    use_production(settings)
    receipt = new_receipt(**{"order": new_order(), "status": "unmatched", **about})

    page = staff_client(*ALL).get(receipt_url(receipt)).content.decode()

    assert sentence in page.replace("&#x27;", "'")


def test_duplicate_receipt_says_that_it_is_not_counted(settings: Any) -> None:
    use_production(settings)
    duplicate = new_receipt(None, status="resolved", same_as=new_receipt())

    page = staff_client(*ALL).get(receipt_url(duplicate)).content.decode()

    assert "This is the same money as another row of the list." in page


def test_receipt_without_an_order_has_a_page(settings: Any) -> None:
    use_production(settings)

    assert staff_client(*ALL).get(receipt_url(new_receipt(status="unmatched"))).status_code == 200


def test_receipt_without_a_code_shows_the_code_that_staff_reported() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    new_claim(payment.mpesa_order.order, number="OD555EEE55", at=later(60))

    text = page_text(staff_client(*ALL).get(receipt_url(MpesaReceipt.objects.get())))

    assert "M-PESA code code missing Code reported by staff OD555EEE55" in text


def test_unknown_receipt_is_not_found() -> None:
    assert staff_client().get(reverse("dashboard:mpesa-receipt", args=[404])).status_code == 404


def test_test_money_of_a_real_shop_is_never_offered_to_orders(settings: Any) -> None:
    waits = new_receipt("ODT0000001", environment="sandbox", status="unmatched", order=new_order())
    counts = new_receipt("ODT0000002", environment="sandbox", order=new_order())
    client = staff_client(*ALL)

    offered = [page_text(client.get(receipt_url(each))) for each in (waits, counts)]
    use_production(settings)
    refused = [page_text(client.get(receipt_url(each))) for each in (waits, counts)]

    assert "Match it to an order" in offered[0] and "Move to another order" in offered[1]
    assert "Match it to an order" not in refused[0] and "This is a test: no real money moved." in refused[0]
    assert "Resolve it with a note" in refused[0]
    assert "Move to another order" not in refused[1] and "Unmatch" in refused[1]


def test_real_money_is_offered_to_orders_in_a_test_shop() -> None:
    page = page_text(staff_client(*ALL).get(receipt_url(new_receipt(status="unmatched", order=new_order()))))

    assert "Match it to an order" in page


def test_corrections_beside_entries_say_what_they_undo() -> None:
    money, clerk = surplus(), new_staff_user(*ALL)
    record_refund(money, amount=Decimal(500), code="SKN7AAA111", by=clerk, now=later(700))
    resolve_receipt(money, note="settled at the counter", by=clerk, now=later(800))

    page = page_text(staff_client(*ALL).get(receipt_url(money)))

    assert "Void the refund" in page and "Undo the resolution" in page
