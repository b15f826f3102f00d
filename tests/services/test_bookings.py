"""Write Oscar's books, and write them again if the shop's own code raises (L13)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.booking_retries import due_bookings, retry_booking
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import void_refund
from tests.pipelines import forked_pipeline
from tests.services.concurrent_changes import broken_books, broken_shop
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    order_of,
    paid_order,
    receipt,
    signals,
)
from tests.services.refunds import refund
from tests.shop import later, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def refused_order(*, status: bool = True) -> Any:
    """Create an order with money that the shop's own code refused to book."""
    payment = new_payment()
    with broken_shop() if status else broken_books():
        pay(payment, number=FIRST)
    return order_of(payment)


def entry(order: Any) -> MpesaAllocation:
    return MpesaAllocation.objects.active().get(order=order)


def events(order: Any) -> list[tuple[str, int, int]]:
    """Return the names, amounts and numbers of lines of an order's payment events."""
    return [(each.event_type.name, each.amount, each.lines.count()) for each in order.payment_events.order_by("pk")]


# Books


def test_payment_is_booked_with_every_line() -> None:
    order = paid_order(lines=2)

    source = order.sources.get()
    assert (source.amount_allocated, source.amount_debited, source.amount_refunded) == (1500, 1500, 0)
    assert (source.reference, events(order)) == (FIRST, [("Paid", 1500, 2)])
    assert (entry(order).booked_at, entry(order).oscar_source_id) == (later(0), source.pk)


def test_only_the_money_that_completes_an_order_is_its_paid_event() -> None:
    first, second = canceled_twice(total="1500.00")
    change_total(order_of(first), "3000.00", at=120)

    pay(first, number=FIRST, now=later(300))
    pay(second, number=SECOND, now=later(310))

    assert events(order_of(first)) == [("Part payment", 1500, 0), ("Paid", 1500, 1)]


def test_unmatched_money_is_taken_out_of_the_books(staff: Any) -> None:
    order = paid_order()

    reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    assert books(order) == 0
    assert events(order) == [("Paid", 1500, 1), ("Reversal", -1500, 0)]
    assert MpesaAllocation.objects.get().reversal_booked_at == later(800)


def test_order_paid_again_names_its_lines_once(staff: Any) -> None:
    order = paid_order()
    reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    allocate(receipt(), order, by=staff, now=later(900))

    assert events(order)[-1] == ("Paid", 1500, 0)
    assert (books(order), signals(order)) == (1500, ["order_paid 1", "order_unpaid 1", "order_paid 2"])


# The shop's own code raises


@pytest.mark.parametrize("status", [True, False], ids=["at the status", "at the books"])
def test_order_counts_as_paid_before_its_books_are_written(status: bool) -> None:
    order = refused_order(status=status)

    own, payment = entry(order), MpesaPayment.objects.get()
    assert (balance(order), payment.status, order.status) == ((True, 0), "completed", "Pending payment")
    assert (own.booked_at, own.tries, own.next_try_at) == (None, 1, later(60))
    assert "broken" in own.error
    assert (books(order), events(order), signals(order)) == (0, [], [])


def test_retry_writes_the_books_and_announces_the_order() -> None:
    order = refused_order()

    done = retry_booking(due_bookings(later(60)).get(), now=later(60))

    own = entry(order)
    assert (done, own.booked_at, own.tries, own.next_try_at, own.error) == (True, later(60), 0, None, "")
    assert (order_of(order).status, books(order), events(order)) == ("Being processed", 1500, [("Paid", 1500, 1)])
    assert signals(order) == ["order_paid 1"]


def test_booking_is_retried_for_days_after_longer_and_longer_pauses() -> None:
    order, moments = refused_order(), []

    with broken_shop():
        while (own := entry(order)).next_try_at is not None:
            moments.append(own.next_try_at)
            assert retry_booking(own, now=own.next_try_at) is False

    pauses = [(after - before).total_seconds() / 60 for before, after in pairwise(moments)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
    assert (own.tries, own.booked_at, balance(order)) == (12, None, (True, 0))
    assert "the shop's receiver is broken" in own.error


def test_status_refused_after_the_books_is_retried_with_growing_pauses() -> None:
    payment = new_payment()
    change_total(order_of(payment), "2500.00", at=1)
    pay(payment, number=FIRST, now=later(5))
    order = order_of(payment)

    with broken_shop():
        change_total(order, "1500.00", at=60)
        retry_booking(entry(order), now=later(120))
        own = entry(order)

    assert (own.booked_at, own.tries, own.next_try_at) == (later(5), 2, later(240))
    assert (books(order), signals(order), balance(order)) == (1500, [], (True, 0))
    assert retry_booking(own, now=later(240)) is True
    assert (order_of(order).status, signals(order)) == ("Being processed", ["order_paid 1"])


def test_two_workers_retry_a_booking_once() -> None:
    order = refused_order()
    own, stale = entry(order), entry(order)

    with broken_shop():
        results = retry_booking(own, now=later(60)), retry_booking(stale, now=later(60))

    assert (results, entry(order).tries) == ((False, True), 2)


def test_deadlock_during_a_retry_is_not_counted_as_refusal() -> None:
    order = refused_order()

    with broken_shop(OperationalError("deadlock")), pytest.raises(OperationalError):
        retry_booking(entry(order), now=later(60))

    own = entry(order)
    assert (own.tries, own.next_try_at, "deadlock" in own.error) == (1, later(180), False)


def test_two_entries_refused_together_complete_the_order_once() -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "3000.00", at=120)
    with broken_books():
        pay(first, number=FIRST, now=later(300))
        pay(second, number=SECOND, now=later(310))
    order = order_of(first)

    retry_booking(due_bookings(later(3600)).earliest("pk"), now=later(3600))

    assert events(order) == [("Part payment", 1500, 0), ("Paid", 1500, 1)]
    assert (books(order), signals(order), due_bookings(later(9999)).count()) == (3000, ["order_paid 1"], 0)


def test_refused_reversal_is_retried(staff: Any) -> None:
    order = paid_order()
    with broken_books():
        reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))
    in_between = (books(order), balance(order), signals(order))

    retry_booking(due_bookings(later(860)).get(), now=later(860))

    assert in_between == (1500, (False, 1500), ["order_paid 1", "order_unpaid 1"])
    assert (books(order), MpesaAllocation.objects.get().reversal_booked_at) == (0, later(860))


def test_unbooked_money_that_is_unmatched_never_reaches_the_books(staff: Any) -> None:
    order = refused_order()

    reverse_allocation(entry(order), by=staff, note="another order's", now=later(800))

    reason = MpesaAllocation.objects.get().reversal_reason
    assert (events(order), books(order), due_bookings(later(9999)).count(), reason) == ([], 0, 0, "staff")


def test_refund_recorded_before_the_booking_is_booked_with_it(staff: Any) -> None:
    order = refused_order()
    with broken_shop():
        refund(receipt(), staff, amount=500)
    in_between = order.sources.count()

    retry_booking(entry(order), now=later(3600))

    source = order.sources.get()
    assert (in_between, source.amount_debited, source.amount_refunded) == (0, 1500, 500)


def test_refund_voided_before_the_booking_is_not_booked(staff: Any) -> None:
    order = refused_order()
    with broken_shop():
        [own] = refund(receipt(), staff, amount=500)
        void_refund(own, by=staff, note="a mistake", now=later(750))

    retry_booking(entry(order), now=later(3600))

    source = order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (1500, 0)


def test_code_that_the_books_refuse_is_written_by_a_retry() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    with broken_books():
        post(payment, success(payment, number=FIRST), now=later(25))
    order = order_of(payment)
    in_between = (order.sources.get().reference, balance(order), "broken" in entry(order).error)

    retry_booking(entry(order), now=later(3600))

    assert in_between == ("", (True, 0), True)
    assert (order.sources.get().reference, entry(order).error) == (FIRST, "")


def test_order_that_staff_moved_on_keeps_its_status() -> None:
    payment = new_payment()
    Order.objects.update(status="Complete")

    pay(payment, number=FIRST)

    order = order_of(payment)
    assert (order.status, books(order), signals(order)) == ("Complete", 1500, ["order_paid 1"])


def test_status_that_the_pipeline_forbids_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = new_payment()
    forked_pipeline(monkeypatch, {"Pending payment": (), "Being processed": ()})

    pay(payment, number=FIRST)

    order = order_of(payment)
    assert (order.status, balance(order), books(order)) == ("Pending payment", (True, 0), 1500)
    assert signals(order) == ["order_paid 1"]


def test_code_that_comes_before_the_booking_is_written_with_it() -> None:
    payment = new_payment()
    with broken_books():
        apply_update(payment, query_update("0"), now=later(21))
        post(payment, success(payment, number=FIRST), now=later(25))
    order = order_of(payment)
    in_between = order.sources.count()

    retry_booking(entry(order), now=later(3600))

    assert (in_between, order.sources.get().reference, books(order)) == (0, FIRST, 1500)
