"""An order that the shop's own code keeps open is tried again with growing pauses, and raises an alert."""

from __future__ import annotations

import pytest

from oscar_mpesa.alerts.rules import Level
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.reconciliation import reconcile
from tests.alerts.expected_alerts import alert_of, sentence_of
from tests.services.concurrent_changes import broken_shop
from tests.shop import CANCELS, failure, later, new_payment, new_staff_user, post

pytestmark = pytest.mark.django_db

HALF_AN_HOUR = 30 * 60


def unpaid_order() -> MpesaOrder:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    return payment.mpesa_order


def run_at(at: float) -> list[tuple[str, bool]]:
    """Run one pass; return the outcomes of its orders."""
    steps = list(reconcile(lambda: later(at)))
    return [(step.outcome, step.done) for step in steps if step.kind.value == "order"]


def fail_until_alert() -> float:
    """Let closing fail three times, and return when the last try was."""
    with broken_shop():
        for at in (HALF_AN_HOUR, HALF_AN_HOUR + 300, HALF_AN_HOUR + 900):
            assert run_at(at) == [("RuntimeError", False)]
    return HALF_AN_HOUR + 900


def test_pauses_between_failed_closings_grow_to_six_hours() -> None:
    unpaid_order()
    pauses, at = [], float(HALF_AN_HOUR)

    with broken_shop():
        for _ in range(9):
            assert run_at(at) == [("RuntimeError", False)]
            failing = MpesaOrder.objects.get()
            assert failing.close_check_at is not None
            pauses.append((failing.close_check_at - later(at)).total_seconds() / 60)
            at += pauses[-1] * 60

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert (failing.close_failures, failing.close_failing_since) == (9, later(HALF_AN_HOUR))


def test_third_failure_raises_alert_until_closing_works() -> None:
    order = unpaid_order().order
    with broken_shop():
        run_at(HALF_AN_HOUR)
        run_at(HALF_AN_HOUR + 300)
        twice = alert_of("unclosable_orders", at=later(HALF_AN_HOUR + 300))
        run_at(HALF_AN_HOUR + 900)

    alert = alert_of("unclosable_orders", at=later(HALF_AN_HOUR + 900))
    outcome = run_at(HALF_AN_HOUR + 2100)

    assert twice is None
    assert alert is not None
    assert alert.sentence == (
        f"Order {order.number} could not be closed since 15:30: the shop's own code raises an error. Forward this to "
        "your developer. Its items stay reserved until then."
    )
    assert (alert.level, alert.url_name) == (Level.SOON, "dashboard:mpesa-payment")
    assert alert.url_args == (MpesaOrder.objects.get().payments.get().pk,)
    assert outcome == [("closed", True)]
    assert sentence_of("unclosable_orders", at=later(HALF_AN_HOUR + 2100)) == ""
    assert (MpesaOrder.objects.get().close_failures, MpesaOrder.objects.get().close_failing_since) == (0, None)


def test_several_failing_orders_share_one_alert() -> None:
    unpaid_order()
    unpaid_order()
    with broken_shop():
        for at in (HALF_AN_HOUR, HALF_AN_HOUR + 300, HALF_AN_HOUR + 900):
            assert run_at(at) == [("RuntimeError", False)] * 2

    alert = alert_of("unclosable_orders", at=later(HALF_AN_HOUR + 900))

    assert alert is not None
    assert alert.sentence.startswith("2 orders could not be closed since 15:30: the shop's own code raises an error.")
    assert (alert.count, alert.url_name) == (2, "dashboard:mpesa-payments")


def test_closing_by_staff_clears_the_alert() -> None:
    mpesa_order = unpaid_order()
    at = fail_until_alert()
    before = sentence_of("unclosable_orders", at=later(at))

    close_order(mpesa_order.order, by=new_staff_user("close_order"), now=later(at))
    run_at(at)

    assert before != ""
    assert sentence_of("unclosable_orders", at=later(at)) == ""
