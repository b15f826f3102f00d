"""Oscar's sources agree with the ledger after refunds, smaller allocations and failed bookings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from oscar_mpesa.models import MpesaAllocation, MpesaReceipt, MpesaRefund
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.booking_retries import retry_booking
from oscar_mpesa.services.exceptions import BookingFailed
from oscar_mpesa.services.order_changes import reassess
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.oscar_adapter.books import net_of_books, payment_events, sources, transactions
from tests.services.concurrent_changes import broken_books
from tests.shop import failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db


def paid_order() -> Any:
    return pay(new_payment(new_order(lines=2))).mpesa_order.order


def refund(amount: int, *, by: Any, at: float = 60, code: str = "RX99") -> MpesaRefund:
    receipt = MpesaReceipt.objects.latest("pk")
    return record_refund(receipt, amount=Decimal(amount), code=code, by=by, now=later(at))[0]


def unmatch(*, by: Any, at: float = 90) -> None:
    active = MpesaAllocation.objects.active().get()
    reverse_allocation(active, by=by, note="wrong order", now=later(at))


def change_total(order: Any, total: int, *, at: float = 120) -> None:
    type(order).objects.filter(pk=order.pk).update(total_incl_tax=total, total_excl_tax=total)
    reassess(order.pk, now=later(at))


@pytest.mark.parametrize("amount", [1500, 200])
def test_refund_is_recorded_on_the_source(boss: Any, amount: int) -> None:
    order = paid_order()

    refund(amount, by=boss)

    assert sources(order) == [("OD123ABC45", 1500, 1500, amount)]
    assert transactions(order) == [
        ("Debit", 1500, "OD123ABC45", "simulated"),
        ("Refund", amount, "RX99", "refunded"),
    ]
    assert payment_events(order) == [("Paid", 1500, "OD123ABC45", 2)]
    assert net_of_books(order) == 1500 - amount


def test_voided_refund_is_taken_back_from_the_source(boss: Any) -> None:
    order = paid_order()

    void_refund(refund(200, by=boss), by=boss, note="a mistake", now=later(90))

    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]
    assert transactions(order)[1:] == [("Refund", 200, "RX99", "refunded"), ("Refund", -200, "RX99", "refund voided")]
    assert net_of_books(order) == 1500


def test_unmatching_after_a_part_refund_keeps_one_source(boss: Any) -> None:
    order = paid_order()
    refund(200, by=boss)

    unmatch(by=boss)

    assert [each.amount for each in MpesaAllocation.objects.order_by("pk")] == [1500, 200]
    assert sources(order) == [("OD123ABC45", 200, 200, 200)]
    assert transactions(order)[2:] == [("Reversal", -1300, "OD123ABC45", "reversed")]
    assert payment_events(order)[1:] == [("Reversal", -1300, "OD123ABC45", 0)]
    assert net_of_books(order) == 0


def test_refund_of_a_smaller_allocation_uses_its_old_source(boss: Any) -> None:
    order = paid_order()
    change_total(order, 1000)
    shrunk = (sources(order), net_of_books(order))
    receipt = MpesaReceipt.objects.get()

    record_refund(receipt, amount=Decimal(700), code="RX99", by=boss, now=later(150))

    assert shrunk == ([("OD123ABC45", 1000, 1000, 0)], 1000)
    assert sources(order) == [("OD123ABC45", 1000, 1000, 200)]
    assert net_of_books(order) == 800


def test_refund_can_be_voided_after_its_allocation_was_replaced(boss: Any) -> None:
    order = paid_order()
    wrong = refund(200, by=boss)
    change_total(order, 1000)

    void_refund(wrong, by=boss, note="a mistake", now=later(150))

    assert sources(order) == [("OD123ABC45", 1000, 1000, 0)]
    assert net_of_books(order) == 1000


def test_allocation_can_shrink_twice_on_one_source() -> None:
    order = paid_order()

    change_total(order, 1000)
    change_total(order, 600, at=150)

    assert sources(order) == [("OD123ABC45", 600, 600, 0)]
    assert [each[:2] for each in payment_events(order)] == [("Paid", 1500), ("Reversal", -500), ("Reversal", -400)]
    assert net_of_books(order) == 600


def test_refund_before_the_booking_is_written_with_the_booking(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    with broken_books():
        pay(payment)
        refund(200, by=boss)
    unbooked = MpesaAllocation.objects.get()
    assert (unbooked.booked_at, sources(order), net_of_books(order)) == (None, [], 0)

    assert retry_booking(unbooked, now=later(600))

    assert sources(order) == [("OD123ABC45", 1500, 1500, 200)]
    assert transactions(order) == [
        ("Debit", 1500, "OD123ABC45", "simulated"),
        ("Refund", 200, "RX99", "refunded"),
    ]
    assert net_of_books(order) == 1300


def test_refund_voided_before_the_booking_is_never_written(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    with broken_books():
        pay(payment)
        void_refund(refund(200, by=boss), by=boss, note="a mistake", now=later(90))

    assert retry_booking(MpesaAllocation.objects.get(), now=later(600))

    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]


def test_allocation_that_shrinks_before_its_booking_is_booked_once(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    with broken_books():
        pay(payment)
        change_total(order, 1000)

    assert retry_booking(MpesaAllocation.objects.active().get(), now=later(600))

    assert sources(order) == [("OD123ABC45", 1000, 1000, 0)]
    assert payment_events(order) == [("Paid", 1000, "OD123ABC45", 1)]
    assert net_of_books(order) == 1000


def test_failed_reversal_holds_back_what_remains_until_the_retry() -> None:
    order = paid_order()
    with broken_books():
        change_total(order, 1000)
    reversed_one, kept = MpesaAllocation.objects.order_by("pk")
    before = (sources(order), reversed_one.reversal_booked_at, bool(reversed_one.error), kept.booked_at)

    assert retry_booking(reversed_one, now=later(600))

    kept.refresh_from_db()
    assert before == ([("OD123ABC45", 1500, 1500, 0)], None, True, None)
    assert kept.booked_at == later(600)
    assert sources(order) == [("OD123ABC45", 1000, 1000, 0)]
    assert net_of_books(order) == 1000


def test_code_that_arrives_before_a_failed_reversal_is_booked_names_the_source() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, query_update("0"), now=later(21))
    with broken_books():
        change_total(order, 1000)
        post(payment, success(payment), now=later(150))
    before = sources(order)

    retry_booking(MpesaAllocation.objects.order_by("pk")[0], now=later(900))

    assert before == [("", 1500, 1500, 0)]
    assert sources(order) == [("OD123ABC45", 1000, 1000, 0)]
    assert payment_events(order)[0] == ("Paid", 1500, "OD123ABC45", 1)


def test_refund_after_a_failed_reversal_is_written_once(boss: Any) -> None:
    order = paid_order()
    with broken_books():
        change_total(order, 1000)

    refund(700, by=boss, at=150)

    assert sources(order) == [("OD123ABC45", 1000, 1000, 200)]
    assert net_of_books(order) == 800


def test_refund_that_the_shop_refuses_is_not_recorded(boss: Any) -> None:
    order = paid_order()

    with broken_books(), pytest.raises(BookingFailed):
        refund(200, by=boss)

    assert not MpesaRefund.objects.exists()
    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]


def test_refund_of_a_deleted_source_is_recorded_without_it(boss: Any) -> None:
    order = paid_order()
    order.sources.all().delete()

    voided = refund(200, by=boss)
    void_refund(voided, by=boss, note="a mistake", now=later(90))

    assert MpesaRefund.objects.get().status == "voided"
    assert sources(order) == []


def test_second_payment_replaces_the_refunded_first(boss: Any) -> None:
    order = new_order(lines=2)
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = pay(new_payment(order, now=later(70)), number="OD222BBB22", now=later(80))
    post(first, success(first, number="OD111AAA11"), now=later(90))

    receipt = MpesaReceipt.objects.get(payment=second)
    record_refund(receipt, amount=Decimal(1500), code="RX99", by=boss, now=later(99))

    assert sources(order) == [("OD222BBB22", 1500, 1500, 1500), ("OD111AAA11", 1500, 1500, 0)]
    assert [each[:2] for each in payment_events(order)] == [("Paid", 1500), ("Part payment", 1500)]
    assert net_of_books(order) == 1500


def test_payment_tab_of_oscars_dashboard_tells_what_each_row_is(boss: Any, client: Any) -> None:
    order = paid_order()
    refund(200, by=boss)
    unmatch(by=boss)
    client.force_login(boss)

    page = client.get(reverse("dashboard:order-detail", kwargs={"number": order.number})).content.decode()

    tab = page[page.index("Payment sources") : page.index("Discounts</h3>")]
    cells = [cell.split("</td>")[0] for cell in tab.split("<td>")[1:]]
    rows = [cells[:5], *(cells[start : start + 4] for start in range(5, len(cells), 5))]
    assert rows == [
        ["M-PESA", "KSh 200", "KSh 200", "KSh 200", "OD123ABC45"],
        ["M-PESA", "-KSh 1,300", "OD123ABC45", "reversed"],
        ["M-PESA", "KSh 200", "RX99", "refunded"],
        ["M-PESA", "KSh 1,500", "OD123ABC45", "simulated"],
    ]
