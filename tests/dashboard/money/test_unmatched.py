"""Unmatched receipts on the pages: partial refunds, recorded payments, matches and searches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaClaim, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.refunds import record_refund
from tests.commit_hooks import commit_hooks
from tests.dashboard.staff import (
    ALL,
    claim_url,
    new_claim,
    page_text,
    receipt_url,
    staff_client,
    url_of,
)
from tests.services.unmatched import mismatch, surplus, surplus_of_today
from tests.shop import ANOTHER, failure, later, new_order, new_payment, new_staff_user, pay, post

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refund(receipt: MpesaReceipt, amount: int, *, at: float, note: str = "") -> None:
    clerk, code = new_staff_user("record_refund"), f"SKN7AAA{at:.0f}"
    record_refund(receipt, amount=Decimal(amount), code=code, note=note, by=clerk, now=later(at))


def seen(name: str, *args: Any, client: Client | None = None, **asked: str) -> str:
    return page_text((client or staff_client(*ALL)).get(url_of(name, *args), asked))


# Partial refunds


def test_overview_names_the_rest_of_a_partial_refund() -> None:
    receipt = surplus_of_today()
    refund(receipt, 600, at=60)

    text = seen("overview")

    assert "Refund KSh 900, or match it to another order: it arrived for an order that was already paid." in text


def test_timeline_shows_each_refund() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60, note="half today")
    refund(receipt, 900, at=120, note="and the rest")

    happened = seen("payment", receipt.payment_id).rpartition("What happened")[2]

    assert "Refund recorded KSh 600 · 23 Nov 2026 · SKN7AAA60 · half today by Achieng Were" in happened
    assert "Refund recorded KSh 900 · 23 Nov 2026 · SKN7AAA120 · and the rest by Achieng Were" in happened
    assert "KSh 1,500 (M-PESA code OD222BBB22) arrived STK push" in happened


def test_second_refund_keeps_note_and_reference_of_the_first() -> None:
    receipt = surplus()
    refund(receipt, 600, at=60, note="half today")
    refund(receipt, 900, at=120, note="and the rest")

    response: Any = staff_client("export_payments").get(url_of("receipts-export"), {"month": "2026-11"})

    rows = b"".join(response.streaming_content).decode()
    assert "SKN7AAA60; half today" in rows
    assert "SKN7AAA120; and the rest" in rows


# Recorded by staff without a known prompt


@pytest.fixture
def failed_payment() -> MpesaPayment:
    """Return one of two failed payments; staff recorded a payment of their order."""
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    post(second, failure(second), now=later(30))
    new_claim(order, number="OD555EEE55", at=later(600))
    return second


def test_failed_payment_of_a_paid_order_shows_paid(
    failed_payment: MpesaPayment,
) -> None:
    text = seen("payment", failed_payment.pk)

    assert "The order is paid, but not by this payment." in text
    assert "KSh 1,500 (M-PESA code OD555EEE55, entered by the shop) arrived for the order." in text
    assert "Not paid." not in text
    assert "Other money for the order KSh 1,500 · OD555EEE55 · recorded by staff" in text


def test_payment_page_links_to_the_recorded_payment(failed_payment: MpesaPayment) -> None:
    page = staff_client().get(url_of("payment", failed_payment.pk)).content.decode()

    assert f'href="{claim_url(MpesaClaim.objects.get())}"' in page


def test_payment_page_links_to_its_undecided_receipt() -> None:
    receipt = mismatch()

    page = staff_client(*ALL).get(url_of("payment", receipt.payment_id)).content.decode()

    assert f'href="{receipt_url(receipt)}">Decide about KSh 1,400 (OD123ABC45)</a>' in page


def test_paid_payment_of_a_cancelled_order_needs_a_decision() -> None:
    payment = pay(new_payment())
    with commit_hooks():
        payment.mpesa_order.order.set_status("Cancelled")

    text = seen("payment", payment.pk)

    assert "Money needs attention." in text
    assert "Decide about KSh 1,500 (OD123ABC45)" in text


# Search


def test_filter_shows_the_default_selection() -> None:
    waiting = surplus()

    page = staff_client().get(url_of("receipts")).content.decode()

    assert '<option value="needs-decision" selected>' in page
    assert str(waiting.number) in page and "OD123ABC45" not in page


def test_search_among_undecided_receipts_offers_all_receipts() -> None:
    receipt = surplus()
    order: Any = receipt.meant_for

    page = staff_client().get(url_of("receipts"), {"status": "needs-decision", "order": order.number}).content.decode()

    assert "Only money that needs attention was searched." in page and f"?order={order.number}" in page
    assert str(receipt.number) in page and "OD123ABC45" not in page


def test_search_that_finds_nothing_undecided_searches_all_money() -> None:
    receipt = surplus()

    page = staff_client().get(url_of("receipts"), {"status": "needs-decision", "code": "OD123ABC45"}).content.decode()

    assert "Nothing that needs attention was found, so all money was searched." in page
    assert "OD123ABC45</a>" in page and str(receipt.number) not in page
    assert "Search all money" not in page


def test_unknown_code_is_filled_in_where_a_payment_is_recorded() -> None:
    surplus()
    client, link = staff_client("record_claim"), f'href="{url_of("record")}'

    unknown = client.get(url_of("receipts"), {"status": "needs-decision", "code": "od999zzz99"}).content.decode()
    known = client.get(url_of("receipts"), {"code": "OD123ABC45"}).content.decode()

    assert f'{link}?code=OD999ZZZ99">' in unknown
    assert f'{link}">' in known and "?code=OD123ABC45" not in known


def test_status_check_of_a_failed_payment_keeps_the_result() -> None:
    payment = new_payment()
    post(payment, failure(payment), now=timezone.now())

    text = page_text(staff_client("act_on_payment").post(url_of("payment-check-status", payment.pk), follow=True))

    assert "Safaricom says it is not paid." in text
    assert not MpesaReceipt.objects.exists()
