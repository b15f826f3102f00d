"""Emails about money that pays no order, or not all of it."""

from __future__ import annotations

from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.utils import timezone
from oscar.core.loading import get_class

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from oscar_mpesa.services.order_closure import close_order
from tests.commit_hooks import commit_hooks
from tests.oscar_adapter.sent_emails import html_of, sent_email, skip_reason
from tests.payment_results import paid_too_late
from tests.services.money import change_total, reassess, set_status
from tests.services.unmatched import mismatch, surplus
from tests.shop import later, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_delivery(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}


def part_paid(*, total: int = 2500) -> Any:
    """Create an order whose total changed while KSh 1,500 was on its way."""
    payment = new_payment()
    order = payment.mpesa_order.order
    type(order).objects.update(total_incl_tax=total, total_excl_tax=total)
    post(payment, success(payment), now=later(20))
    order.refresh_from_db()
    return order


def test_late_payment_email_names_amount_and_code(admin_user: Any) -> None:
    number = paid_too_late(by=admin_user).mpesa_order.order.number

    message = sent_email(MessageKind.UNMATCHED_EMAIL)

    assert message.subject == f"TEST: Order {number}: your KSh 1,500 arrived, don't pay again"
    for text in (message.body, unescape(html_of(message))):
        assert f"Your KSh 1,500 (M-PESA code OD123ABC45) arrived after order {number} was closed." in text
        assert "Don't pay again." in text
        assert "OD123ABC45" in text and "23 Nov 2026" in text
        assert "/en/checkout/mpesa/order/" in text
        assert "TEST" in text


def test_wrong_amount_email_names_both_amounts() -> None:
    mismatch(amount=1400)

    body = sent_email(MessageKind.UNMATCHED_EMAIL).body

    assert "KSh 1,400 arrived; the prompt asked for KSh 1,500." in body
    assert "Don't pay again." in body


def test_second_payment_email_names_its_code() -> None:
    number = MpesaOrder.objects.get(pk=surplus().meant_for_id).order.number

    message = sent_email(MessageKind.UNMATCHED_EMAIL)

    assert message.subject == f"TEST: Order {number}: KSh 1,500 more than needed arrived"
    assert "We received two payments for this order." in message.body
    assert "M-PESA code: OD222BBB22" in message.body


def test_overpaid_email_names_only_the_amount_that_is_too_much() -> None:
    number = part_paid(total=900).number

    message = sent_email(MessageKind.UNMATCHED_EMAIL)

    assert message.subject == f"TEST: Order {number}: KSh 600 more than needed arrived"
    assert f"We received KSh 600 more than order {number} needs." in message.body
    assert f"Order: {number}\nReceived: KSh 600\nM-PESA code: OD123ABC45\n" in message.body
    assert "1,500" not in message.body


def test_canceled_order_email_says_the_refund_was_asked_for() -> None:
    order = pay(new_payment()).mpesa_order.order
    with commit_hooks():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")

    message = sent_email(MessageKind.UNMATCHED_EMAIL, now=timezone.now())

    assert message.subject == f"TEST: Order {order.number} was canceled: your KSh 1,500"
    assert f"Order {order.number} was canceled. The shop has been asked to refund your KSh 1,500" in message.body
    assert skip_reason(MessageKind.CLOSED_EMAIL, now=timezone.now()) == "outdated"


def test_part_payment_of_a_closed_order_has_one_email(admin_user: Any) -> None:
    order = part_paid()
    close_order(order, by=admin_user, now=later(60))

    message = sent_email(MessageKind.UNMATCHED_EMAIL)

    assert f"Order {order.number} was closed before it was paid in full." in message.body
    assert "The shop will send your items or refund your KSh 1,500 (M-PESA code OD123ABC45)" in message.body
    assert skip_reason(MessageKind.CLOSED_EMAIL) == "outdated"


def test_email_shows_support_contact_and_a_known_code(settings: Any) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": "0700 000 000"}
    mismatch(amount=1400)
    MpesaReceipt.objects.update(number=None, amount=Decimal("1400.50"), unallocated=Decimal("1400.50"))

    body = sent_email(MessageKind.UNMATCHED_EMAIL).body

    assert "KSh 1,400.50 arrived; the prompt asked for KSh 1,500." in body
    assert "M-PESA code" not in body
    assert "Help: 0700 000 000, order" in body


@pytest.mark.parametrize("is_canceled", [False, True])
def test_email_about_money_of_another_order_never_names_its_reason(admin_user: Any, is_canceled: bool) -> None:
    receipt, other = MpesaReceipt.objects.get(payment=paid_too_late(by=admin_user)), new_order()
    allocate(receipt, other, by=admin_user, now=later(3000))
    if is_canceled:
        set_status(other, "Cancelled")
    else:
        change_total(other, "1000.00", at=3200)
    reassess(receipt.meant_for, at=3300)  # as after the commit
    receipt.refresh_from_db()

    email = sent_email(MessageKind.UNMATCHED_EMAIL, now=timezone.now())

    assert receipt.unmatched_reason == "order_closed"
    expected = "was canceled: your KSh 1,500" if is_canceled else "KSh 500 more than needed arrived"
    assert f"Order {other.number}" in email.subject and expected in email.subject
    assert "closed" not in email.body


def test_decided_receipt_sends_no_email(admin_user: Any) -> None:
    receipt = mismatch(amount=1400)
    resolve_receipt(receipt, note="paid in cash", by=admin_user, now=later(60))

    assert skip_reason(MessageKind.UNMATCHED_EMAIL) == "outdated"


def test_test_money_of_a_real_order_sends_no_email() -> None:
    payment = new_payment()
    MpesaOrder.objects.update(environment="production")

    post(payment, success(payment), now=later(20))

    assert MpesaReceipt.objects.get().unmatched_reason == "test_money"
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.UNMATCHED_EMAIL).exists()
    assert skip_reason(MessageKind.UNMATCHED_EMAIL) == "outdated"
