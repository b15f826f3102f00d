"""A hurried shopkeeper: old pages sent again, somebody else's order, a slip of the finger; and what was misread."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund, resolve_receipt
from tests.dashboard.forms import closed, for_guest, looked_at, seen, stock_snapshot
from tests.dashboard.staff import ALL, address, at_desk, at_order_desk, page_of, words
from tests.services.unmatched import fresh, mismatch, surplus, unallocated
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def returning(receipt: MpesaReceipt, **changes: str) -> dict[str, str]:
    """The return form as a page of this moment has it."""
    seen_so_far = {"refund-returned_before": str(receipt.amount - receipt.rest), "refund-seen_as": receipt.allocation}
    return {
        "refund-day": "2026-11-23",
        "refund-amount": str(receipt.rest),
        "refund-reference": "UKQ0000001",
        "refund-sent": "on",
        **seen_so_far,
        **changes,
    }


def give_back(receipt: MpesaReceipt, amount: int) -> MpesaReceipt:
    clerk = new_staff_user("record_return")
    return record_refund(receipt, amount=Decimal(amount), reference="R1", by=clerk, now=later(200))


def use(receipt: MpesaReceipt, order: Any) -> MpesaReceipt:
    return allocate_receipt(receipt, order, by=new_staff_user("apply_receipt"), accept_difference=True, now=later(300))


def on_phone() -> MpesaPayment:
    """A request that its phone has not answered."""
    return new_payment(now=timezone.now())


# Old pages


def test_a_page_that_was_opened_before_the_money_was_used_writes_no_return_down() -> None:
    receipt = unallocated()
    old = returning(receipt)
    use(receipt, receipt.order)

    told = words(at_desk(*ALL).post(address("receipt-refund", receipt.pk), old, follow=True))

    assert "This money was decided about already. Look at it again." in told
    assert (fresh(receipt).allocation, fresh(receipt).returned_amount) == (Allocation.APPLIED, None)


def test_after_a_return_was_refused_the_page_that_follows_can_be_sent() -> None:
    receipt, client = mismatch(), at_desk(*ALL)
    old = returning(receipt, **{"refund-amount": "500"})
    give_back(receipt, 400)

    told = words(client.post(address("receipt-refund", receipt.pk), old, follow=True))
    page = client.get(page_of(receipt)).content.decode()

    assert "A return of this money was written down meanwhile." in told
    assert 'name="refund-returned_before" value="400.00"' in page
    assert fresh(receipt).returned_amount == 400


def test_a_use_that_is_refused_where_nothing_can_be_used_any_more_says_why() -> None:
    receipt, client = mismatch(), at_desk(*ALL)
    number = Order.objects.get().number
    give_back(receipt, 400)

    told = words(client.post(address("receipt-allocate", receipt.pk), {"order": number, "accept_difference": "on"}))

    assert "Nothing was changed. Part of this money was returned. Return the rest, or close it with a note." in told
    assert "See what is wrong" not in told


# Somebody else's order, and requests that are on a phone


def test_somebody_else_s_order_gets_the_money_only_by_a_tick_of_its_own() -> None:
    receipt, client = unallocated(), at_desk(*ALL)
    for_guest(receipt.order, "wanja@example.com")
    stranger = for_guest(new_order(), "otieno@example.com")
    sent = {"order": stranger.number}

    refused = client.post(address("receipt-allocate", receipt.pk), sent)
    kept = fresh(receipt).allocation
    client.post(address("receipt-allocate", receipt.pk), {**sent, "accept_customer": "on"})

    assert refused.status_code == 422
    assert "This order is somebody else's. Accept that, or choose another order." in words(refused)
    assert kept == Allocation.UNALLOCATED
    assert fresh(receipt).order == stranger


@pytest.mark.parametrize("is_guest", [True, False], ids=["guest", "account without a name"])
def test_who_gets_money_is_named(is_guest: bool) -> None:
    order = for_guest(new_order(), "wanja@example.com")
    if not is_guest:
        account = get_user_model().objects.create_user("wanja", email="wanja@example.com")
        Order.objects.filter(pk=order.pk).update(user=account)
    places = get_model("order", "ShippingAddress").objects
    country = get_model("address", "Country").objects.get_or_create(iso_3166_1_a2="KE")[0]
    place = places.create(first_name="Wanja", last_name="Kamau", line1="12 Moi Avenue", country=country)
    Order.objects.filter(pk=order.pk).update(shipping_address=place)

    assert "Wanja Kamau · wanja@example.com" in looked_at(order)


@pytest.mark.parametrize("door", ["use", "record"])
def test_an_order_whose_request_is_on_a_phone_is_said_to_be_paid_twice_perhaps(door: str) -> None:
    order = on_phone().mpesa_order.order
    receipt: Any = surplus()
    Order.objects.filter(pk=order.pk).update(user=receipt.order.user, guest_email=receipt.order.guest_email)

    told = looked_at(order) if door == "record" else seen("receipt", receipt.pk, order=order.number)

    assert "A request for this order is on a phone since" in told
    assert "If it brings other money, the order is paid twice: wait until it has ended." in told


def test_nothing_is_on_a_phone_once_it_was_answered_or_its_money_waits() -> None:
    ended, on_hold = closed(), mismatch()

    of_ended, of_held = looked_at(ended.mpesa_order.order), looked_at(on_hold.order)

    assert "Is this right?" in of_ended and "Is this right?" in of_held
    assert "on a phone since" not in of_ended + of_held


def test_who_uses_money_is_told_that_it_cannot_be_taken_back() -> None:
    assert "It cannot be taken back here." in seen("receipt", mismatch().pk)


# Written down by hand


def test_money_that_is_older_than_its_order_is_asked_about() -> None:
    order = new_order()
    Order.objects.filter(pk=order.pk).update(date_placed=NOON)

    slip, right = looked_at(order, day="2025-11-23"), looked_at(order, day="2026-11-23", time="15:00")

    assert "The order was made later, on 23 Nov 2026, 15:00. Is the day right, and is it the right order?" in slip
    assert "The order was made later" not in right


def test_more_than_m_pesa_takes_is_asked_about() -> None:
    many, most = (looked_at(new_order(), amount=amount) for amount in ("480000000", "250000"))

    assert "M-PESA takes at most KSh 250,000 in one payment." in many
    assert "M-PESA takes at most" not in most


def test_no_day_is_written_down_by_default() -> None:
    page = at_desk("record_receipt").get(address("record")).content.decode()

    assert '<input type="date" name="day" class="form-control"' in page
    assert 'name="day" value' not in page


def test_whatever_its_amount_more_money_for_a_paid_order_is_said_to_be_paid_twice() -> None:
    told = looked_at(pay(new_payment()).mpesa_order.order, amount="100")

    assert "This order is paid already: this money will count as paid twice and wait for a decision." in told


def test_what_becomes_of_an_unknown_request_is_said() -> None:
    order = on_phone().mpesa_order.order

    assert "If it is not known, the money is taken for the one without an answer, if there is only one." in looked_at(
        order
    )


# What was misread


def test_what_to_say_about_money_paid_twice_begins_with_the_order() -> None:
    told = seen("payment", surplus().payment_id)

    assert "Say: Your order is paid. More money arrived for it." in told
    assert "Then say what stands here; tell nobody any other name, number or code." in told


@pytest.mark.parametrize(
    ("decide", "say"),
    [
        ("return", "Your order is paid. Of KSh 1,500 (M-PESA code OD222BBB22) we sent back KSh 1,500"),
        ("explain", "Your order is paid. The shop has dealt with your payment of KSh 1,500"),
    ],
)
def test_what_became_of_money_is_said_on_the_telephone_too(decide: str, say: str) -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037), now=later(20))
    pay(new_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(30)))
    post(payment, success(payment, number="OD222BBB22"), now=later(90))
    receipt = MpesaReceipt.objects.get(payment=payment)
    if decide == "return":
        give_back(fresh(receipt), 1500)
    else:
        resolve_receipt(fresh(receipt), note="settled", by=new_staff_user("explain_receipt"), now=later(500))

    assert f"Say: {say}" in seen("payment", payment.pk)


def test_money_that_went_elsewhere_is_named_with_its_order() -> None:
    receipt, other = unallocated(), new_order()
    use(receipt, other)

    told = seen("payment", receipt.payment_id)

    assert f"Say: Your KSh 1,500 (M-PESA code OD123ABC45) was used for order {other.number}." in told


def test_an_order_whose_money_went_back_is_offered_no_new_request() -> None:
    payment, receipt = closed(), unallocated()
    use(receipt, payment.mpesa_order.order)
    give_back(fresh(receipt), 1500)

    told = seen("payment", payment.pk)

    assert "Otherwise we can send the request again." not in told
    assert "Say: The shop returned your KSh 1,500 (M-PESA code OD123ABC45)" in told


def test_a_phone_that_did_not_answer_is_no_clear_answer() -> None:
    payment = new_payment()
    post(payment, failure(payment, code=1037), now=later(20))

    assert "No clear answer." in seen("payment", payment.pk)


def test_a_closed_order_is_said_to_be_closed_without_its_requests() -> None:
    assert "Say: The order is closed, and no money for it has reached us." in seen("payment", closed().pk)


# Looked for and found


@pytest.mark.parametrize("code", ["SHINFYDSXQ", "shinfydsxq"])
def test_a_code_of_letters_only_is_found(code: str) -> None:
    pay(new_payment(), number="SHINFYDSXQ")

    assert "Payments: 1" in seen("payments", q=code)


def test_money_is_found_by_the_order_it_came_for_wherever_it_went() -> None:
    order, other = new_order(), new_order()
    clerk = new_staff_user("record_receipt")
    stock_snapshot(record_receipt("OD555EEE55", Decimal(100), order=order, by=clerk, note="portal", now=later(60)))
    use(MpesaReceipt.objects.get(), other)
    brought = unallocated()
    asked: Any = brought.order
    use(brought, new_order())

    by_hand, by_request = (seen("receipts", order=each.number) for each in (order, asked))

    assert "OD555EEE55" in by_hand and "OD123ABC45" not in by_hand
    assert "OD123ABC45" in by_request and "OD555EEE55" not in by_request


def test_the_list_says_what_became_of_money_and_whose_order_it_is() -> None:
    receipt: Any = surplus()
    customer = get_user_model().objects.create_user("wanja", first_name="Wanja", last_name="Kamau")
    Order.objects.filter(pk=receipt.order.pk).update(user=customer)

    listed, by_name = words(at_desk().get(address("payments"))), words(at_order_desk().get(address("payments")))

    assert "paid paid twice" in listed and "Wanja Kamau" not in listed
    assert "Wanja Kamau" in by_name


def test_money_held_for_a_decision_is_no_request_on_a_phone_in_the_file() -> None:
    mismatch()

    response: Any = at_desk("export_payments").get(address("payments-export"))
    lines = b"".join(response.streaming_content).decode()

    assert "held for a person's decision" in lines and "waiting for the phone" not in lines
