"""Questions of staff after a month of payments."""

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
from tests.dashboard.forms import Order, assign_to_guest
from tests.dashboard.staff import ALL, page_text, receipt_url, staff_client, url_of
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import ANOTHER, NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return page_text((client or staff_client(*ALL)).get(url_of(name, *args), asked))


def failed() -> MpesaPayment:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    payment.refresh_from_db()
    return payment


# Record a payment


def test_recorded_receipt_names_no_phone_and_completes_no_failed_payment() -> None:
    payment, client = failed(), staff_client(*ALL, "view_full_phone", "record_receipt")
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    typed |= {"order": payment.mpesa_order.order.number, "confirmed": "1"}

    text = page_text(client.post(url_of("record"), typed, follow=True))

    assert "was recorded and matched to the order" in text
    assert "Paid from" not in text and "0708 374 149" not in text
    assert "to the number that paid. Then record it here." in text
    payment.refresh_from_db()
    assert payment.status == "cancelled"


def test_review_tells_the_consequence_of_recording() -> None:
    open_order, closed = new_order(), new_order()
    Order.objects.filter(pk=closed.pk).update(status="Payment expired")
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}

    of_open, of_closed = (
        page_text(staff_client("record_receipt").post(url_of("record"), {**typed, "order": order.number}))
        for order in (open_order, closed)
    )

    assert "marks this order paid and emails its customer. You can't undo this here." in of_open
    assert "This order is closed. If its items are in stock, recording the payment reopens it" in of_closed
    assert "Do not guess: this order becomes paid." in seen("record", client=staff_client("record_receipt"))


# Partial refunds


def test_order_page_names_the_rest_of_a_partial_refund() -> None:
    receipt = surplus()
    before = page_text(staff_client(*ALL).get(receipt_url(receipt)))
    clerk = new_staff_user("record_return")
    record_refund(receipt, amount=Decimal(500), reference="SKN7AAA111", note="", by=clerk, now=later(60))
    order: Any = Order.objects.get()

    owner = Client()
    owner.force_login(UserFactory(is_staff=True, is_superuser=True))
    text = page_text(owner.get(reverse("dashboard:order-detail", args=[order.number])))

    assert "KSh 1,000 of KSh 1,500, OD222BBB22, is still to be refunded." in text
    assert "Overpaid: refund KSh 1,500" not in text
    assert "Once part of this money is refunded, it can't be matched to an order any more." in before
    assert "a recorded refund cannot be changed." in before


# Matched to another order


def test_receipt_page_warns_of_another_customers_order() -> None:
    receipt = unallocated()
    asked: Any = receipt.order
    assign_to_guest(asked, "wanja@example.com")
    other, own = (assign_to_guest(new_order(), f"{name}@example.com") for name in ("otieno", "wanja"))

    of_other, of_own = (
        page_text(staff_client(*ALL).get(receipt_url(receipt), {"order": order.number})) for order in (other, own)
    )

    assert f"it came for order {asked.number} of wanja@example.com." in of_other
    assert "somebody else's" not in of_own


def test_receipt_page_warns_of_other_undecided_receipts() -> None:
    receipt, waiting = surplus(), new_order()
    mismatch_of(waiting)

    text = page_text(staff_client(*ALL).get(receipt_url(receipt), {"order": waiting.number}))

    assert "Other money is already waiting for the order above: KSh 1,400, OD777GGG77. Decide about that first." in text


def mismatch_of(order: Any) -> None:
    pay(new_payment(order, phone=ANOTHER), number="OD777GGG77")
    MpesaReceipt.objects.filter(number="OD777GGG77").update(allocation="mismatch", amount=1400, booked_at=None)


def test_receipt_page_says_that_an_excess_is_not_refunded() -> None:
    receipt, cheaper = surplus(), new_order(total="1400.00")

    text = page_text(staff_client(*ALL).get(receipt_url(receipt), {"order": cheaper.number}))

    assert "KSh 100 more than it costs. Nothing is refunded automatically." in text


def test_receipt_page_names_newer_orders_after_a_restored_basket() -> None:
    receipt, restored = mismatch(), assign_to_guest(new_order(), "wanja@example.com")
    get_or_create_mpesa_order(restored.pk, now=later(1))
    MpesaOrder.objects.filter(pk=restored.pk).update(basket_restored_at=later(95))
    client, asked = staff_client(*ALL), {"order": restored.number}

    before = page_text(client.get(receipt_url(receipt), asked))
    newer = assign_to_guest(new_order(), "wanja@example.com")
    page = client.get(receipt_url(receipt), asked).content.decode()

    assert "This customer has no newer order." in before
    assert f'?order={newer.number}#allocate">{newer.number}</a>' in page


def test_unknown_order_number_links_to_the_orders() -> None:
    page = staff_client(*ALL).get(receipt_url(surplus()), {"order": "336"}).content.decode()

    assert "No order has the number 336." in page
    assert ("See the orders" in page) is ('href="/en/dashboard/orders/"' in page)


def test_receipt_page_shows_an_accepted_difference() -> None:
    receipt = mismatch()
    clerk = new_staff_user("apply_receipt")
    allocate_receipt(receipt, receipt.order, by=clerk, note="a friend", accept_difference=True, now=later(60))

    assert "The order costs KSh 1,500; the difference was accepted." in page_text(
        staff_client(*ALL).get(receipt_url(receipt))
    )


# Callers


def test_summary_asks_for_the_phone_before_it_tells_the_result() -> None:
    text = seen("payment", failed().pk)

    first, _, then = text.partition("Say:")
    assert "First ask the caller for the last three digits" in first
    assert "The last payment: canceled, closed or ignored on the phone." in then


def test_paid_payment_shows_no_deadline() -> None:
    text = seen("payment", pay(new_payment()).pk)

    assert ": matched to this order." in text
    assert "Order reserved until" not in text
    assert "Order reserved until" in seen("payment", new_payment(new_order()).pk)


def test_unmatched_receipt_names_the_order_it_was_paid_for() -> None:
    text = page_text(staff_client(*ALL).get(receipt_url(unallocated())))

    assert "Status unmatched Order it came for 1" in text


def test_button_explains_that_it_closes_the_order() -> None:
    text = seen("payment", failed().pk, client=staff_client("close_order"))

    assert "Close the unpaid order This closes the unpaid order: its items can be sold again" in text


def test_order_is_found_by_the_end_of_its_number() -> None:
    order = new_order()
    Order.objects.filter(pk=order.pk).update(number="H0000337")
    new_payment(order, phone=ANOTHER)

    assert "H0000337" in seen("payments", q="337")
    assert "H0000337" in seen("payments", q="0337")
    assert "H0000337" not in seen("payments", q="0000338")


def test_status_check_in_test_mode_names_the_simulator() -> None:
    payment = failed()

    text = page_text(staff_client("act_on_payment").post(url_of("payment-check-status", payment.pk), follow=True))

    assert "TEST: the simulator answers in Safaricom's place. Safaricom says it is not paid." in text


def test_timeline_keeps_a_block_after_the_phone_is_unblocked() -> None:
    payment, client = pay(new_payment()), staff_client("block_phone")
    client.post(url_of("payment-block-phone", payment.pk), {"block-note": "rang us"})
    blocked = seen("payment", payment.pk)

    client.post(url_of("unblock-phone", MpesaBlockedPhone.objects.get().pk), {"block-note": "has a new owner"})
    text = seen("payment", payment.pk)

    assert blocked.count("rang us") == 1
    assert "No more prompts to this number" in text and text.count("rang us") == 1
    assert "Prompts to this number are allowed again" in text and text.count("has a new owner") == 1


def test_list_links_to_blocked_numbers() -> None:
    page = staff_client().get(url_of("payments")).content.decode()

    assert page.index("Blocked numbers") < page.index("<table")


def test_overview_explains_its_totals() -> None:
    pay(new_payment(now=NOON))

    assert "Changes to earlier days appear within ten minutes." in seen("overview", client=staff_client())


# Exports


def test_export_of_the_current_month_ends_today() -> None:
    now = today(timezone.now())

    response = staff_client("export_payments").get(url_of("receipts-export"), {"month": f"{now:%Y-%m}"})

    assert f"mpesa-money-{now:%Y-%m}-01-{now}.csv" in response["Content-Disposition"]


def test_payments_export_says_test_and_links_to_receipts() -> None:
    client = staff_client("export_payments")

    assert "TEST-m-pesa-payments.csv" in client.get(url_of("payments-export"))["Content-Disposition"]
    assert "What arrived, for the accountant, is in Money received" in seen("payments", client=client)


# Going live


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "192.168.1.7", "shop.local", "[::1]:8000"])
def test_private_host_is_replaced_by_an_example(host: str) -> None:
    text = page_text(staff_client().get(url_of("setup"), headers={"host": host}))

    assert "MPESA_CALLBACK_URL=https://www.your-shop.example/api/payments/hooks" in text


def test_setup_page_leads_to_the_check_before_production(settings: Any) -> None:
    settings.DEBUG, settings.OSCAR_MPESA = True, {}

    text = seen("setup", client=staff_client())

    assert "once the keys are set, the button is below" in text
    assert "What to do: Take the steps of the set-up page one by one: production comes after the try." in text
    assert "MPESA_AVAILABLE_TO=staff MPESA_ENVIRONMENT=production" in text
    assert "MPESA_TEST_MODE no; tests are allowed all the same, because DEBUG is on" in text
    assert "https://developer.safaricom.co.ke/" in text
