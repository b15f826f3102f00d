"""An order closes when its time is over, after a last query of each of its payments (M10, M11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MessageKind, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import CloseResult, close_expired_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply, refusal
from tests.services.unpaid_orders import A_DAY, HALF_AN_HOUR, check_order, expired, prompted, result_of, row
from tests.shop import ANOTHER, later, new_payment, post, query_update, success

pytestmark = pytest.mark.django_db


StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def test_unpaid_order_closes_once_and_its_shopper_gets_an_email() -> None:
    payment = expired()

    outcome = check_order(payment, result_of(payment, "1032"))
    again = check_order(payment, at=A_DAY)

    closed = row(payment)
    assert (outcome, again) == (CloseResult.CLOSED, CloseResult.UNCHANGED)
    assert (closed.order.status, closed.close_reason) == ("Payment expired", "expired")
    assert (closed.closed_at, closed.close_check_at) == (later(HALF_AN_HOUR), None)
    assert StockRecord.objects.get().num_allocated == 0
    assert closed.stock_snapshot["stock"] == {str(closed.order.lines.get().pk): 1}
    assert closed.outbox_messages.filter(kind=MessageKind.CLOSED_EMAIL).count() == 1
    assert MpesaEvent.objects.get(type="order_closed").params == {"reason": "expired"}


def test_order_is_not_checked_before_its_time_is_over() -> None:
    payment = expired()

    outcome = check_order(payment, at=HALF_AN_HOUR - 1)

    assert (outcome, row(payment).close_check_at) == (CloseResult.UNCHANGED, later(HALF_AN_HOUR))


@pytest.mark.parametrize(
    "answer",
    [query_reply("4999"), refusal("500.001.1001", "The transaction does not exist", status=500)],
    ids=["still waiting", "unknown to Safaricom"],
)
def test_no_result_long_after_the_prompt_closes_the_order(answer: Any) -> None:
    payment = expired()
    MpesaPayment.objects.update(checkout_request_id=ACCEPTED["CheckoutRequestID"])

    outcome = check_order(payment, answer)

    assert (outcome, row(payment).close_reason) == (CloseResult.CLOSED, "expired")


def test_money_found_by_the_last_query_pays_the_order() -> None:
    payment = expired()

    outcome = check_order(payment, result_of(payment, "0"))

    paid = row(payment)
    assert (outcome, paid.order.status, paid.is_closed) == (CloseResult.PAID, "Being processed", False)
    assert paid.close_check_at is None


@pytest.mark.parametrize("nothing", [DarajaUnreachable("no answer"), "77777"], ids=["unreachable", "unknown code"])
def test_unanswered_queries_postpone_closing_for_a_day(nothing: Any) -> None:
    payment = expired()
    answer = result_of(payment, nothing) if isinstance(nothing, str) else nothing
    pauses = []

    for after in (0, 10 * 60, 20 * 60 * 60, A_DAY - 60):
        MpesaOrder.objects.update(close_check_at=F("pay_before"))
        at = HALF_AN_HOUR + after
        assert check_order(payment, answer, at=at) is CloseResult.POSTPONED
        pauses.append(row(payment).close_check_at - later(at))  # type: ignore[operator]
    MpesaOrder.objects.update(close_check_at=F("pay_before"))
    outcome = check_order(payment, answer, at=HALF_AN_HOUR + A_DAY)

    assert pauses == [timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1)]
    assert (outcome, row(payment).close_reason) == (CloseResult.CLOSED, "unconfirmed")


def test_each_payment_is_queried_until_safaricom_says_not_paid() -> None:
    first = expired()
    order = first.mpesa_order.order
    second = expired(order, phone=ANOTHER, now=later(200))

    results = [
        check_order(first, result_of(first, "1032")),
        check_order(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + 60),
        check_order(first, result_of(second, "1"), at=HALF_AN_HOUR + 120),
    ]

    assert results == [CloseResult.POSTPONED, CloseResult.POSTPONED, CloseResult.CLOSED]
    assert row(first).close_reason == "expired"


def test_unpaid_payment_is_queried_again_if_the_order_got_more_time() -> None:
    payment = expired()
    check_order(payment, result_of(payment, "1032"), at=HALF_AN_HOUR)
    MpesaOrder.objects.update(closed_at=None, pay_before=later(A_DAY), close_check_at=later(A_DAY))
    payment.mpesa_order.order.__class__.objects.update(status="Pending payment")

    outcome = check_order(payment, result_of(payment, "0"), at=A_DAY)

    assert outcome is CloseResult.PAID


def test_one_paid_payment_does_not_end_the_queries_of_another() -> None:
    first = expired()
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    results = [
        check_order(first, DarajaUnreachable("no answer")),
        check_order(first, result_of(second, "0"), at=HALF_AN_HOUR + 60),
        check_order(first, result_of(first, "0"), at=HALF_AN_HOUR + 120),
    ]

    assert results == [CloseResult.POSTPONED, CloseResult.POSTPONED, CloseResult.PAID]
    assert set(MpesaReceipt.objects.values_list("status", flat=True)) == {"matched", "overpaid"}


def test_unsent_payment_is_not_queried() -> None:
    with replaced_transport(ScriptedTransport({"push": [refusal("400.002.02", "Invalid PhoneNumber", status=400)]})):
        payment = new_payment()

    outcome = check_order(payment)

    assert (payment.status, outcome) == ("failed", CloseResult.CLOSED)


def test_live_prompt_postpones_closing() -> None:
    payment = prompted()

    outcome = check_order(payment, result_of(payment, "4999"))

    assert (outcome, row(payment).close_check_at) == (CloseResult.POSTPONED, later(HALF_AN_HOUR + 60))


def test_prompt_that_extends_the_time_to_pay_postpones_closing() -> None:
    first = expired()
    prompted(first.mpesa_order.order, now=later(29 * 60))

    early = check_order(first)
    outcomes = [
        check_order(first, result_of(first, "1032"), at=33 * 60),
        check_order(first, query_reply("4999") | {"CheckoutRequestID": "ws_CO_1"}, at=34 * 60),
    ]

    assert (early, *outcomes) == (CloseResult.UNCHANGED, CloseResult.POSTPONED, CloseResult.POSTPONED)


def test_wrong_amount_delays_closing_by_three_days_at_most() -> None:
    first = expired()
    second = prompted(first.mpesa_order.order, phone=ANOTHER, now=later(200))
    post(second, success(second, amount=5), now=later(230))

    early = check_order(first, result_of(first, "1032"), at=2 * A_DAY)
    late = check_order(first, at=HALF_AN_HOUR + 3 * A_DAY)

    closed = row(first)
    assert (early, late) == (CloseResult.POSTPONED, CloseResult.CLOSED)
    assert (closed.close_reason, StockRecord.objects.get().num_allocated) == ("expired", 0)
    assert MpesaReceipt.objects.get().status == "wrong_amount"


def test_paid_order_set_back_to_pending_is_not_closed() -> None:
    payment = expired()
    apply_update(payment, query_update("0"), now=later(200))
    payment.mpesa_order.order.__class__.objects.update(status="Pending payment")

    outcome = check_order(payment, at=A_DAY * 2)

    assert (outcome, row(payment).is_closed) == (CloseResult.PAID, False)


def test_order_that_staff_moved_on_is_left_alone() -> None:
    payment = expired()
    order = payment.mpesa_order.order
    order.__class__.objects.update(status="Complete")

    outcome = check_order(payment, result_of(payment, "1032"))

    assert (outcome, row(payment).close_check_at) == (CloseResult.UNCHANGED, None)
    assert StockRecord.objects.get().num_allocated == 1


def test_late_worker_does_nothing() -> None:
    payment = expired()
    stale = row(payment)

    first = check_order(payment, DarajaUnreachable("no answer"))
    with replaced_transport(ScriptedTransport()):
        second = close_expired_order(stale, now=later(HALF_AN_HOUR + 61))

    assert (first, second) == (CloseResult.POSTPONED, CloseResult.UNCHANGED)


def test_money_that_arrives_during_the_query_is_seen_under_the_lock() -> None:
    payment = expired()
    row(payment)
    body = success(payment)

    class Overtaken(ScriptedTransport):
        """Post the callback while the query is on its way."""

        def send(self, request: Any) -> Any:
            if "query" in request.url:
                post(payment, body, now=later(HALF_AN_HOUR))
            return super().send(request)

    with replaced_transport(Overtaken({"query": [result_of(payment, "1032")]})):
        outcome = close_expired_order(row(payment), now=later(HALF_AN_HOUR))

    assert (outcome, row(payment).order.status) == (CloseResult.PAID, "Being processed")


def test_raising_shop_code_leaves_the_order_to_retry() -> None:
    payment = expired()

    def raises(**_: Any) -> None:
        raise RuntimeError("the shop's receiver is broken")

    order_status_changed.connect(raises)
    try:
        with pytest.raises(RuntimeError, match="the shop's receiver"):
            check_order(payment, result_of(payment, "1032"))
    finally:
        order_status_changed.disconnect(raises)
    in_between = row(payment)
    outcome = check_order(payment, at=HALF_AN_HOUR + 300)

    assert (in_between.is_closed, in_between.close_check_at) == (False, later(HALF_AN_HOUR + 300))
    assert StockRecord.objects.get().num_allocated == 0
    assert outcome is CloseResult.CLOSED
