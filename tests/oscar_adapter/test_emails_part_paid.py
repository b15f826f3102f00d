"""Emails about orders that are paid in part, or by several payments."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import (
    MessageKind,
    MpesaAllocation,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    RefundPurpose,
)
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.pay_later import pay_later
from oscar_mpesa.services.refunds import record_refund
from tests.oscar_adapter.sent_emails import html_of, sent_email, skip_reason
from tests.services.unmatched import mismatch
from tests.shop import ANOTHER, failure, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db


def change_total(order: Any, total: int) -> None:
    type(order).objects.filter(pk=order.pk).update(total_incl_tax=total, total_excl_tax=total)
    order.refresh_from_db()


def part_paid(*, total: int = 2500, minutes: int = 5) -> MpesaPayment:
    """Create an order whose total changed while KSh 1,500 was on its way, by the real clock."""
    now = timezone.now() - timedelta(minutes=minutes)
    payment = new_payment(now=now)
    change_total(payment.mpesa_order.order, total)
    return pay(payment, now=now + timedelta(seconds=20))


def test_part_payment_email_says_what_is_missing_and_how_to_pay_it() -> None:
    order = part_paid().mpesa_order.order

    message = sent_email(MessageKind.PART_PAID_EMAIL, now=timezone.now())

    assert message.subject == f"TEST: Order {order.number}: KSh 1,000 is left to pay"
    for text in (message.body, html_of(message)):
        assert f"We received your KSh 1,500 (M-PESA code OD123ABC45) for order {order.number}." in text
        assert "KSh 1,500 of KSh 2,500 has arrived. KSh 1,000 is left to pay." in text
        assert "Pay KSh 1,000" in text
        assert "/checkout/mpesa/pay/" in text
        assert "Reserved until" in text
        assert text.count("has arrived") == 1
        assert "If an M-PESA SMS says Confirmed, don't pay again: call us." in unescape(text)


def test_each_part_payment_has_one_email() -> None:
    order = part_paid().mpesa_order.order
    second = new_payment(order, now=timezone.now())
    change_total(order, 4000)

    pay(second, number="OD222BBB22", now=timezone.now())
    message = sent_email(MessageKind.PART_PAID_EMAIL, now=timezone.now())

    assert "your KSh 1,000 (M-PESA code OD222BBB22)" in message.body
    assert "KSh 2,500 of KSh 4,000 has arrived. KSh 1,500 is left to pay." in message.body
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.PART_PAID_EMAIL).count() == 2


def test_part_of_other_money_that_staff_match_is_named_without_the_rest(boss: Any) -> None:
    receipt, order = mismatch(amount=1400), new_order(total="2500.00")
    payment = new_payment(order, phone=ANOTHER, now=timezone.now())
    post(payment, failure(payment), now=timezone.now())

    allocate(receipt, order, amount=Decimal(600), by=boss, now=timezone.now())
    message = sent_email(MessageKind.PART_PAID_EMAIL, now=timezone.now())

    assert "your KSh 600 (M-PESA code OD123ABC45)" in message.body
    assert "KSh 600 of KSh 2,500 has arrived. KSh 1,900 is left to pay." in message.body


def test_part_payment_email_hides_another_customers_code(boss: Any) -> None:
    receipt, order = mismatch(amount=1400), new_order(total="2500.00", user=boss)
    payment = new_payment(order, phone=ANOTHER, now=timezone.now())
    post(payment, failure(payment), now=timezone.now())

    allocate(receipt, order, amount=Decimal(600), by=boss, now=timezone.now())
    message = sent_email(MessageKind.PART_PAID_EMAIL, now=timezone.now())

    assert f"We received your KSh 600 for order {order.number}." in message.body
    assert "OD123ABC45" not in message.body


def test_part_that_staff_recorded_has_not_arrived_in_emails(boss: Any) -> None:
    payment = new_payment(now=timezone.now())
    order = payment.mpesa_order.order
    post(payment, failure(payment), now=timezone.now())
    record_claim("OD555EEE55", Decimal(500), order=order, by=boss, note="in the portal", now=timezone.now())
    pay_later(order, actor=Actor(), now=timezone.now())

    body = sent_email(MessageKind.PAY_LATER_EMAIL, now=timezone.now()).body

    assert "KSh 500 of KSh 1,500 is recorded. KSh 1,000 is left to pay." in body
    assert "has arrived" not in body


@pytest.mark.parametrize("meanwhile", ["paid", "unmatched"])
def test_outdated_part_payment_email_is_not_sent(boss: Any, meanwhile: str) -> None:
    order = part_paid().mpesa_order.order
    if meanwhile == "paid":
        pay(new_payment(order, now=timezone.now()), number="OD222BBB22", now=timezone.now())
    else:
        reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=timezone.now())

    assert skip_reason(MessageKind.PART_PAID_EMAIL, now=timezone.now()) == "outdated"


def test_paid_order_that_becomes_dearer_sends_no_part_payment_email(boss: Any) -> None:
    order = pay(new_payment()).mpesa_order.order
    change_total(order, 2500)

    record_refund(MpesaReceipt.objects.get(), amount=Decimal(200), code="RX99", by=boss, now=timezone.now())

    assert MpesaOrder.objects.get().balance == 1000
    assert not MpesaOutboxMessage.objects.filter(kind=MessageKind.PART_PAID_EMAIL).exists()


def test_failed_payment_email_asks_for_the_balance() -> None:
    order = part_paid(minutes=12).mpesa_order.order
    again = new_payment(order, now=timezone.now() - timedelta(minutes=11))
    post(again, failure(again), now=timezone.now() - timedelta(minutes=10))

    message = sent_email(MessageKind.FAILED_EMAIL, now=timezone.now() + timedelta(minutes=1))

    for text in (message.body, html_of(message)):
        assert "KSh 1,500 of KSh 2,500 has arrived. KSh 1,000 is left to pay." in text
        assert "Pay KSh 1,000" in text


def test_pay_later_email_asks_for_the_balance_after_a_refund(boss: Any) -> None:
    order = part_paid().mpesa_order.order
    record_refund(
        MpesaReceipt.objects.get(),
        amount=Decimal(300),
        code="RX99",
        purpose=RefundPurpose.PAYMENT_RETURNED,
        by=boss,
        now=timezone.now(),
    )
    pay_later(order, actor=Actor(), now=timezone.now())

    body = sent_email(MessageKind.PAY_LATER_EMAIL, now=timezone.now()).body

    assert "KSh 1,200 of KSh 2,500 has arrived. KSh 1,300 is left to pay." in body
    assert "Pay KSh 1,300 by M-PESA here" in body


def test_email_of_a_paid_order_names_all_its_payments() -> None:
    order = part_paid().mpesa_order.order
    pay(new_payment(order, now=timezone.now()), number="OD222BBB22", now=timezone.now())

    body = sent_email(MessageKind.PAID_EMAIL, now=timezone.now()).body

    rows = [line for line in body.splitlines() if line.startswith(("Received", "M-PESA code"))]
    assert rows == [
        "Received: KSh 1,500",
        "M-PESA code: OD123ABC45",
        "Received: KSh 1,000",
        "M-PESA code: OD222BBB22",
    ]


def test_email_of_an_order_paid_by_a_recorded_payment_names_its_code(boss: Any) -> None:
    order = new_order()
    record_claim("OD123ABC45", Decimal(1500), order=order, by=boss, note="in the portal", now=timezone.now())

    body = sent_email(MessageKind.PAID_EMAIL, now=timezone.now()).body

    assert "Received: KSh 1,500\nM-PESA code, entered by the shop: OD123ABC45\n" in body


def test_no_confirmation_is_sent_once_the_money_was_unmatched(boss: Any) -> None:
    pay(new_payment())
    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=timezone.now())

    assert skip_reason(MessageKind.PAID_EMAIL, now=timezone.now()) == "outdated"
