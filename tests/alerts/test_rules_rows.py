"""Money, payments, messages and orders that wait for a person: told until somebody has dealt with them."""

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
from tests.alerts.expected_alerts import need, said
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import CANCELS, NOON, later, new_clerk, new_payment, pay, post, success

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


@pytest.mark.parametrize(
    ("astray", "key", "sentence"),
    [
        pytest.param(surplus, "surplus", "Return KSh 1,500: it arrived for an order that was paid already."),
        pytest.param(
            unallocated, "unallocated", "KSh 1,500 arrived and no order took it. Use it for an order or return it."
        ),
        pytest.param(
            mismatch,
            "mismatch",
            "KSh 1,400 arrived where another amount was asked for. Accept it or return it.",
        ),
    ],
)
def test_money_waits_for_a_person_until_it_is_returned(astray: Any, key: str, sentence: str) -> None:
    receipt = astray()

    before = need(key)
    record_refund(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_clerk("record_return"), now=NOON
    )

    assert before is not None
    assert (before.sentence, before.level, before.count) == (sentence, Level.SOON, 1)
    assert (before.url_name, before.url_args) == ("dashboard:mpesa-receipt", (receipt.pk,))
    assert need(key) is None


def test_several_receipts_are_one_sentence_that_leads_to_the_list() -> None:
    surplus()
    twice = pay(new_payment(phone=CANCELS), number="OD555EEE55")
    post(twice, success(twice, number="OD666FFF66"), now=later(9))

    found = need("surplus")

    assert found is not None
    assert found.sentence == ("Return KSh 3,000 in all: 2 payments arrived for orders that were paid already.")
    assert (found.url_name, found.url_args) == ("dashboard:mpesa-receipts", ())


def test_money_of_the_sandbox_is_no_matter_of_a_shop_in_production_but_real_money_is_one_of_a_shop_that_tests(
    settings: Any,
) -> None:
    receipt = surplus()

    with_credentials(settings, ENVIRONMENT="production", SHORTCODE="5123456", TEST_MODE=False)
    of_production = need("surplus")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(environment="production")
    with_credentials(settings)

    assert of_production is None
    assert need("surplus") is not None


def test_an_order_that_was_cancelled_though_it_was_paid_until_its_money_is_returned() -> None:
    receipt = MpesaReceipt.objects.get(payment=pay(new_payment()))
    order: Any = receipt.order
    order.set_status("Cancelled")

    before = said("cancelled")
    record_refund(
        receipt, amount=receipt.amount, reference="RK1", note="sent back", by=new_clerk("record_return"), now=NOON
    )

    assert before == "A cancelled order had been paid. Return the money."
    assert said("cancelled") == ""


def test_a_held_payment_is_told_with_its_money_and_by_itself_only_where_there_is_none() -> None:
    receipt = mismatch()
    payment = MpesaPayment.objects.get(on_hold=True)

    with_money = said("on_hold")
    MpesaReceipt.objects.filter(pk=receipt.pk).update(allocation="explained")
    alone = need("on_hold")
    MpesaPayment.objects.filter(pk=payment.pk).update(on_hold=False, status="failed", live_order=None)

    assert with_money == ""
    assert alone is not None
    assert alone.sentence.startswith("A payment is held:")
    assert (alone.url_name, alone.url_args) == ("dashboard:mpesa-payment", (payment.pk,))
    assert said("on_hold") == ""


def test_messages_that_were_given_up_until_they_are_sent() -> None:
    pay(new_payment())
    outbox_messages = MpesaOutboxMessage.objects.all()
    outbox_messages.update(delivered_at=None, tries=5, reserved_at=minutes(-10))

    both = said("untold")
    outbox_messages.filter(kind="paid_email").update(delivered_at=NOON)
    one = said("untold")
    outbox_messages.update(reserved_at=minutes(-1))
    still_on_its_way = said("untold")
    outbox_messages.update(delivered_at=NOON)

    assert both.startswith("2 mails or announcements could not be sent in five tries each.")
    assert one.startswith("A mail or announcement could not be sent in five tries.")
    assert still_on_its_way == ""
    assert said("untold") == ""


def test_a_callback_that_was_given_up_until_its_payment_is_paid_by_other_news() -> None:
    payment = new_payment()
    MpesaCallback.objects.create(
        body=b"{}", received_at=NOON, environment="simulated", payment=payment, verdict="failed", tries=10
    )

    before, leads_to = said("unread"), [each.url_name for each in active_alerts(NOON)]
    pay(payment)

    assert leads_to == ["dashboard:mpesa-callbacks"]
    assert before.startswith("A message from Safaricom could not be worked through in ten tries.")
    assert said("unread") == ""


def test_an_order_that_was_closed_unasked_until_its_money_is_found(settings: Any) -> None:
    payment = new_payment()
    MpesaPayment.objects.update(status="expired", live_order=None, checkout_request_id=None)
    close_expired_order(MpesaOrder.objects.get(), now=minutes(31))

    before, after_two_weeks = said("unasked", at=minutes(40)), said("unasked", at=NOON + timedelta(days=15))
    record_receipt(
        "OD777GGG77",
        Decimal(1500),
        order=payment.mpesa_order.order,
        payment=payment,
        by=new_clerk("record_receipt"),
        note="found in the portal",
        now=minutes(50),
    )

    assert before.startswith("An order was closed without Safaricom's word about it.")
    assert after_two_weeks == ""
    assert said("unasked", at=minutes(60)) == ""


def test_a_thing_that_was_used_after_all_is_needed_no_more() -> None:
    receipt = unallocated()
    order = new_payment(phone=CANCELS, sent=False).mpesa_order.order
    MpesaPayment.objects.filter(mpesa_order_id=order.pk).update(status="failed", live_order=None)

    before = said("unallocated")
    allocate_receipt(receipt, order, by=new_clerk("apply_receipt"), now=NOON)

    assert before != ""
    assert said("unallocated") == ""
