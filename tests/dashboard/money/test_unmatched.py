"""Unmatched receipts on the pages: partial refunds, recorded payments, matches and searches."""

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
from tests.dashboard.staff import ALL, decision_url, order_number_of, page_text, receipt_url, staff_client, url_of
from tests.services.unmatched import fresh, mismatch, surplus
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refund(receipt: MpesaReceipt, amount: int, *, at: float, note: str = "") -> None:
    clerk, reference = new_staff_user("record_return"), f"SKN7AAA{at:.0f}"
    record_refund(receipt, amount=Decimal(amount), reference=reference, note=note, by=clerk, now=later(at))


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return page_text((client or staff_client(*ALL)).get(url_of(name, *args), asked))


# Partial refunds


def test_overview_names_the_rest_of_a_partial_refund() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60)

    text = seen("overview")

    assert "Refund KSh 900: it arrived for an order that was already paid." in text


def test_rest_of_a_partial_refund_cannot_be_matched() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60)

    text = page_text(staff_client(*ALL).get(receipt_url(receipt)))

    assert "Refund the other KSh 900 too and record that refund here" in text
    assert "match it to another order" not in text


def test_list_shows_the_refunded_amount() -> None:
    refund(surplus(), 600, at=60)

    assert "overpaid · KSh 600 refunded needs attention" in seen("receipts")


def test_timeline_shows_each_refund() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60, note="half today")
    refund(receipt, 900, at=120, note="and the rest")

    happened = seen("payment", receipt.payment_id).rpartition("What happened")[2]

    assert "Refund recorded KSh 600 · 23 Nov 2026 · SKN7AAA60 · half today by Achieng Were" in happened
    assert "overpaid → refunded · KSh 900 · 23 Nov 2026 · SKN7AAA120 · and the rest by Achieng Were" in happened
    assert "paid twice → paid twice" not in happened
    assert "KSh 1,500 (M-PESA code OD222BBB22) arrived Safaricom's callback" in happened


def test_second_refund_keeps_note_and_reference_of_the_first() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60, note="half today")
    refund(receipt, 900, at=120, note="and the rest")

    response: Any = staff_client("export_payments").get(url_of("receipts-export"), {"month": "2026-11"})

    rows = b"".join(response.streaming_content).decode()
    assert "SKN7AAA60, SKN7AAA120" in rows
    assert "half today; and the rest" in rows


# Recorded by staff without a known prompt


@pytest.fixture
def failed_payment() -> MpesaPayment:
    """Return one of two failed payments; staff recorded a payment of their order."""
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    post(second, failure(second), now=later(30))
    clerk = new_staff_user("record_receipt")
    record_receipt("OD555EEE55", Decimal(1500), order=order, by=clerk, note="M-PESA portal", now=later(600))
    return second


def test_failed_payment_of_a_paid_order_shows_paid(
    failed_payment: MpesaPayment,
) -> None:
    text = seen("payment", failed_payment.pk)

    assert "The order is paid, but not by this payment. KSh 1,500 (M-PESA code OD555EEE55) arrived" in text
    assert "Not paid." not in text
    assert "Other money for the order OD555EEE55 · KSh 1,500 · matched to an order" in text


def test_payment_page_links_to_its_receipts(failed_payment: MpesaPayment) -> None:
    page = staff_client().get(url_of("payment", failed_payment.pk)).content.decode()

    assert f'href="{receipt_url(MpesaReceipt.objects.get())}"' in page


def test_payment_page_links_to_its_undecided_receipt() -> None:
    receipt = mismatch()

    page = staff_client(*ALL).get(url_of("payment", receipt.payment_id)).content.decode()

    assert f'href="{receipt_url(receipt)}">Decide about KSh 1,400 (OD123ABC45)</a>' in page


def test_paid_payment_of_a_cancelled_order_needs_a_decision() -> None:
    payment = pay(new_payment())
    Order.objects.update(status="Cancelled")

    text = seen("payment", payment.pk)

    assert "Paid, but the order has since been canceled." in text
    assert "Decide about KSh 1,500" in text


# Matched to an order


def paid_order() -> Any:
    return pay(new_payment(phone=ANOTHER), number="OD333CCC33").mpesa_order.order


def restored_order() -> Any:
    order = new_order()
    get_or_create_mpesa_order(order.pk, now=later(1))
    MpesaOrder.objects.filter(pk=order.pk).update(basket_restored_at=later(95))
    return order


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: new_order(status="Cancelled"), "This order was canceled.", id="cancelled"),
        pytest.param(lambda: new_order(currency="USD"), "This order is not in Kenyan shillings.", id="dollars"),
        pytest.param(paid_order, "This order is already paid.", id="paid"),
        pytest.param(restored_order, "put the items of this order back into the basket", id="given back"),
    ],
)
def test_unpayable_order_shows_why_before_the_match(make: Any, sentence: str) -> None:
    receipt, order = mismatch(), make()

    page = staff_client(*ALL).get(receipt_url(receipt), {"order": order.number}).content.decode()

    assert sentence in page
    assert f"Match KSh 1,400 to order {order.number}" not in page


def test_order_is_found_in_lower_case() -> None:
    receipt, order = surplus(), new_order()
    Order.objects.filter(pk=order.pk).update(number="H000042")

    page = staff_client(*ALL).get(receipt_url(receipt), {"order": " #h000042 "}).content.decode()

    assert "Match KSh 1,500 to order H000042" in page


def test_receipts_own_order_is_looked_up_by_default() -> None:
    receipt = mismatch()
    page = page_text(staff_client(*ALL).get(receipt_url(receipt)))
    Order.objects.update(status="Cancelled")

    assert "Accept KSh 1,400 for this order of KSh 1,500: KSh 100 less than it costs." in page
    assert "This order was canceled." in page_text(staff_client(*ALL).get(receipt_url(receipt)))


def test_choice_of_payments_masks_phones_without_permission() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))
    typed = {"code": "OD555EEE55", "amount": "1500", "day": "2026-11-23", "time": "15:01", "note": "portal"}
    typed["order"] = payment.mpesa_order.order.number

    masked, whole = (
        page_text(staff_client("record_receipt", *more).post(url_of("record"), typed))
        for more in ([], ["view_full_phone"])
    )

    assert "0708 •••149, KSh 1,500" in masked and "0708 374 149, KSh 1,500" in whole


# Refunded


def test_refund_section_names_the_phone_that_paid() -> None:
    receipt = surplus()

    whole, masked = (
        page_text(staff_client(*ALL, *more).get(receipt_url(receipt))) for more in (["view_full_phone"], [])
    )

    assert "to 0708 374 149, the phone that paid" in whole and "Paid from 0708 374 149" in whole
    assert (
        "to 0708 •••149, the phone that paid" in masked
        and "You don't have permission to see the full number." in masked
    )


def test_receipt_of_a_cancelled_order_can_be_resolved() -> None:
    receipt, client = MpesaReceipt.objects.get(payment=pay(new_payment())), staff_client(*ALL)
    Order.objects.update(status="Cancelled")

    client.post(decision_url("resolve", receipt), {"resolve-note": "a voucher instead", "resolve-settled": "on"})

    assert (fresh(receipt).allocation, fresh(receipt).note) == ("explained", "a voucher instead")
    assert fresh(receipt).booked_at is not None
    assert "A canceled order had been paid" not in seen("overview", client=client)


# Search


def test_filter_shows_the_default_selection() -> None:
    waiting = surplus()

    page = staff_client().get(url_of("receipts")).content.decode()

    assert '<option value="needs-decision" selected>' in page
    assert str(waiting.number) in page and "OD123ABC45" not in page


def test_search_among_undecided_receipts_offers_all_receipts() -> None:
    receipt = surplus()

    page = (
        staff_client().get(url_of("receipts"), {"allocation": "needs-decision", "code": "OD123ABC45"}).content.decode()
    )

    assert "No money matches this." in page
    assert "?code=OD123ABC45" in page
    assert str(receipt.number) not in page


def test_status_check_of_a_failed_payment_keeps_the_result() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=timezone.now())

    text = page_text(staff_client("act_on_payment").post(url_of("payment-check-status", payment.pk), follow=True))

    assert "Safaricom says it is not paid." in text
    assert not MpesaReceipt.objects.exists()


def test_notes_of_two_decisions_are_kept() -> None:
    order = new_order()
    clerk = new_staff_user("record_receipt", "apply_receipt")
    receipt = record_receipt("OD555EEE55", Decimal(1400), order=order, by=clerk, note="M-PESA portal", now=later(600))

    allocate_receipt(receipt, order, by=clerk, note="a regular", accept_difference=True, now=later(700))

    assert fresh(receipt).note == "M-PESA portal; a regular"
    assert order_number_of(fresh(receipt)) == order.number
