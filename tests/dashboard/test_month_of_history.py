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
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.refunds import record_refund
from tests.dashboard.forms import Order, assign_to_guest, closed_payment
from tests.dashboard.money.deciding import decide, look
from tests.dashboard.staff import ALL, decision_url, page_text, receipt_url, staff_client, url_of
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import (
    ANOTHER,
    NO_FUNDS,
    NOON,
    allow_order_pages,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    success,
)

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
    payment, client = failed(), staff_client(*ALL, "view_full_phone", "record_claim")
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    typed |= {"order": payment.mpesa_order.order.number}

    text = page_text(decide(client, url_of("record"), **typed))

    assert "KSh 1,500, M-PESA code OD555EEE55, was recorded." in text
    assert "Paid from" not in text and "0708 374 149" not in text
    payment.refresh_from_db()
    assert payment.status == "cancelled"


def test_review_tells_the_consequence_of_recording() -> None:
    open_order, closed = new_order(), closed_payment().mpesa_order.order
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}

    of_open, of_closed = (
        page_text(staff_client("record_claim").post(url_of("record"), {**typed, "order": order.number}))
        for order in (open_order, closed)
    )

    assert f"This pays order {open_order.number}." in of_open
    assert f"Order {closed.number} is reopened. This pays order {closed.number}." in of_closed
    assert "An SMS, screenshot or forwarded message is not proof." in seen(
        "record", client=staff_client("record_claim")
    )


# Partial refunds


def test_order_page_names_the_rest_of_a_partial_refund() -> None:
    receipt = surplus()
    clerk = new_staff_user("record_refund")
    record_refund(receipt, amount=Decimal(500), code="SKN7AAA111", by=clerk, now=later(60))
    order: Any = Order.objects.get()

    owner = Client()
    owner.force_login(UserFactory(is_staff=True, is_superuser=True))
    text = page_text(owner.get(reverse("dashboard:order-detail", args=[order.number])))

    assert "Overpaid: refund KSh 1,000, OD222BBB22, or match it to another order." in text
    assert "KSh 500 refunded, KSh 1,000 overpaid" in text
    assert "Overpaid: refund KSh 1,500" not in text


# Matched to another order


def test_review_warns_of_another_customers_order() -> None:
    receipt = unallocated()
    asked: Any = receipt.meant_for
    assign_to_guest(asked, "wanja@example.com")
    other, own = (assign_to_guest(new_order(), f"{name}@example.com") for name in ("otieno", "wanja"))

    of_other, of_own = (
        look(staff_client(*ALL), decision_url("allocate", receipt), order=order.number) for order in (other, own)
    )

    assert f"it came for order {asked.number} of wanja@example.com." in of_other
    assert "somebody else's" not in of_own


def test_review_warns_of_other_undecided_receipts() -> None:
    receipt, waiting = surplus(), new_order()
    mismatch_of(waiting)

    text = look(staff_client(*ALL), decision_url("allocate", receipt), order=waiting.number)

    assert "Other money is already waiting for the order above: KSh 1,400, OD777GGG77. Decide about that first." in text


def mismatch_of(order: Any) -> None:
    """Create money of another amount than its prompt asked for."""
    payment = new_payment(order, phone=NO_FUNDS)
    post(payment, success(payment, amount=1400, number="OD777GGG77"))


def test_refusal_names_newer_orders_after_a_restored_basket() -> None:
    receipt, restored = mismatch(), assign_to_guest(new_order(), "wanja@example.com")
    get_or_create_mpesa_order(restored.pk, now=later(1))
    MpesaOrder.objects.filter(pk=restored.pk).update(basket_restored_at=later(95))
    client, asked, url = staff_client(*ALL), {"order": restored.number}, decision_url("allocate", receipt)

    before = page_text(client.post(url, asked))
    newer = assign_to_guest(new_order(), "wanja@example.com")
    page = client.post(url, asked).content.decode()

    assert "This customer has no newer order." in before
    assert f'?order={newer.number}">{newer.number}</a>' in page


def test_unknown_order_number_links_to_the_orders_that_the_user_may_see() -> None:
    url, clerk = decision_url("allocate", surplus()), new_staff_user("view_mpesapayment", "match_receipt")
    seller = Client()
    seller.force_login(clerk)
    without = page_text(seller.post(url, {"order": "336"}))
    allow_order_pages(clerk)

    with_link = page_text(seller.post(url, {"order": "336"}))

    assert "No order has the number 336." in without
    assert ("See the orders" in without, "See the orders" in with_link) == (False, True)


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

    assert "Reason the order was closed" in text and "Order it came for 1" in text


def test_button_explains_that_it_closes_the_order() -> None:
    text = seen("payment", failed().pk, client=staff_client("close_order"))

    assert "Close the order This closes the unpaid order: its items can be sold again" in text


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

    assert "Past days do not change." in seen("overview", client=staff_client())


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
