"""``reconcile`` does all due work, one step at a time (M14)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import DatabaseError
from oscar.core.loading import get_model

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaCallback,
    MpesaClaim,
    MpesaOrder,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    Verdict,
)
from oscar_mpesa.services import callbacks
from oscar_mpesa.services.callbacks import delete_unverified, retry_callback, unprocessed_callbacks
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.reconciliation import Kind, Step, reconcile
from tests.services.concurrent_changes import broken_shop, failing_queries, just_before
from tests.shop import (
    CANCELS,
    NO_FUNDS,
    NOON,
    failure,
    later,
    new_order,
    new_payment,
    new_staff_user,
    pay,
    post,
    success,
)

pytestmark = pytest.mark.django_db

HALF_AN_HOUR = 30 * 60

Order = get_model("order", "Order")


#: Seconds after which old unverified posts are deleted.
MONTH = timedelta(days=30, seconds=30).total_seconds()


def steps_at(at: float) -> list[tuple[str, str, bool]]:
    """Run one pass; return each step with its outcome."""
    return [(step.kind.value, step.outcome, step.done) for step in reconcile(lambda: later(at))]


def crashed_callback(payment: MpesaPayment, body: bytes) -> MpesaCallback:
    """Store a callback whose process died right after."""
    return MpesaCallback.objects.create(
        body=body, received_at=NOON, environment=payment.environment, payment=payment, verdict=Verdict.RECEIVED
    )


def test_quiet_shop_has_no_due_work() -> None:
    assert steps_at(0) == []


def test_callback_of_a_dead_process_is_processed_after_a_minute() -> None:
    payment = new_payment()
    crashed_callback(payment, success(payment))

    too_soon = list(unprocessed_callbacks(later(59)))
    steps = steps_at(60)

    payment.refresh_from_db()
    assert too_soon == []
    assert steps[0] == ("callback", "applied", True)
    assert payment.status == "completed"


def test_callback_that_keeps_crashing_stops_after_ten_tries() -> None:
    payment = new_payment()
    pauses, at = [], 0.0

    with _crashing():
        post(payment, success(payment))
        while callback := unprocessed_callbacks(later(at + 1e9)).first():
            assert callback.next_try_at is not None
            pauses.append((callback.next_try_at - later(at)).total_seconds())
            at += pauses[-1]
            assert retry_callback(callback, now=later(at)) is False

    kept = MpesaCallback.objects.get()
    assert (kept.verdict, kept.tries) == (Verdict.FAILED, 10)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360]


def test_two_workers_process_a_callback_once() -> None:
    payment = new_payment()
    callback = crashed_callback(payment, success(payment))
    stale = MpesaCallback.objects.select_related("payment").get()

    with _crashing():
        first, second = retry_callback(callback, now=later(60)), retry_callback(stale, now=later(60))

    callback.refresh_from_db()
    assert (first, second, callback.tries) == (False, True, 1)


@pytest.mark.django_db(transaction=True)
def test_verdict_that_cannot_be_stored_is_no_success() -> None:
    payment = new_payment()
    callback = crashed_callback(payment, success(payment))

    with failing_queries("UPDATE", "mpesacallback", 'SET "verdict"', error=DatabaseError("gone")):
        tried = retry_callback(callback, now=later(60))

    assert tried is False
    assert MpesaCallback.objects.get().next_try_at == later(120)


def test_due_payments_are_queried_expired_or_failed() -> None:
    new_payment()
    new_payment(phone=NO_FUNDS)
    new_payment(phone=CANCELS, sent=False)

    steps = steps_at(60)

    assert [step for step in steps if step[0] == "payment"] == [
        ("payment", "completed", True),
        ("payment", "failed", True),
        ("payment", "failed", True),
    ]


def test_payment_without_a_result_keeps_waiting() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(practice_seen_at=later(15))

    steps = steps_at(30)

    payment.refresh_from_db()
    assert steps == [("payment", "processing", True), ("index", "indexed", True)]


def test_refused_bookings_are_retried() -> None:
    payment = new_payment()
    with broken_shop():
        post(payment, success(payment))
        refused = steps_at(60)
    mended = steps_at(180)

    assert [step for step in refused if step[0] == "books"] == [("books", "refused", False)]
    assert [step for step in mended if step[0] == "books"] == [("books", "tried again", True)]
    assert MpesaAllocation.objects.get().booked_at == later(180)


def test_receipt_and_claim_of_one_code_are_matched() -> None:
    staff, order = new_staff_user("record_claim"), new_order(status="Pending")
    record_claim("OD123ABC45", Decimal(1500), order=order, by=staff, note="seen", now=NOON)
    pay(new_payment())  # the match after the commit was lost

    steps = steps_at(60)

    assert ("claim", "matched", True) in steps
    assert (MpesaClaim.objects.get().status, MpesaReceipt.objects.get().status) == ("withdrawn", "matched")


def test_overdue_orders_are_closed() -> None:
    payment = new_payment(phone=CANCELS)
    post(payment, failure(payment))

    steps = steps_at(HALF_AN_HOUR)

    assert ("order", "closed", True) in steps
    assert Order.objects.get().status == "Payment expired"


def test_unsent_emails_are_sent() -> None:
    pay(new_payment())
    MpesaOutboxMessage.objects.update(reserved_at=None, delivered_at=None, tries=0)
    mail.outbox.clear()

    steps = steps_at(60)

    assert ("message", "paid_email", True) in steps
    assert len(mail.outbox) == 1


def test_raising_step_is_logged_and_does_not_stop_others(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        payment = new_payment(phone=CANCELS)
        post(payment, failure(payment))

    with broken_shop():
        steps = steps_at(HALF_AN_HOUR)

    assert [step for step in steps if step[0] == "order"] == [("order", "RuntimeError", False)] * 2
    assert caplog.text.count("could not be processed; it stays due") == 2
    assert not MpesaOrder.objects.exclude(closed_at=None).exists()


def test_many_rows_are_read_in_batches() -> None:
    payment = new_payment()
    crashed = [
        MpesaCallback(body=b"noise", received_at=NOON, environment="simulated", payment=payment, verdict="received")
        for _ in range(101)
    ]
    MpesaCallback.objects.bulk_create(crashed)

    steps = [step for step in steps_at(61) if step[0] == "callback"]

    assert steps == [("callback", "unreadable", True)] * 101
    assert not unprocessed_callbacks(later(1e6)).exists()


def test_due_row_is_taken_once_a_pass() -> None:
    payment = new_payment()
    for index in range(100):
        payment.pk, payment.live_order = None, None
        payment.secret, payment.checkout_request_id = f"secret {index}", f"ws_CO_{index}"
        payment.save()
    MpesaPayment.objects.update(practice_seen_at=later(15))

    assert steps_at(30) == [("payment", "processing", True)] * 101 + [("index", "indexed", True)]


def test_interrupted_pass_loses_nothing() -> None:
    for _ in range(3):
        new_payment()

    first = next(iter(reconcile(lambda: later(30))))
    steps = steps_at(30)

    assert first == Step(kind=Kind.PAYMENT, pk=first.pk, outcome="completed", done=True)
    assert [step for step in steps if step[0] == "payment"] == [("payment", "completed", True)] * 2
    assert Order.objects.filter(status="Being processed").count() == 3


def test_each_step_gets_its_own_time() -> None:
    new_payment()
    new_payment()
    moments = iter(later(20 + second) for second in range(100))

    list(reconcile(lambda: next(moments)))

    first, second = MpesaPayment.objects.order_by("pk").values_list("completed_at", flat=True)
    assert first is not None
    assert second is not None
    assert first < second


def test_unverified_posts_are_deleted_after_thirty_days() -> None:
    payment = new_payment()
    kept = crashed_callback(payment, success(payment))
    old = MpesaCallback(body=b"x", received_at=NOON, environment="simulated", verdict=Verdict.UNVERIFIED)
    newer = MpesaCallback(body=b"x", received_at=later(60), environment="simulated", verdict=Verdict.UNVERIFIED)
    MpesaCallback.objects.bulk_create([old, newer])

    steps_at(MONTH)

    left = MpesaCallback.objects.values_list("verdict", "received_at")
    assert set(left) == {("applied", NOON), (Verdict.UNVERIFIED.value, later(60))}
    assert kept.pk is not None


def test_deletion_is_limited_per_pass() -> None:
    old = {"body": b"x", "received_at": NOON, "environment": "simulated", "verdict": Verdict.UNVERIFIED}
    MpesaCallback.objects.bulk_create(MpesaCallback(**old) for _ in range(1001))
    now = later(timedelta(days=31).total_seconds())

    assert [delete_unverified(now=now) for _ in range(3)] == [1000, 1, 0]


def test_unverified_posts_of_one_moment_stay_within_the_cap() -> None:
    noise = {"body": b"x", "received_at": NOON, "environment": "simulated", "verdict": Verdict.UNVERIFIED}
    others = [MpesaCallback(**noise) for _ in range(20)]

    with just_before("INSERT", lambda: MpesaCallback.objects.bulk_create(others)):
        answer = callbacks.receive_callback(b"noise", secret="", address=None, now=NOON)

    assert answer is None
    assert MpesaCallback.objects.count() == 20
    assert sum(MpesaCallback.objects.values_list("suppressed", flat=True)) == 1


def _crashing() -> AbstractContextManager[None]:
    return failing_queries("UPDATE", "mpesapayment", error=DatabaseError("crash"))
