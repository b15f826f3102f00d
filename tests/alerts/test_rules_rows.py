"""Alerts about receipts, payments, messages and orders that need a person."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.alerts.rules import Level, active_alerts
from oscar_mpesa.models import MpesaCallback, MpesaOrder, MpesaOutboxMessage, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.order_closure import close_expired_order
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.alerts.connectivity_rows import minutes, with_credentials
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import CANCELS, NOON, later, new_payment, new_staff_user, pay, post, success

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


@pytest.mark.parametrize(
    ("new_unmatched", "key", "sentence"),
    [
        pytest.param(surplus, "surplus", "Refund KSh 1,500: it arrived for an order that was already paid."),
        pytest.param(
            unallocated, "unallocated", "KSh 1,500 arrived and is unmatched. Match it to an order or refund it."
        ),
        pytest.param(
            mismatch,
            "mismatch",
            "KSh 1,400 arrived, but the order asks for another amount. Accept or refund it.",
        ),
    ],
)
def test_undecided_money_raises_alert_until_refunded(new_unmatched: Any, key: str, sentence: str) -> None:
    receipt = new_unmatched()

    before = alert_of(key)
    record_refund(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_staff_user("record_return"), now=NOON
    )

    assert before is not None
    assert (before.sentence, before.level, before.count) == (sentence, Level.SOON, 1)
    assert (before.url_name, before.url_args) == ("dashboard:mpesa-receipt", (receipt.pk,))
    assert alert_of(key) is None


def test_several_receipts_share_one_alert_that_links_to_list() -> None:
    surplus()
    twice = pay(new_payment(phone=CANCELS), number="OD555EEE55")
    post(twice, success(twice, number="OD666FFF66"), now=later(9))

    alert = alert_of("surplus")

    assert alert is not None
    assert alert.sentence == "Refund KSh 3,000 in all: 2 payments arrived for orders that were already paid."
    assert (alert.url_name, alert.url_args) == ("dashboard:mpesa-receipts", ())


def test_real_money_raises_alert_in_sandbox_and_sandbox_money_none_in_production(
    settings: Any,
) -> None:
    receipt = surplus()

    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    in_production = alert_of("surplus")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(environment="production")
    with_credentials(settings)

    assert in_production is None
    assert alert_of("surplus") is not None


def test_cancelled_paid_order_raises_alert_until_refunded() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    order: Any = receipt.order
    order.set_status("Cancelled")

    before = sentence_of("cancelled_paid_orders")
    record_refund(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_staff_user("record_return"), now=NOON
    )

    assert before == "A canceled order had been paid. Refund the money."
    assert sentence_of("cancelled_paid_orders") == ""


def test_payment_on_hold_has_own_alert_only_without_undecided_money() -> None:
    receipt = mismatch()
    payment = MpesaPayment.objects.get(on_hold=True)

    with_money = sentence_of("payments_on_hold")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="explained")
    alone = alert_of("payments_on_hold")
    MpesaPayment.objects.filter(pk=payment.pk).update(on_hold=False, status="failed", live_order=None)

    assert with_money == ""
    assert alone is not None
    assert alone.sentence.startswith("A payment is on hold.")
    assert (alone.url_name, alone.url_args) == ("dashboard:mpesa-payment", (payment.pk,))
    assert sentence_of("payments_on_hold") == ""


def test_undelivered_messages_raise_alert_until_sent() -> None:
    pay(new_payment())
    outbox_messages = MpesaOutboxMessage.objects.all()
    outbox_messages.update(delivered_at=None, tries=5, reserved_at=minutes(-10))

    both = sentence_of("undelivered_messages")
    outbox_messages.filter(kind="paid_email").update(delivered_at=NOON)
    one = sentence_of("undelivered_messages")
    outbox_messages.update(reserved_at=minutes(-1))
    still_reserved = sentence_of("undelivered_messages")
    outbox_messages.update(delivered_at=NOON)

    assert both.startswith("2 notifications could not be sent in five tries each.")
    assert one.startswith("A notification could not be sent in five tries.")
    assert still_reserved == ""
    assert sentence_of("undelivered_messages") == ""


def test_unprocessed_callback_raises_alert_until_payment_is_paid() -> None:
    payment = new_payment()
    MpesaCallback.objects.create(
        body=b"{}", received_at=NOON, environment="simulated", payment=payment, verdict="failed", tries=10
    )

    before, linked_pages = sentence_of("unprocessed_callbacks"), [alert.url_name for alert in active_alerts(NOON)]
    pay(payment)

    assert linked_pages == ["dashboard:mpesa-callbacks"]
    assert before.startswith("A callback from Safaricom could not be processed in ten tries.")
    assert sentence_of("unprocessed_callbacks") == ""


def test_order_closed_unconfirmed_raises_alert_until_money_is_recorded(settings: Any) -> None:
    payment = new_payment()
    MpesaPayment.objects.update(status="expired", live_order=None, checkout_request_id=None)
    close_expired_order(MpesaOrder.objects.get(), now=minutes(31))

    before, after_two_weeks = (
        sentence_of("closed_unconfirmed", at=minutes(40)),
        sentence_of("closed_unconfirmed", at=NOON + timedelta(days=15)),
    )
    record_receipt(
        "OD777GGG77",
        Decimal(1500),
        order=payment.mpesa_order.order,
        payment=payment,
        by=new_staff_user("record_receipt"),
        note="found in the portal",
        now=minutes(50),
    )

    assert before.startswith("An order was closed before Safaricom sent a result.")
    assert after_two_weeks == ""
    assert sentence_of("closed_unconfirmed", at=minutes(60)) == ""


def test_allocated_receipt_clears_alert() -> None:
    receipt = unallocated()
    order = new_payment(phone=CANCELS, sent=False).mpesa_order.order
    MpesaPayment.objects.filter(mpesa_order_id=order.pk).update(status="failed", live_order=None)

    before = sentence_of("unallocated")
    allocate_receipt(receipt, order, by=new_staff_user("apply_receipt"), now=NOON)

    assert before != ""
    assert sentence_of("unallocated") == ""
