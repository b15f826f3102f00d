"""An order whose time is over is given up, after a last question about each of its prompts (M10, M11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.daraja.errors import DarajaUnreachable
from oscar_mpesa.lifecycle.gateway import replaced_transport
from oscar_mpesa.lifecycle.releasing import Release, release_overdue
from oscar_mpesa.lifecycle.settling import settle
from oscar_mpesa.models import DueKind, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.testing import ScriptedTransport
from tests.lifecycle.closings import A_DAY, HALF_AN_HOUR, expired, looked_at, prompted, row, said
from tests.lifecycle.wire import ACCEPTED, CREDENTIALS, refusal, told
from tests.shop import ANOTHER, later, new_payment, post, said_by_query, success

pytestmark = pytest.mark.django_db


StockRecord = get_model("partner", "StockRecord")


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def test_an_order_that_nobody_paid_is_released_once_and_its_shopper_told() -> None:
    payment = expired()

    outcome = looked_at(payment, said(payment, "1032"))
    again = looked_at(payment, at=A_DAY)

    released = row(payment)
    assert (outcome, again) == (Release.RELEASED, Release.LEFT_ALONE)
    assert (released.order.status, released.release_reason) == ("Payment expired", "overdue")
    assert (released.released_at, released.release_at) == (later(HALF_AN_HOUR), None)
    assert StockRecord.objects.get().num_allocated == 0
    assert released.given_back["stock"] == {str(released.order.lines.get().pk): 1}
    assert released.dues.filter(kind=DueKind.CLOSED_MAIL).count() == 1
    assert MpesaEvent.objects.get(type="order_closed").params == {"reason": "overdue"}


def test_an_order_is_not_looked_at_before_its_time_is_over() -> None:
    payment = expired()

    outcome = looked_at(payment, at=HALF_AN_HOUR - 1)

    assert (outcome, row(payment).release_at) == (Release.LEFT_ALONE, later(HALF_AN_HOUR))


@pytest.mark.parametrize(
    "answer",
    [told("4999"), refusal("500.001.1001", "The transaction does not exist", status=500)],
    ids=["still waiting", "unknown to Safaricom"],
)
def test_no_result_long_after_the_prompt_means_that_there_will_be_none(answer: Any) -> None:
    payment = expired()
    MpesaPayment.objects.update(checkout_request_id=ACCEPTED["CheckoutRequestID"])

    outcome = looked_at(payment, answer)

    assert (outcome, row(payment).release_reason) == (Release.RELEASED, "overdue")


def test_money_that_only_the_last_question_brings_to_light_pays_the_order() -> None:
    payment = expired()

    outcome = looked_at(payment, said(payment, "0"))

    paid = row(payment)
    assert (outcome, paid.order.status, paid.is_released) == (Release.PAID, "Being processed", False)
    assert paid.release_at is None


@pytest.mark.parametrize("nothing", [DarajaUnreachable("no answer"), "77777"], ids=["unreachable", "unknown code"])
def test_without_an_answer_the_release_waits_longer_and_longer_and_goes_unasked_after_a_day(nothing: Any) -> None:
    payment = expired()
    answer = said(payment, nothing) if isinstance(nothing, str) else nothing
    pauses = []

    for after in (0, 10 * 60, 20 * 60 * 60, A_DAY - 1):
        MpesaOrder.objects.update(release_at=F("pay_before"))
        at = HALF_AN_HOUR + after
        assert looked_at(payment, answer, at=at) is Release.POSTPONED
        pauses.append(row(payment).release_at - later(at))  # type: ignore[operator]
    MpesaOrder.objects.update(release_at=F("pay_before"))
    outcome = looked_at(payment, answer, at=HALF_AN_HOUR + A_DAY)

    assert pauses == [timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=1)]
    assert (outcome, row(payment).release_reason) == (Release.RELEASED, "unasked")


def test_each_prompt_is_asked_about_and_what_safaricom_denied_is_not_asked_again() -> None:
    first = expired()
    order = first.mpesa_order.order
    second = expired(order, phone=ANOTHER, now=later(200))

    waiting = looked_at(first, said(first, "1032"), DarajaUnreachable("no answer"))
    outcome = looked_at(first, said(second, "1"), at=HALF_AN_HOUR + 60)

    assert (waiting, outcome) == (Release.POSTPONED, Release.RELEASED)
    assert row(first).release_reason == "overdue"


def test_what_safaricom_denied_is_asked_about_again_if_the_time_to_pay_grew_since() -> None:
    payment = expired()
    looked_at(payment, said(payment, "1032"), at=HALF_AN_HOUR)
    MpesaOrder.objects.update(released_at=None, pay_before=later(A_DAY), release_at=later(A_DAY))
    payment.mpesa_order.order.__class__.objects.update(status="Pending payment")

    outcome = looked_at(payment, said(payment, "0"), at=A_DAY)

    assert outcome is Release.PAID


def test_one_prompt_that_was_paid_does_not_end_the_questions_about_another() -> None:
    first = expired()
    second = expired(first.mpesa_order.order, phone=ANOTHER, now=later(200))

    outcome = looked_at(first, DarajaUnreachable("no answer"), said(second, "0"))
    later_on = looked_at(first, said(first, "0"), at=HALF_AN_HOUR + 60)

    assert (outcome, later_on) == (Release.POSTPONED, Release.PAID)
    assert set(MpesaReceipt.objects.values_list("allocation", flat=True)) == {"applied", "surplus"}


def test_an_attempt_that_was_never_sent_needs_no_question() -> None:
    with replaced_transport(ScriptedTransport({"push": [refusal("400.002.02", "Invalid PhoneNumber", status=400)]})):
        payment = new_payment()

    outcome = looked_at(payment)

    assert (payment.status, outcome) == ("failed", Release.RELEASED)


def test_a_prompt_that_is_still_on_the_phone_postpones_the_release() -> None:
    payment = prompted()

    outcome = looked_at(payment, said(payment, "4999"))

    assert (outcome, row(payment).release_at) == (Release.POSTPONED, later(HALF_AN_HOUR + 60))


def test_a_prompt_that_moved_the_order_s_time_moves_the_release_to_it() -> None:
    first = expired()
    prompted(first.mpesa_order.order, now=later(29 * 60))

    early = looked_at(first)
    outcome = looked_at(first, said(first, "1032"), told("4999") | {"CheckoutRequestID": "ws_CO_1"}, at=33 * 60)

    assert (early, outcome) == (Release.LEFT_ALONE, Release.POSTPONED)


def test_an_order_with_a_held_payment_is_not_released() -> None:
    first = expired()
    held = prompted(first.mpesa_order.order, phone=ANOTHER, now=later(200))
    post(held, success(held, amount=5), now=later(230))

    outcome = looked_at(first, said(first, "1032"), at=A_DAY * 2)

    assert (outcome, row(first).is_released, row(first).release_at) == (Release.PAID, False, None)


def test_a_held_payment_is_never_asked_about() -> None:
    payment = prompted()
    MpesaPayment.objects.update(held=True)

    assert looked_at(payment) is Release.POSTPONED


@pytest.mark.parametrize("allocation", ["applied", "surplus", "unallocated", "mismatch"])
def test_an_order_whose_money_is_there_is_never_released_by_the_clock(allocation: str) -> None:
    payment = expired()
    settle(payment, said_by_query("0"), now=later(200))
    MpesaReceipt.objects.update(allocation=allocation, booked_at=None)
    payment.mpesa_order.order.__class__.objects.update(status="Pending payment")

    outcome = looked_at(payment, at=A_DAY * 2)

    assert (outcome, row(payment).is_released) == (Release.PAID, False)


def test_an_order_that_staff_moved_on_is_left_alone() -> None:
    payment = expired()
    order = payment.mpesa_order.order
    order.__class__.objects.update(status="Complete")

    outcome = looked_at(payment, said(payment, "1032"))

    assert (outcome, row(payment).release_at) == (Release.LEFT_ALONE, None)
    assert StockRecord.objects.get().num_allocated == 1


def test_a_copy_that_comes_late_does_nothing() -> None:
    payment = expired()
    stale = row(payment)

    first = looked_at(payment, DarajaUnreachable("no answer"))
    with replaced_transport(ScriptedTransport()):
        second = release_overdue(stale, now=later(HALF_AN_HOUR + 61))

    assert (first, second) == (Release.POSTPONED, Release.LEFT_ALONE)


def test_money_that_arrives_while_safaricom_is_asked_is_seen_under_the_lock() -> None:
    payment = expired()
    row(payment)
    body = success(payment)

    class Overtaken(ScriptedTransport):
        """The callback comes while the question is on its way."""

        def send(self, request: Any) -> Any:
            if "query" in request.url:
                post(payment, body, now=later(HALF_AN_HOUR))
            return super().send(request)

    with replaced_transport(Overtaken({"query": [said(payment, "1032")]})):
        outcome = release_overdue(row(payment), now=later(HALF_AN_HOUR))

    assert (outcome, row(payment).order.status) == (Release.PAID, "Being processed")


def test_the_shop_s_own_code_that_raises_leaves_the_order_to_be_tried_again() -> None:
    payment = expired()

    def raises(**_: Any) -> None:
        raise RuntimeError("the shop's receiver is broken")

    order_status_changed.connect(raises)
    try:
        with pytest.raises(RuntimeError, match="the shop's receiver"):
            looked_at(payment, said(payment, "1032"))
    finally:
        order_status_changed.disconnect(raises)
    in_between = row(payment)
    outcome = looked_at(payment, at=HALF_AN_HOUR + 300)

    assert (in_between.is_released, in_between.release_at) == (False, later(HALF_AN_HOUR + 300))
    assert StockRecord.objects.get().num_allocated == 0
    assert outcome is Release.RELEASED
