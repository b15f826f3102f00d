"""The last query finds unknown money, whatever has happened to its order (M7, M11)."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_class, get_model

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import (
    MessageKind,
    MpesaApiCall,
    MpesaEvent,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    ReceiptStatus,
)
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import CloseResult, MoneyArrived, close_for_other_method, close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.ports import replaced_adapter
from oscar_mpesa.services.status_query import refresh_payment
from oscar_mpesa.services.update_sources import push_expired
from oscar_mpesa.testing import ScriptedTransport
from tests.commit_hooks import commit_hooks
from tests.services.daraja_replies import CREDENTIALS
from tests.services.unpaid_orders import A_DAY, HALF_AN_HOUR, check_order, expired, prompted, result_of, row
from tests.shop import ANOTHER, OWNER, later, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def pay_second_prompt(first: MpesaPayment) -> MpesaPayment:
    """Send a second prompt to another phone, and pay it."""
    return pay(prompted(first.mpesa_order.order, phone=ANOTHER, now=later(200)), now=later(220))


def unmatched_receipt() -> MpesaReceipt:
    """Return the one receipt that waits for a person, and assert that its payer gets an email."""
    receipt = MpesaReceipt.objects.needing_decision().get()
    kinds = set(receipt.outbox_messages.values_list("kind", flat=True))
    assert kinds == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}
    return receipt


def test_order_paid_by_one_payment_may_be_paid_by_another() -> None:
    first = expired()
    pay_second_prompt(first)

    outcome = check_order(first, result_of(first, "0"))

    assert (outcome, row(first).close_check_at) == (CloseResult.PAID, None)
    assert (unmatched_receipt().status, unmatched_receipt().payment) == (ReceiptStatus.OVERPAID, first)


def test_not_paid_ends_the_queries_about_a_paid_order() -> None:
    first = expired()
    pay_second_prompt(first)

    outcome = check_order(first, result_of(first, "1032"))

    assert (outcome, row(first).close_check_at) == (CloseResult.PAID, None)
    assert MpesaReceipt.objects.count() == 1


def test_unanswered_query_of_a_paid_order_ends_after_a_day() -> None:
    first = expired()
    pay_second_prompt(first)

    in_time = check_order(first, DarajaUnreachable("no answer"))
    in_the_end = check_order(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + A_DAY)

    assert (in_time, in_the_end) == (CloseResult.POSTPONED, CloseResult.PAID)
    assert (row(first).close_check_at, row(first).order.status) == (None, "Being processed")
    assert MpesaEvent.objects.filter(mpesa_order_id=first.order_id, type="result_unknown").count() == 1


def test_order_closed_by_staff_with_a_live_prompt_may_be_paid() -> None:
    payment = expired()
    close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(200))

    outcome = check_order(payment, result_of(payment, "0"))

    assert (outcome, row(payment).close_check_at) == (CloseResult.UNCHANGED, None)
    assert unmatched_receipt().status == ReceiptStatus.UNMATCHED


def test_order_closed_for_another_method_may_be_paid() -> None:
    payment = expired()
    with replaced_transport(ScriptedTransport({"query": [DarajaUnreachable("no answer")]})):
        close_for_other_method(payment.mpesa_order.order, actor=OWNER, now=later(200))
    MpesaApiCall.objects.all().delete()

    outcome = check_order(payment, result_of(payment, "0"))

    assert outcome is CloseResult.UNCHANGED
    assert unmatched_receipt().status == ReceiptStatus.UNMATCHED


def test_other_method_on_a_paid_order_sends_no_query() -> None:
    first = expired()
    pay_second_prompt(first)

    with replaced_transport(ScriptedTransport()), pytest.raises(MoneyArrived):
        close_for_other_method(first.mpesa_order.order, actor=OWNER, now=later(300))


def test_payment_with_a_lost_id_closes_its_order_unconfirmed() -> None:
    with replaced_transport(ScriptedTransport({"push": [DarajaUnreachable("broken")]})):
        payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))

    outcome = check_order(payment)

    assert (outcome, row(payment).close_reason) == (CloseResult.CLOSED, "unconfirmed")


def test_other_short_code_s_payment_is_not_taken_as_unpaid(settings: Any) -> None:
    payment = expired()
    settings.OSCAR_MPESA = {**CREDENTIALS, "SHORTCODE": "600999"}

    assert check_order(payment) is CloseResult.POSTPONED


def test_order_set_to_expired_by_staff_releases_its_stock_in_time() -> None:
    payment = expired()
    payment.mpesa_order.order.set_status("Payment expired")

    outcome = check_order(payment, result_of(payment, "1032"))

    assert (outcome, StockRecord.objects.get().num_allocated) == (CloseResult.CLOSED, 0)


def test_new_payment_restarts_the_close_check() -> None:
    payment = expired()
    order = payment.mpesa_order.order
    order.__class__.objects.update(status="On hold")
    check_order(payment, result_of(payment, "1032"))
    order.__class__.objects.update(status="Pending payment")

    prompted(order, phone=ANOTHER, now=later(HALF_AN_HOUR + 100))

    assert row(payment).close_check_at == later(2 * HALF_AN_HOUR + 100)


def cancel(order: Any) -> None:
    """Cancel the order as Oscar's dashboard does."""
    order.refresh_from_db()
    with commit_hooks():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")


def test_cancelled_order_paid_by_another_payment_is_still_queried() -> None:
    first = expired()
    pay_second_prompt(first)
    cancel(first.mpesa_order.order)

    outcome = check_order(first, result_of(first, "0"))

    waiting = MpesaReceipt.objects.needing_decision()
    assert outcome is CloseResult.UNCHANGED
    assert list(waiting.values_list("status", "unmatched_reason")) == [("unmatched", "order_canceled")] * 2


def test_order_closed_and_cancelled_by_staff_is_still_queried() -> None:
    payment = expired()
    close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(200))
    cancel(payment.mpesa_order.order)

    check_order(payment, result_of(payment, "0"))

    assert (row(payment).close_check_at, unmatched_receipt().status) == (None, ReceiptStatus.UNMATCHED)


@pytest.mark.parametrize("body", ["without its code", "unreadable"])
def test_unclear_callback_of_an_ended_payment_starts_a_query(body: str) -> None:
    payment = expired()
    check_order(payment, result_of(payment, "4999"))

    callback_body = success(payment, MpesaReceiptNumber=None) if body == "without its code" else b"{"
    post(payment, callback_body, now=later(HALF_AN_HOUR + 60), confirmed=False)
    payment.refresh_from_db()
    due_at = payment.next_query_at
    with replaced_transport(ScriptedTransport([result_of(payment, "0")])):
        refresh_payment(payment, now=later(HALF_AN_HOUR + 60))

    payment.refresh_from_db()
    assert due_at == later(HALF_AN_HOUR + 60)
    assert (payment.status, MpesaReceipt.objects.get().status) == ("completed", ReceiptStatus.MATCHED)


def test_payment_that_safaricom_never_answered_is_logged_as_error(caplog: pytest.LogCaptureFixture) -> None:
    first = expired()

    check_order(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + A_DAY)

    assert row(first).close_reason == "unconfirmed"
    assert [record.levelname for record in caplog.records if "never sent" in record.getMessage()] == ["ERROR"]


def test_pending_response_code_lets_the_order_close() -> None:
    pending = {"ResponseCode": "4002", "ResponseDescription": "The transaction is still under processing"}

    payment = expired()

    outcome = check_order(payment, pending)

    assert (outcome, row(payment).close_reason) == (CloseResult.CLOSED, "expired")


def test_order_expires_and_waits_whatever_a_query_raises(caplog: pytest.LogCaptureFixture) -> None:
    """The shop's own code, or a missing adapter, can raise while an answer is applied."""
    payment = prompted()

    with replaced_adapter(None), replaced_transport(ScriptedTransport([result_of(payment, "0")])):
        changed = refresh_payment(payment, now=later(151))
    MpesaApiCall.objects.all().delete()
    with replaced_adapter(None):
        outcome = check_order(payment, result_of(payment, "0"))

    payment.refresh_from_db()
    assert (changed, payment.status, outcome) == (True, "expired", CloseResult.POSTPONED)
    assert ["failed" in record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [True, True]


def test_order_whose_time_was_extended_meanwhile_stays_open() -> None:
    payment = expired()
    MpesaOrder.objects.update(close_check_at=later(200))

    outcome = check_order(payment, result_of(payment, "1032"), at=201)

    assert (outcome, row(payment).close_check_at) == (CloseResult.POSTPONED, later(HALF_AN_HOUR))


def test_reported_money_stops_another_method() -> None:
    payment = expired()
    post(payment, success(payment, MpesaReceiptNumber=None), now=later(200), confirmed=False)

    with replaced_transport(ScriptedTransport()), pytest.raises(MoneyArrived):
        close_for_other_method(payment.mpesa_order.order, actor=OWNER, now=later(210))

    assert not row(payment).is_closed
