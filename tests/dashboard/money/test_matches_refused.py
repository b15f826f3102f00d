"""Orders that cannot take money, other customers' orders, and warnings before a match."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, ReceiptStatus
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from tests.dashboard.forms import assign_to_guest, closed_payment, restore_basket
from tests.dashboard.money.deciding import agreed, decide, look
from tests.dashboard.staff import (
    ALL,
    decision_url,
    new_claim,
    order_number_of,
    page_text,
    receipt_url,
    staff_client,
)
from tests.query_counts import counted
from tests.services.concurrent_changes import broken_shop
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import ANOTHER, NO_FUNDS, later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def paid_order() -> Any:
    return pay(new_payment(phone=ANOTHER), number="OD333CCC33").mpesa_order.order


def restored_order() -> Any:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.filter(pk=order.pk).update(basket_restored_at=later(95))
    return order


def real_order() -> Any:
    order = new_payment(phone=NO_FUNDS).mpesa_order.order
    MpesaOrder.objects.filter(pk=order.pk).update(environment="production")
    return order


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: new_order(status="Cancelled"), "This order was canceled.", id="canceled"),
        pytest.param(lambda: new_order(currency="USD"), "This order is not in Kenyan shillings.", id="dollars"),
        pytest.param(paid_order, "This order is already paid.", id="paid"),
        pytest.param(restored_order, "put the items of this order back into the basket", id="back in the basket"),
        pytest.param(real_order, "Test money and real money do not mix.", id="real order"),
    ],
)
def test_order_that_cannot_take_the_money_says_why(make: Any, sentence: str) -> None:
    receipt, order = mismatch(), make()

    response = decide(staff_client(*ALL), decision_url("allocate", receipt), order=order.number)

    assert response.status_code == 422 and sentence in page_text(response)
    assert "Please double-check" not in page_text(response)
    assert fresh(receipt).status == ReceiptStatus.WRONG_AMOUNT


@pytest.mark.parametrize("order", ["", "nothing-like-it", "\x00"])
def test_match_without_an_order_is_refused(order: str) -> None:
    receipt = surplus()

    response = decide(staff_client(*ALL), decision_url("allocate", receipt), order=order)

    assert response.status_code == 422
    assert fresh(receipt).status == ReceiptStatus.OVERPAID


def test_order_back_in_the_basket_explains_a_new_order() -> None:
    receipt = restore_basket(mismatch())
    client, url, number = staff_client(*ALL), decision_url("allocate", receipt), order_number_of(receipt)

    without = look(client, url, order=number)
    newer = new_order()
    with_newer = client.post(url, {"order": number}).content.decode()

    assert "ask the customer to cancel its prompt on the phone. Then match this money to the new order" in without
    assert f'<a href="?order={newer.number}">{newer.number}</a>' in with_newer
    assert "This customer has no newer order." not in with_newer


def test_match_form_says_that_the_items_are_back_in_the_basket() -> None:
    receipt = restore_basket(mismatch())
    client, url, number = staff_client(*ALL), decision_url("allocate", receipt), order_number_of(receipt)

    form, chosen = client.get(url).content.decode(), client.get(url, {"order": number}).content.decode()

    assert "The customer put the items of this order back into the basket" in form
    assert "This customer has no newer order." in form
    assert f'value="{number}"' in chosen and f'value="{number}"' not in form
    assert "back into the basket" not in chosen


def test_match_form_has_the_newer_order_of_the_items_from_the_basket() -> None:
    receipt = restore_basket(mismatch())
    newer = new_order()

    form = staff_client(*ALL).get(decision_url("allocate", receipt)).content.decode()

    assert f'value="{newer.number}"' in form
    assert f'<a href="?order={newer.number}">{newer.number}</a>' in form


def test_match_counts_at_once_if_the_shops_code_raises() -> None:
    receipt, other, client = surplus(), new_order(), staff_client(*ALL)

    with broken_shop():
        decide(client, decision_url("allocate", receipt), order=other.number)

    text = page_text(client.get(receipt_url(receipt)))
    assert fresh(receipt).status == ReceiptStatus.MATCHED
    assert f"The shop's own code failed to post it to order {other.number}." in text
    assert "It is retried automatically. If it stays here, forward this to your developer." in text


def test_match_to_another_customer_needs_explicit_consent() -> None:
    receipt, client = unallocated(), staff_client(*ALL)
    assign_to_guest(receipt.meant_for, "wanja@example.com")
    other = assign_to_guest(new_order(), "otieno@example.com")
    url, sent = decision_url("allocate", receipt), {"order": other.number}

    seen = client.post(url, sent)
    confirmation = {**sent, **agreed(seen), "confirmed": "1"}
    refused = client.post(url, confirmation)
    kept = fresh(receipt).status
    client.post(url, {**confirmation, "accept_customer": "on"})

    assert f"it came for order {order_number_of(receipt)} of wanja@example.com." in page_text(seen)
    assert refused.status_code == 422
    assert "This order is somebody else's. Accept that, or choose another order." in page_text(refused)
    assert kept == ReceiptStatus.UNMATCHED
    assert other.mpesa_allocations.get().receipt == receipt


def test_open_prompt_of_the_order_is_a_warning() -> None:
    order, receipt = new_payment(now=timezone.now()).mpesa_order.order, surplus()

    text = look(staff_client(*ALL), decision_url("allocate", receipt), order=order.number)

    assert "A prompt for this order has been on a phone since" in text
    assert "If it is paid too, the order is paid twice: wait until it has ended." in text


def test_other_money_of_the_order_is_a_warning() -> None:
    receipt, order, other = surplus(), new_order(), new_payment(phone=ANOTHER)
    post(other, success(other, amount=1400, number="OD444DDD44"))
    new_claim(order)
    client, url = staff_client(*ALL), decision_url("allocate", receipt)

    with_claim = look(client, url, order=order.number)
    with_money = look(client, url, order=other.mpesa_order.order.number)

    sentence = "Staff recorded a payment for this order that Safaricom has not confirmed: KSh 1,500, OD777KKK77."
    assert sentence in with_claim and "KSh 1,500 will be matched" in with_claim
    assert "Other money is already waiting for the order above: KSh 1,400, OD444DDD44." in with_money


def test_closed_order_is_reopened_only_if_its_items_are_in_stock() -> None:
    receipt, order = surplus(), closed_payment().mpesa_order.order
    client, url = staff_client(*ALL), decision_url("allocate", receipt)

    in_stock = look(client, url, order=order.number)
    get_model("partner", "StockRecord").objects.update(num_in_stock=0)
    sold_out = client.post(url, {"order": order.number})

    assert f"Order {order.number} is reopened. This pays order {order.number}." in in_stock
    assert sold_out.status_code == 422
    assert "Some items of this order are no longer in stock." in page_text(sold_out)


def test_order_that_only_has_the_expired_status_is_not_called_closed() -> None:
    receipt, order = surplus(), new_order(status="Payment expired")

    text = look(staff_client(*ALL), decision_url("allocate", receipt), order=order.number)

    assert f"This pays order {order.number}." in text and "reopened" not in text


def test_review_costs_at_most_130_queries() -> None:
    receipt, order, client = surplus(), new_order(), staff_client(*ALL)
    look(client, decision_url("allocate", receipt), order=order.number)

    with counted() as count:
        text = look(client, decision_url("allocate", receipt), order=order.number)

    assert "Please double-check" in text
    assert len(count) <= 130, str(count)
