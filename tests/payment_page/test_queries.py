"""Payments load with the later ones of their order, and a page becomes one line of text."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.payment_page.messages import page_text
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import latest_payment, payments_since
from oscar_mpesa.services.refunds import record_refund
from tests.query_counts import counted
from tests.shop import ANOTHER, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db


def numbers(payments: list[MpesaPayment]) -> list[str | None]:
    return [getattr(payment, "receipt_number", None) for payment in payments]


def test_payment_loads_with_the_later_ones_in_one_query() -> None:
    new_payment()
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = new_payment(order, phone=ANOTHER, now=later(20))
    new_payment(now=later(30))

    with counted() as count:
        found = payments_since(first.pk)

    assert found == [second, first]
    assert payments_since(second.pk) == [second]
    assert len(count) == 1, str(count)


def test_each_payment_has_its_own_receipt_number() -> None:
    order = new_order()
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    pay(new_payment(order, phone=ANOTHER, now=later(20)), number="OD123ABC45")

    assert numbers(payments_since(first.pk)) == ["OD123ABC45", None]


def test_unknown_payment_loads_nothing() -> None:
    assert payments_since(10**9) == []


def test_page_text_includes_decisions(admin_user: Any) -> None:
    payment = pay(new_payment())
    receipt = payment.receipts.get()
    record_refund(receipt, amount=receipt.amount, code="OD999ABC99", by=admin_user, now=later(50))

    line = page_text(payment_page(payments_since(payment.pk)[0], now=later(60)))

    assert line == "The shop refunded your KSh 1,500 (M-PESA code OD123ABC45) on 23 Nov."


def confirmation_email_of(payment: MpesaPayment) -> str:
    latest: Any = latest_payment(payment.mpesa_order.public_id)
    return str(latest.confirmation_email)


def test_confirmation_email_is_due_until_it_is_sent() -> None:
    payment = new_payment()
    unpaid = confirmation_email_of(payment)
    pay(payment)
    emails = MpesaOutboxMessage.objects.filter(kind="paid_email")
    emails.update(delivered_at=None)
    due = confirmation_email_of(payment)
    emails.update(tries=1)
    failed = confirmation_email_of(payment)

    emails.update(delivered_at=later(60))

    assert emails.count() == 1
    assert (unpaid, due, failed, confirmation_email_of(payment)) == ("", "due", "", "sent")


def test_order_without_an_address_promises_no_confirmation_email() -> None:
    payment = pay(new_payment())
    MpesaOutboxMessage.objects.filter(kind="paid_email").update(delivered_at=None)
    promised = confirmation_email_of(payment)
    order = payment.mpesa_order.order
    order.guest_email = ""
    order.save(update_fields=["guest_email"])

    assert (promised, confirmation_email_of(payment)) == ("due", "")
