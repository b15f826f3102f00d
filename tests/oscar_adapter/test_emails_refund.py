"""The email about a refund that staff recorded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.oscar_adapter.email_html import EmailHtml
from tests.oscar_adapter.sent_emails import html_of, sent_email, skip_reason
from tests.shop import later, new_payment, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _without_delivery(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": "", "SUPPORT_CONTACT": "0700 000 000"}


def refund(amount: int, *, code: str, by: Any, at: int = 60) -> Any:
    """Record a refund of the only receipt."""
    receipt = MpesaReceipt.objects.get()
    return record_refund(receipt, amount=Decimal(amount), code=code, by=by, now=later(at))


def test_refund_email_names_amount_codes_and_date(admin_user: Any) -> None:
    number = pay(new_payment()).mpesa_order.order.number
    refund(500, code="RX12345678", by=admin_user)

    message = sent_email(MessageKind.REFUND_EMAIL)

    html = EmailHtml(html_of(message))
    assert message.subject == f"TEST: Order {number}: the shop refunded KSh 500"
    assert html.is_well_formed and html.outside == []
    for text in (message.body, " ".join(html.inside)):
        assert f"The shop refunded KSh 500 of your payment for order {number}." in text
        assert "Nobody will ask for your PIN or a fee." in text
        assert "RX12345678" in text and "OD123ABC45" in text and "23 Nov 2026, 15:01" in text
        assert f"Help: 0700 000 000, order {number}" in text
    assert "/checkout/mpesa/order/" in message.body and "/checkout/mpesa/order/" in html_of(message)


def test_each_recorded_refund_has_one_email(admin_user: Any) -> None:
    pay(new_payment())
    refund(500, code="RX11111111", by=admin_user)
    first = sent_email(MessageKind.REFUND_EMAIL).body
    refund(700, code="RX22222222", by=admin_user, at=90)
    second = sent_email(MessageKind.REFUND_EMAIL).body

    assert "Refunded: KSh 500\n" in first and "Refunded: KSh 700\n" in second
    assert MpesaOutboxMessage.objects.filter(kind=MessageKind.REFUND_EMAIL).count() == 2


def test_refund_in_two_parts_is_one_amount(admin_user: Any) -> None:
    payment = pay(new_payment())
    type(payment.mpesa_order.order).objects.update(total_incl_tax=1000, total_excl_tax=1000)
    refund(100, code="RX11111111", by=admin_user)
    refund(900, code="RX22222222", by=admin_user, at=90)

    assert len({each.allocation_id for each in MpesaReceipt.objects.get().refunds.filter(code="RX22222222")}) == 2
    assert "Refunded: KSh 900\n" in sent_email(MessageKind.REFUND_EMAIL).body


def test_voided_refund_sends_no_email(admin_user: Any) -> None:
    pay(new_payment())
    [recorded] = refund(500, code="RX12345678", by=admin_user)
    void_refund(recorded, by=admin_user, note="typing error", now=later(90))

    assert skip_reason(MessageKind.REFUND_EMAIL) == "outdated"


def test_test_money_of_a_real_order_sends_no_email(admin_user: Any) -> None:
    pay(new_payment())
    refund(500, code="RX12345678", by=admin_user)
    MpesaOrder.objects.update(environment="production")

    assert skip_reason(MessageKind.REFUND_EMAIL) == "outdated"


def test_money_without_an_order_sends_no_email(admin_user: Any) -> None:
    payment = pay(new_payment())
    [entry] = MpesaReceipt.objects.get().allocations.all()
    reverse_allocation(entry, by=admin_user, note="another shop's", now=later(50))
    MpesaReceipt.objects.update(meant_for=None, payment=None)

    refund(500, code="RX12345678", by=admin_user)

    assert MpesaReceipt.objects.get().refunds.count() == 1
    assert not payment.mpesa_order.outbox_messages.filter(kind=MessageKind.REFUND_EMAIL).exists()
