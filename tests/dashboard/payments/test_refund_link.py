"""The link from a payment to the refund of its money."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.browser import states
from tests.dashboard.staff import decision_url, staff_client, url_of
from tests.services.refunds import refund
from tests.shop import new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db


def offers_refund(payment: MpesaPayment, *permissions: str) -> bool:
    page = staff_client(*permissions).get(url_of("payment", payment.pk)).content.decode()
    return f'href="{decision_url("refund", payment.receipts.get())}"' in page


def test_paid_order_is_refunded_from_its_payment() -> None:
    payment = pay(new_payment())

    assert offers_refund(payment, "record_refund")
    assert not offers_refund(payment, "act_on_payment")


def test_refunded_or_undecided_money_has_no_link_to_a_refund() -> None:
    undecided, payment = states.mismatch(), pay(new_payment(), number="OD777KKK77")
    refund(MpesaReceipt.objects.get(payment=payment), new_staff_user("record_refund"))

    assert not offers_refund(payment, "record_refund")
    assert not offers_refund(undecided, "record_refund")
