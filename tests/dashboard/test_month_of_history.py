"""A month of history at the desk: what made a shopkeeper stop who had ten questions about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.test.factories import UserFactory

from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.dashboard.forms import Order, for_guest
from tests.dashboard.staff import ALL, address, at_desk, page_of, words
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return words((client or at_desk(*ALL)).get(address(name, *args), asked))


def failed() -> MpesaPayment:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    payment.refresh_from_db()
    return payment


# Written down by hand


def test_money_of_an_unknown_payer_names_no_phone_and_pays_no_request_that_failed() -> None:
    payment, client = failed(), at_desk(*ALL, "view_full_phone", "record_receipt")
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    typed |= {"order": payment.mpesa_order.order.number, "confirmed": "1"}

    told = words(client.post(address("record"), typed, follow=True))

    assert "was written down and used for the order" in told
    assert "Phone that paid" not in told and "0708 374 149" not in told
    assert "to the number that paid; then write it down here." in told
    payment.refresh_from_db()
    assert payment.status == "cancelled"


def test_what_writing_it_down_sets_going_is_said_before() -> None:
    open_order, closed = new_order(), new_order()
    Order.objects.filter(pk=closed.pk).update(status="Payment expired")
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}

    of_open, of_closed = (
        words(at_desk("record_receipt").post(address("record"), {**typed, "order": order.number}))
        for order in (open_order, closed)
    )

    assert "makes this order paid and writes to its customer. It cannot be taken back here." in of_open
    assert "This order is closed. Writing the money down opens it again" in of_closed
    assert "Do not guess: this order gets paid." in seen("record", client=at_desk("record_receipt"))


# Sent back in part


def test_the_order_s_page_names_the_rest_of_what_was_sent_back_in_part() -> None:
    receipt = surplus()
    before = words(at_desk(*ALL).get(page_of(receipt)))
    clerk = new_staff_user("record_return")
    record_refund(receipt, amount=Decimal(500), reference="SKN7AAA111", note="", by=clerk, now=later(60))
    order: Any = Order.objects.get()

    owner = Client()
    owner.force_login(UserFactory(is_staff=True, is_superuser=True))
    told = words(owner.get(reverse("dashboard:order-detail", args=[order.number])))

    assert "KSh 1,000 of KSh 1,500, OD222BBB22, is still to be sent back." in told
    assert "Paid twice: KSh 1,500" not in told
    assert "Once a part of this money was sent back, it can be used for no order any more." in before
    assert "what is written down here cannot be changed." in before


# Used for another order


def test_a_stranger_s_order_is_said_to_be_one() -> None:
    receipt = unallocated()
    asked: Any = receipt.order
    for_guest(asked, "wanja@example.com")
    stranger, own = (for_guest(new_order(), f"{name}@example.com") for name in ("otieno", "wanja"))

    of_stranger, of_own = (
        words(at_desk(*ALL).get(page_of(receipt), {"order": order.number})) for order in (stranger, own)
    )

    assert f"it came for order {asked.number} of wanja@example.com." in of_stranger
    assert "somebody else's" not in of_own


def test_other_money_that_waits_for_an_order_is_said_before_more_is_used_for_it() -> None:
    receipt, waiting = surplus(), new_order()
    mismatch_of(waiting)

    told = words(at_desk(*ALL).get(page_of(receipt), {"order": waiting.number}))

    assert "other money waits already: KSh 1,400, OD777GGG77. Decide about that first." in told


def mismatch_of(order: Any) -> None:
    pay(new_payment(order, phone=ANOTHER), number="OD777GGG77")
    MpesaReceipt.objects.filter(number="OD777GGG77").update(allocation="mismatch", amount=1400, booked_at=None)


def test_more_than_an_order_costs_is_said_to_stay() -> None:
    receipt, cheaper = surplus(), new_order(total="1400.00")

    told = words(at_desk(*ALL).get(page_of(receipt), {"order": cheaper.number}))

    assert "KSh 100 more than it costs. Nothing goes back by itself." in told


def test_the_newer_order_of_things_that_went_back_to_the_basket_is_named() -> None:
    receipt, stock_snapshot = mismatch(), for_guest(new_order(), "wanja@example.com")
    get_or_create_mpesa_order(stock_snapshot.pk, now=later(1))
    MpesaOrder.objects.filter(pk=stock_snapshot.pk).update(basket_restored_at=later(95))
    client, asked = at_desk(*ALL), {"order": stock_snapshot.number}

    before = words(client.get(page_of(receipt), asked))
    newer = for_guest(new_order(), "wanja@example.com")
    page = client.get(page_of(receipt), asked).content.decode()

    assert "No newer order of this customer is known." in before
    assert f'?order={newer.number}#allocate">{newer.number}</a>' in page


def test_a_number_that_no_order_has_leads_to_the_orders() -> None:
    page = at_desk(*ALL).get(page_of(surplus()), {"order": "336"}).content.decode()

    assert "No order has the number 336." in page
    assert ("See the orders" in page) is ('href="/en/dashboard/orders/"' in page)


def test_a_difference_that_was_accepted_is_told_where_the_money_is() -> None:
    receipt = mismatch()
    clerk = new_staff_user("apply_receipt")
    allocate_receipt(receipt, receipt.order, by=clerk, note="a friend", accept_difference=True, now=later(60))

    assert "The order costs KSh 1,500; the difference was accepted." in words(at_desk(*ALL).get(page_of(receipt)))


# Who calls


def test_the_reason_stands_in_what_is_said_and_the_check_before_it() -> None:
    told = seen("payment", failed().pk)

    first, _, then = told.partition("Say:")
    assert "First ask the caller for the last three digits" in first
    assert "The last request: cancelled, closed or ignored on the phone." in then


def test_a_paid_payment_is_of_this_order_and_keeps_nothing_any_more() -> None:
    told = seen("payment", pay(new_payment()).pk)

    assert ": used for this order." in told
    assert "Order is kept until" not in told
    assert "Order is kept until" in seen("payment", new_payment(new_order()).pk)


def test_money_that_no_order_took_stands_beside_the_order_it_came_for() -> None:
    told = words(at_desk(*ALL).get(page_of(unallocated())))

    assert "What became of it no order took it Order it came for 1" in told


def test_the_button_of_an_unpaid_order_says_that_it_closes_it() -> None:
    told = seen("payment", failed().pk, client=at_desk("close_order"))

    assert "Close the unpaid order The order is closed unpaid: its things can be sold again" in told


def test_the_end_of_an_order_s_number_finds_it() -> None:
    order = new_order()
    Order.objects.filter(pk=order.pk).update(number="H0000337")
    new_payment(order, phone=ANOTHER)

    assert "H0000337" in seen("payments", q="337")
    assert "H0000337" in seen("payments", q="0337")
    assert "H0000337" not in seen("payments", q="0000338")


def test_in_test_mode_nobody_is_told_that_safaricom_said_so() -> None:
    payment = failed()

    told = words(at_desk("act_on_payment").post(address("payment-check-status", payment.pk), follow=True))

    assert "TEST: the simulator answers in Safaricom's place. Safaricom says it is not paid." in told


def test_a_number_s_blocking_stays_in_the_payment_s_history_after_it_is_allowed_again() -> None:
    payment, client = pay(new_payment()), at_desk("block_phone")
    client.post(address("payment-block-phone", payment.pk), {"block-note": "rang us"})
    blocked = seen("payment", payment.pk)

    client.post(address("unblock-phone", MpesaBlockedPhone.objects.get().pk), {"block-note": "has a new owner"})
    told = seen("payment", payment.pk)

    assert blocked.count("rang us") == 1
    assert "No more prompts to this number" in told and told.count("rang us") == 1
    assert "Prompts to this number are allowed again" in told and told.count("has a new owner") == 1


def test_blocked_numbers_are_called_so_above_the_payments() -> None:
    page = at_desk().get(address("payments")).content.decode()

    assert page.index("Blocked numbers") < page.index("<table")


def test_the_overview_says_what_its_sums_are_of() -> None:
    pay(new_payment(now=NOON))

    assert "What changes about days before today is seen within ten minutes." in seen("overview", client=at_desk())


# Files and sums


def test_the_file_of_a_month_that_is_not_over_ends_today() -> None:
    now = today(timezone.now())

    response = at_desk("export_payments").get(address("receipts-export"), {"month": f"{now:%Y-%m}"})

    assert f"mpesa-money-{now:%Y-%m}-01-{now}.csv" in response["Content-Disposition"]


def test_the_file_of_requests_says_test_and_that_it_is_not_the_accountant_s() -> None:
    client = at_desk("export_payments")

    assert "TEST-m-pesa-payments.csv" in client.get(address("payments-export"))["Content-Disposition"]
    assert "What arrived, for the accountant, is in Money received" in seen("payments", client=client)


# Going live


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "192.168.1.7", "shop.local", "[::1]:8000"])
def test_an_address_that_safaricom_cannot_come_to_is_not_there_to_be_copied(host: str) -> None:
    told = words(at_desk().get(address("setup"), headers={"host": host}))

    assert "MPESA_CALLBACK_URL=https://www.your-shop.example/api/payments/hooks" in told


def test_nothing_on_the_set_up_page_leads_past_the_try(settings: Any) -> None:
    settings.DEBUG, settings.OSCAR_MPESA = True, {}

    told = seen("setup", client=at_desk())

    assert "once the keys are set, the button is below" in told
    assert "What to do: Take the steps of the set-up page one by one: production comes after the try." in told
    assert "MPESA_AVAILABLE_TO=staff MPESA_ENVIRONMENT=production" in told
    assert "MPESA_TEST_MODE no; tests are allowed all the same, because DEBUG is on" in told
    assert "https://developer.safaricom.co.ke/" in told
