"""Alerts about money and orders that need a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.alerts.rules import Level
from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaClaim,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    RefundPurpose,
)
from oscar_mpesa.services import order_changes
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.booking_retries import retry_booking
from oscar_mpesa.services.claims import record_claim, withdraw_claim
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.alerts.connectivity_rows import minutes, with_credentials
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.services.concurrent_changes import broken_books
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import (
    CANCELS,
    NOON,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    query_update,
    success,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def refund_all(receipt: MpesaReceipt, *, code: str = "RK1", purpose: RefundPurpose | None = None) -> None:
    by = new_staff_user("record_refund")
    record_refund(receipt, amount=receipt.amount, code=code, purpose=purpose, by=by, now=later(99))


def record(order: Any, *, amount: int = 1500, number: str = "OD777GGG77", now: datetime = NOON) -> MpesaClaim:
    by = new_staff_user("record_claim")
    return record_claim(number, Decimal(amount), order=order, by=by, note="found in the portal", now=now)


@pytest.mark.parametrize(
    ("new_unmatched", "key", "sentence"),
    [
        pytest.param(
            surplus,
            "overpaid",
            "Refund KSh 1,500, or match it to another order: it arrived for an order that was already paid.",
        ),
        pytest.param(
            unallocated, "unmatched", "KSh 1,500 arrived and is unmatched. Match it to an order or refund it."
        ),
        pytest.param(
            mismatch,
            "wrong_amount",
            "KSh 1,400 arrived, but the payment asked for another amount. Match it to an order or refund it.",
        ),
    ],
)
def test_undecided_money_raises_alert_until_refunded(new_unmatched: Any, key: str, sentence: str) -> None:
    receipt = new_unmatched()

    before = alert_of(key)
    refund_all(receipt)

    assert before is not None
    assert (before.sentence, before.level, before.count) == (sentence, Level.SOON, 1)
    assert (before.url_name, before.url_args) == ("dashboard:mpesa-receipt", (receipt.pk,))
    assert alert_of(key) is None


def test_part_refund_leaves_rest_in_alert() -> None:
    receipt = surplus()

    record_refund(receipt, amount=Decimal(500), code="RK1", by=new_staff_user("record_refund"), now=later(99))

    assert (
        sentence_of("overpaid")
        == "Refund KSh 1,000, or match it to another order: it arrived for an order that was already paid."
    )


def test_several_receipts_share_one_alert_that_links_to_list() -> None:
    surplus()
    MpesaReceipt.objects.update(number=None)
    surplus()

    alert = alert_of("overpaid")

    assert alert is not None
    assert alert.sentence == (
        "Refund KSh 3,000 in all, or match it to other orders: 2 payments arrived for orders that were already paid."
    )
    assert (alert.url_name, alert.url_args) == ("dashboard:mpesa-receipts", ())


def test_real_money_raises_alert_in_sandbox_and_sandbox_money_none_in_production(
    settings: Any,
) -> None:
    receipt = surplus()

    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    in_production = alert_of("overpaid")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(environment="production")
    with_credentials(settings)

    assert in_production is None
    assert alert_of("overpaid") is not None


def test_canceled_paid_order_makes_its_money_unmatched() -> None:
    order = pay(new_payment()).mpesa_order.order

    before = sentence_of("unmatched")
    order.set_status("Cancelled")

    assert before == ""
    assert sentence_of("unmatched") == "KSh 1,500 arrived and is unmatched. Match it to an order or refund it."
    assert sentence_of("unpaid_orders") == ""


def test_receipt_with_too_many_refunds_raises_alert_until_one_is_voided() -> None:
    payment = pay(new_payment())
    receipt = MpesaReceipt.objects.get(payment=payment)
    refund_all(receipt, purpose=RefundPurpose.CREDIT)
    again = MpesaRefund.objects.create(
        receipt=receipt, amount=500, purpose="payment_returned", method="manual", status="completed", requested_at=NOON
    )
    order_changes.reassess(payment.order_id, now=NOON)

    before = sentence_of("refunded_too_much")
    void_refund(again, by=new_staff_user("record_refund"), note="was not sent", now=later(200))

    assert before == "KSh 500 more was refunded than arrived. Check the refunds, and void one that was not sent."
    assert sentence_of("refunded_too_much") == ""


def test_recorded_payment_raises_alert_after_two_days_until_it_is_withdrawn() -> None:
    claim = record(new_order())

    early, late = (alert_of("unseen_claims", at=NOON + timedelta(hours=hours)) for hours in (47, 49))
    withdraw_claim(claim, by=new_staff_user("record_claim"), note="mistyped", now=later(60))

    assert early is None
    assert late is not None
    assert late.sentence == (
        "Staff recorded KSh 1,500, and Safaricom has not reported it for two days. Look for it in the M-PESA portal, "
        "and withdraw it if it is not there."
    )
    assert (late.url_name, late.url_args) == ("dashboard:mpesa-claim", (claim.pk,))
    assert sentence_of("unseen_claims", at=NOON + timedelta(hours=49)) == ""


def end_and_close(payment: MpesaPayment) -> None:
    post(payment, failure(payment), now=later(10))
    close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(60))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(pay, id="other money paid the order"),
        pytest.param(lambda payment: payment.mpesa_order.order.set_status("Cancelled"), id="canceled"),
        pytest.param(end_and_close, id="closed"),
    ],
)
def test_recorded_payment_that_counts_for_nothing_raises_alert_at_once(end: Any) -> None:
    payment = new_payment()
    claim = record(payment.mpesa_order.order, amount=500)

    before = alert_of("uncounted_claims")
    end(payment)

    after = alert_of("uncounted_claims")
    assert before is None and after is not None
    assert after.sentence == (
        "Staff recorded KSh 500 that counts for nothing: its order is paid, closed or canceled. Look for it in the "
        "M-PESA portal. Withdraw it if it is not there, or when you have refunded it."
    )
    assert (after.url_name, after.url_args) == ("dashboard:mpesa-claim", (claim.pk,))


def test_recorded_code_of_known_money_raises_no_alert() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))
    record(payment.mpesa_order.order, now=later(60))

    assert MpesaClaim.objects.get().receipt == MpesaReceipt.objects.get()
    assert sentence_of("unseen_claims", at=NOON + timedelta(days=3)) == ""


def test_allocated_receipt_clears_alert() -> None:
    receipt = unallocated()
    order = new_payment(phone=CANCELS, sent=False).mpesa_order.order
    MpesaPayment.objects.filter(mpesa_order_id=order.pk).update(status="failed", live_order=None)

    before = sentence_of("unmatched")
    allocate(receipt, order, by=new_staff_user("match_receipt"), now=NOON)

    assert before != ""
    assert sentence_of("unmatched") == ""


def test_money_that_is_not_booked_for_a_day_raises_alert_until_booked() -> None:
    payment, a_day_later = new_payment(), minutes(24 * 60 + 10)
    with broken_books():
        post(payment, success(payment))
    entry = MpesaAllocation.objects.get()

    early, late = sentence_of("unbooked_allocations"), alert_of("unbooked_allocations", at=a_day_later)
    retry_booking(entry, now=a_day_later)

    assert early == sentence_of("unmatched", at=a_day_later) == ""
    assert late is not None
    assert late.sentence == (
        f"KSh 1,500 counts for order {payment.mpesa_order.order.number}, and the shop's own code has failed to book it "
        "for a day. Forward this to your developer."
    )
    assert (late.url_name, late.url_args) == ("dashboard:mpesa-payment", (payment.pk,))
    assert sentence_of("unbooked_allocations", at=minutes(24 * 60 + 12)) == ""
