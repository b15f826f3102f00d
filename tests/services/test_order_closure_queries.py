"""Money that nobody told of is found by the last question, whatever became of its order meanwhile (M7, M11)."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_class, get_model

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import Allocation, MessageKind, MpesaEvent, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import CloseResult, MoneyArrived, close_for_other_method, close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from oscar_mpesa.testing import ScriptedTransport
from tests.services.closings import A_DAY, HALF_AN_HOUR, expired, looked_at, prompted, row, said
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import ANOTHER, later, new_clerk, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def paid_by_another(first: MpesaPayment) -> MpesaPayment:
    """The shopper got no answer, sent again to another phone, and paid."""
    return pay(prompted(first.mpesa_order.order, phone=ANOTHER, now=later(200)), now=later(220))


def astray() -> MpesaReceipt:
    """The one receipt that waits for a person; its payer was told."""
    receipt = MpesaReceipt.objects.needing_decision().get()
    kinds = set(receipt.outbox_messages.values_list("kind", flat=True))
    assert kinds == {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}
    return receipt


def test_an_order_that_another_attempt_paid_may_have_been_paid_twice() -> None:
    first = expired()
    paid_by_another(first)

    outcome = looked_at(first, said(first, "0"))

    assert (outcome, row(first).close_check_at) == (CloseResult.PAID, None)
    assert (astray().allocation, astray().payment) == (Allocation.SURPLUS, first)


def test_a_no_ends_the_questions_about_a_paid_order() -> None:
    first = expired()
    paid_by_another(first)

    outcome = looked_at(first, said(first, "1032"))

    assert (outcome, row(first).close_check_at) == (CloseResult.PAID, None)
    assert MpesaReceipt.objects.count() == 1


def test_without_an_answer_a_paid_order_is_asked_about_for_a_day_and_then_noted_for_staff() -> None:
    first = expired()
    paid_by_another(first)

    in_time = looked_at(first, DarajaUnreachable("no answer"))
    in_the_end = looked_at(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + A_DAY)

    assert (in_time, in_the_end) == (CloseResult.POSTPONED, CloseResult.PAID)
    assert (row(first).close_check_at, row(first).order.status) == (None, "Being processed")
    assert MpesaEvent.objects.filter(mpesa_order_id=first.order_id, type="result_unknown").count() == 1


def test_an_order_that_staff_closed_while_its_prompt_was_out_may_have_been_paid() -> None:
    payment = expired()
    close_order(payment.mpesa_order.order, by=new_clerk("close_order"), now=later(200))

    outcome = looked_at(payment, said(payment, "0"))

    assert (outcome, row(payment).close_check_at) == (CloseResult.PAID, None)
    assert astray().allocation == Allocation.UNALLOCATED


def test_an_order_whose_shopper_pays_in_another_way_may_have_been_paid() -> None:
    payment = expired()
    with replaced_transport(ScriptedTransport({"query": [DarajaUnreachable("no answer")]})):
        close_for_other_method(payment.mpesa_order.order, now=later(200))

    outcome = looked_at(payment, said(payment, "0"))

    assert outcome is CloseResult.PAID
    assert astray().allocation == Allocation.UNALLOCATED


def test_who_wants_to_pay_a_paid_order_in_another_way_causes_no_question() -> None:
    first = expired()
    paid_by_another(first)

    with replaced_transport(ScriptedTransport()), pytest.raises(MoneyArrived):
        close_for_other_method(first.mpesa_order.order, now=later(300))


def test_a_prompt_whose_id_was_lost_leaves_its_order_to_be_looked_up_by_staff() -> None:
    with replaced_transport(ScriptedTransport({"push": [DarajaUnreachable("broken")]})):
        payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))

    outcome = looked_at(payment)

    assert (outcome, row(payment).close_reason) == (CloseResult.CLOSED, "unconfirmed")


def test_another_short_code_s_silence_is_no_denial(settings: Any) -> None:
    payment = expired()
    settings.OSCAR_MPESA = {**CREDENTIALS, "SHORTCODE": "600999"}

    assert looked_at(payment) is CloseResult.POSTPONED


def test_an_order_that_staff_called_expired_by_hand_gives_its_things_back_in_its_time() -> None:
    payment = expired()
    payment.mpesa_order.order.set_status("Payment expired")

    outcome = looked_at(payment, said(payment, "1032"))

    assert (outcome, StockRecord.objects.get().num_allocated) == (CloseResult.CLOSED, 0)


def test_a_new_attempt_winds_up_a_clock_that_has_run_down() -> None:
    payment = expired()
    order = payment.mpesa_order.order
    order.__class__.objects.update(status="On hold")
    looked_at(payment, said(payment, "1032"))
    order.__class__.objects.update(status="Pending payment")

    prompted(order, phone=ANOTHER, now=later(HALF_AN_HOUR + 100))

    assert row(payment).close_check_at == later(2 * HALF_AN_HOUR + 100)


def cancel(order: Any) -> None:
    """In Oscar's own dashboard."""
    order.refresh_from_db()
    get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Cancelled")


def test_an_order_that_was_paid_by_another_attempt_and_cancelled_is_asked_about_all_the_same() -> None:
    first = expired()
    paid_by_another(first)
    cancel(first.mpesa_order.order)

    outcome = looked_at(first, said(first, "0"))

    assert outcome is CloseResult.PAID
    assert {*MpesaReceipt.objects.needing_decision().values_list("allocation", flat=True)} == {"applied", "surplus"}


def test_an_order_that_staff_released_and_cancelled_is_asked_about_all_the_same() -> None:
    payment = expired()
    close_order(payment.mpesa_order.order, by=new_clerk("close_order"), now=later(200))
    cancel(payment.mpesa_order.order)

    looked_at(payment, said(payment, "0"))

    assert (row(payment).close_check_at, astray().allocation) == (None, Allocation.UNALLOCATED)


@pytest.mark.parametrize("body", ["without its code", "unreadable"])
def test_news_of_an_ended_attempt_that_proves_nothing_is_asked_about(body: str) -> None:
    payment = expired()
    looked_at(payment, said(payment, "4999"))

    told = success(payment, MpesaReceiptNumber=None) if body == "without its code" else b"{"
    post(payment, told, now=later(HALF_AN_HOUR + 60))
    looked_at(payment, said(payment, "0"), at=HALF_AN_HOUR + 60)

    payment.refresh_from_db()
    assert (payment.status, MpesaReceipt.objects.get().allocation) == ("completed", Allocation.APPLIED)


def test_what_safaricom_never_answered_is_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    first = expired()

    looked_at(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + A_DAY)

    assert row(first).close_reason == "unconfirmed"
    assert [record.levelname for record in caplog.records if "never sent" in record.getMessage()] == ["ERROR"]


def test_an_order_that_is_asked_about_early_keeps_its_time() -> None:
    payment = expired()
    post(payment, success(payment, MpesaReceiptNumber=None), now=later(200))

    outcome = looked_at(payment, said(payment, "4999"), at=201)

    assert (outcome, row(payment).close_check_at) == (CloseResult.POSTPONED, later(HALF_AN_HOUR))
