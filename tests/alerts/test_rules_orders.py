"""Alerts about orders that go on without the money that they owe."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.alerts.rules import Level
from oscar_mpesa.models import MpesaOrder, MpesaReceipt, RefundPurpose
from oscar_mpesa.services.refunds import record_refund
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.services.money import claim_for, order_of, paid_order, receipt, set_status
from tests.services.unmatched import surplus
from tests.shop import later, new_order, new_payment, new_staff_user, pay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def refund_all(receipt: MpesaReceipt, *, code: str = "RK1", purpose: RefundPurpose | None = None) -> None:
    by = new_staff_user("record_refund")
    record_refund(receipt, amount=receipt.amount, code=code, purpose=purpose, by=by, now=later(99))


def test_dearer_paid_order_raises_alert_until_the_rest_is_paid() -> None:
    payment = pay(new_payment())
    order = payment.mpesa_order.order
    order.total_incl_tax = Decimal(1800)
    order.save()

    before = alert_of("unpaid_orders", at=timezone.now())
    claim_for(order, new_staff_user("record_claim"), amount=300)

    assert before is not None
    assert before.sentence == (
        f"Order {order.number} goes on, but KSh 300 of it is not paid. Ask for the rest or cancel the order."
    )
    assert (before.url_name, before.url_args) == ("dashboard:mpesa-payment", (payment.pk,))
    assert sentence_of("unpaid_orders", at=timezone.now()) == ""


def test_order_whose_both_payments_were_refunded_raises_alert_until_canceled() -> None:
    second = surplus()
    order = second.meant_for
    assert order is not None
    refund_all(MpesaReceipt.objects.get(number="OD123ABC45"), code="RK1")
    refund_all(second, code="RK2")

    before = alert_of("refunded_orders")
    order.refresh_from_db()
    order.set_status("Cancelled")

    assert before is not None
    assert before.sentence == (
        f"All money of order {order.number} was refunded, but the order goes on. Cancel it, or move it on."
    )
    assert alert_of("refunded_orders") is None


def test_part_refund_of_an_order_in_process_raises_no_alert() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))

    record_refund(receipt, amount=Decimal(500), code="RK1", by=new_staff_user("record_refund"), now=later(99))

    assert sentence_of("refunded_orders") == sentence_of("unpaid_orders") == ""


def moved_on(**about: Any) -> Any:
    """Create an order that staff moved on in Oscar's dashboard, although it is not paid."""
    order = new_payment(new_order(**about)).mpesa_order.order
    set_status(order, "Being processed")
    return order_of(order)


def test_order_that_staff_moved_on_without_money_raises_alert_until_paid() -> None:
    waiting, order = new_payment(), moved_on()

    before = alert_of("unpaid_orders", at=timezone.now())
    claim_for(order, new_staff_user("record_claim"))

    assert waiting.mpesa_order.order.status == "Pending payment"
    assert before is not None
    assert before.sentence == (
        f"Order {order.number} goes on, but KSh 1,500 of it is not paid. Ask for the rest or cancel the order."
    )
    assert (before.level, before.url_args) == (Level.SOON, (order.mpesa.payments.get().pk,))
    assert alert_of("unpaid_orders", at=timezone.now()) is None


def test_canceled_order_without_money_raises_no_alert() -> None:
    order = moved_on()

    before = alert_of("unpaid_orders", at=timezone.now())
    set_status(order, "Cancelled")

    assert before is not None
    assert alert_of("unpaid_orders", at=timezone.now()) is None


def test_several_orders_without_money_share_one_alert() -> None:
    moved_on()
    moved_on(total="500.00")

    assert sentence_of("unpaid_orders", at=timezone.now()) == (
        "2 orders go on, but KSh 2,000 of them in all is not paid. Ask for the rest or cancel the orders."
    )


def test_order_unpaid_for_90_days_raises_no_alert_any_more() -> None:
    since = MpesaOrder.objects.get(pk=moved_on().pk).unpaid_since
    assert since is not None

    days = [alert_of("unpaid_orders", at=since + timedelta(days=days)) for days in (89, 90)]

    assert days[0] is not None
    assert days[1] is None


@pytest.mark.parametrize(
    ("purpose", "key", "other"),
    [
        pytest.param(RefundPurpose.CREDIT, "refunded_orders", "unpaid_orders", id="credit"),
        pytest.param(RefundPurpose.PAYMENT_RETURNED, "unpaid_orders", "refunded_orders", id="returned"),
    ],
)
def test_order_in_process_without_money_is_in_one_alert(purpose: RefundPurpose, key: str, other: str) -> None:
    order = paid_order()

    refund_all(receipt(), purpose=purpose)

    assert order_of(order).status == "Being processed"
    assert order.number in sentence_of(key, at=later(100))
    assert sentence_of(other, at=later(100)) == ""


def test_order_whose_money_was_credited_and_returned_in_parts_is_unpaid() -> None:
    order, by = paid_order(), new_staff_user("record_refund")

    record_refund(receipt(), amount=Decimal(1000), code="RK1", purpose=RefundPurpose.CREDIT, by=by, now=later(98))
    record_refund(
        receipt(), amount=Decimal(500), code="RK2", purpose=RefundPurpose.PAYMENT_RETURNED, by=by, now=later(99)
    )

    assert sentence_of("unpaid_orders", at=later(100)) == (
        f"Order {order.number} goes on, but KSh 500 of it is not paid. Ask for the rest or cancel the order."
    )
    assert sentence_of("refunded_orders", at=later(100)) == ""
