"""Money that went astray, as somebody meets it on the first day at the desk: each of these made a reader stop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.dashboard.staff import ALL, address, at_desk, door, number_of, page_of, words
from tests.services.unmatched import fresh, mismatch, surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def give_back(receipt: MpesaReceipt, amount: int, *, at: float, note: str = "") -> None:
    clerk, reference = new_staff_user("record_return"), f"SKN7AAA{at:.0f}"
    record_refund(receipt, amount=Decimal(amount), reference=reference, note=note, by=clerk, now=later(at))


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return words((client or at_desk(*ALL)).get(address(name, *args), asked))


# Sent back in part


def test_the_overview_names_the_rest_of_what_was_sent_back_in_part() -> None:
    receipt = surplus()
    give_back(receipt, 600, at=60)

    told = seen("overview")

    assert "Return KSh 900: it arrived for an order that was paid already." in told


def test_the_rest_is_to_be_sent_back_and_pays_no_other_order() -> None:
    receipt = surplus()
    give_back(receipt, 600, at=60)

    told = words(at_desk(*ALL).get(page_of(receipt)))

    assert "Send the other KSh 900 back too and write that return down here" in told
    assert "use it for another order" not in told


def test_the_list_says_how_much_was_sent_back() -> None:
    give_back(surplus(), 600, at=60)

    assert "paid twice · KSh 600 sent back to sort out" in seen("receipts")


def test_each_return_stands_in_the_timeline_with_its_own_amount_code_and_note() -> None:
    receipt = surplus()
    give_back(receipt, 600, at=60, note="half today")
    give_back(receipt, 900, at=120, note="and the rest")

    happened = seen("payment", receipt.payment_id).rpartition("What happened")[2]

    assert "Refund recorded KSh 600 · 23 Nov 2026 · SKN7AAA60 · half today by Achieng Were" in happened
    assert "paid twice → returned · KSh 900 · 23 Nov 2026 · SKN7AAA120 · and the rest by Achieng Were" in happened
    assert "paid twice → paid twice" not in happened
    assert "KSh 1,500 (M-PESA code OD222BBB22) arrived Safaricom's callback" in happened


def test_a_later_return_keeps_the_note_and_the_code_of_the_first() -> None:
    receipt = surplus()
    give_back(receipt, 600, at=60, note="half today")
    give_back(receipt, 900, at=120, note="and the rest")

    response: Any = at_desk("export_payments").get(address("receipts-export"), {"month": "2026-11"})

    rows = b"".join(response.streaming_content).decode()
    assert "SKN7AAA60, SKN7AAA120" in rows
    assert "half today; and the rest" in rows


# Written down by hand, for nobody knows which request


@pytest.fixture
def found_by_hand() -> MpesaPayment:
    """One of two requests that failed; the money of one of them was found in the portal."""
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    post(second, failure(second), now=later(30))
    clerk = new_staff_user("record_receipt")
    record_receipt("OD555EEE55", Decimal(1500), order=order, by=clerk, note="M-PESA portal", now=later(600))
    return second


def test_an_order_that_is_paid_by_hand_is_said_to_be_paid_though_no_request_paid_it(
    found_by_hand: MpesaPayment,
) -> None:
    told = seen("payment", found_by_hand.pk)

    assert "The order is paid, but not by this request. KSh 1,500 (M-PESA code OD555EEE55) arrived" in told
    assert "Not paid." not in told
    assert "Other money for the order OD555EEE55 · KSh 1,500 · used for an order" in told


def test_money_on_a_payment_s_page_is_a_way_to_its_own(found_by_hand: MpesaPayment) -> None:
    page = at_desk().get(address("payment", found_by_hand.pk)).content.decode()

    assert f'href="{page_of(MpesaReceipt.objects.get())}"' in page


def test_money_that_waits_for_a_person_is_one_step_from_its_payment() -> None:
    receipt = mismatch()

    page = at_desk(*ALL).get(address("payment", receipt.payment_id)).content.decode()

    assert f'href="{page_of(receipt)}">Decide about KSh 1,400 (OD123ABC45)</a>' in page


def test_a_payment_whose_order_was_cancelled_since_is_not_just_paid() -> None:
    payment = pay(new_payment())
    Order.objects.update(status="Cancelled")

    told = seen("payment", payment.pk)

    assert "Paid, but the order was cancelled since." in told
    assert "Decide about KSh 1,500" in told


# Used for an order


def paid_order() -> Any:
    return pay(new_payment(phone=ANOTHER), number="OD333CCC33").mpesa_order.order


def given_back_order() -> Any:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.filter(pk=order.pk).update(basket_restored_at=later(95))
    return order


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: new_order(status="Cancelled"), "This order was cancelled.", id="cancelled"),
        pytest.param(lambda: new_order(currency="USD"), "This order is not in Kenyan shillings.", id="dollars"),
        pytest.param(paid_order, "This order is paid already.", id="paid"),
        pytest.param(given_back_order, "put the things of this order back into the basket", id="given back"),
    ],
)
def test_an_order_that_cannot_take_the_money_says_why_when_it_is_looked_up(make: Any, sentence: str) -> None:
    receipt, order = mismatch(), make()

    page = at_desk(*ALL).get(page_of(receipt), {"order": order.number}).content.decode()

    assert sentence in page
    assert f"Use KSh 1,400 for order {order.number}" not in page


def test_an_order_s_number_may_be_typed_in_small_letters() -> None:
    receipt, order = surplus(), new_order()
    Order.objects.filter(pk=order.pk).update(number="H000042")

    page = at_desk(*ALL).get(page_of(receipt), {"order": " #h000042 "}).content.decode()

    assert "Use KSh 1,500 for order H000042" in page


def test_the_order_that_money_came_for_is_looked_up_before_anybody_asks() -> None:
    receipt = mismatch()
    page = words(at_desk(*ALL).get(page_of(receipt)))
    Order.objects.update(status="Cancelled")

    assert "Take KSh 1,400 for this order of KSh 1,500: KSh 100 less than it costs." in page
    assert "This order was cancelled." in words(at_desk(*ALL).get(page_of(receipt)))


def test_whose_request_it_was_is_whole_for_who_may_see_numbers() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    typed["order"] = payment.mpesa_order.order.number

    masked, whole = (
        words(at_desk("record_receipt", *more).post(address("record"), typed)) for more in ([], ["view_full_phone"])
    )

    assert "0708 •••149, KSh 1,500" in masked and "0708 374 149, KSh 1,500" in whole


# Sent back


def test_the_phone_to_send_it_back_to_stands_where_it_is_sent_back() -> None:
    receipt = surplus()

    whole, masked = (words(at_desk(*ALL, *more).get(page_of(receipt))) for more in (["view_full_phone"], []))

    assert "to 0708 374 149, the phone that paid" in whole and "Phone that paid 0708 374 149" in whole
    assert "to 0708 •••149, the phone that paid" in masked and "ask whoever may" in masked


def test_money_of_a_cancelled_order_may_be_closed_with_a_note_and_stays_in_the_books() -> None:
    receipt, client = MpesaReceipt.objects.get(payment=pay(new_payment())), at_desk(*ALL)
    Order.objects.update(status="Cancelled")

    client.post(door("resolve", receipt), {"resolve-note": "a voucher instead", "resolve-settled": "on"})

    assert (fresh(receipt).allocation, fresh(receipt).note) == ("explained", "a voucher instead")
    assert fresh(receipt).booked_at is not None
    assert "A cancelled order had been paid" not in seen("overview", client=client)


# Looked for


def test_the_filter_says_what_the_list_shows() -> None:
    waiting = surplus()

    page = at_desk().get(address("receipts")).content.decode()

    assert '<option value="needs-decision" selected>' in page
    assert str(waiting.number) in page and "OD123ABC45" not in page


def test_a_search_that_finds_nothing_to_sort_out_offers_all_money() -> None:
    receipt = surplus()

    page = at_desk().get(address("receipts"), {"allocation": "needs-decision", "code": "OD123ABC45"}).content.decode()

    assert "No money fits this." in page
    assert "?code=OD123ABC45" in page
    assert str(receipt.number) not in page


def test_asking_about_an_old_request_in_test_mode_gets_the_old_answer() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=timezone.now())

    told = words(at_desk("act_on_payment").post(address("payment-check-status", payment.pk), follow=True))

    assert "Safaricom says it is not paid." in told
    assert not MpesaReceipt.objects.exists()


def test_notes_of_two_decisions_are_both_kept() -> None:
    order = new_order()
    clerk = new_staff_user("record_receipt", "apply_receipt")
    receipt = record_receipt("OD555EEE55", Decimal(1400), order=order, by=clerk, note="M-PESA portal", now=later(600))

    allocate_receipt(receipt, order, by=clerk, note="a regular", accept_difference=True, now=later(700))

    assert fresh(receipt).note == "M-PESA portal; a regular"
    assert number_of(fresh(receipt)) == order.number
