"""Reassess orders: fit their entries to what is owed, then use the money that is meant for them (L4 to L6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaReceipt, RefundStatus
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.order_closure import close_order
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    reassess,
    receipt,
    twice_paid,
)
from tests.services.refunds import RETURNED, refund, request_refund
from tests.shop import later, new_payment, pay

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def unmatch(order: Any, staff: Any, *, at: float = 800) -> MpesaReceipt:
    """Take an order's newest money from it, as staff do."""
    entry = MpesaAllocation.objects.active().filter(order=order).latest("pk")
    return reverse_allocation(entry, by=staff, note="another order's", now=later(at))


# The total changes


def test_order_dearer_than_its_push_is_paid_in_part() -> None:
    payment = new_payment()
    change_total(order_of(payment), "2500.00", at=1)

    pay(payment, number=FIRST, now=later(5))

    assert (balance(payment.mpesa_order), money()) == ((False, 1000), ("matched", 0, ""))
    assert order_of(payment).status == "Pending payment"


def test_order_cheaper_than_its_push_is_overpaid() -> None:
    payment = new_payment()
    change_total(order_of(payment), "900.00", at=1)

    pay(payment, number=FIRST, now=later(5))

    assert (balance(payment.mpesa_order), money()) == ((True, 0), ("overpaid", 600, "order_paid"))
    assert entries(payment.mpesa_order) == [(FIRST, 900)]


def test_lower_total_of_a_paid_order_frees_the_rest() -> None:
    order = paid_order()

    change_total(order, "900.00")

    assert (balance(order), money()) == ((True, 0), ("overpaid", 600, "order_paid"))
    assert (entries(order), books(order)) == ([(FIRST, 900)], 900)


def test_lower_total_shrinks_the_newest_money_first() -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "3000.00", at=120)
    pay(first, number=FIRST, now=later(300))
    pay(second, number=SECOND, now=later(310))

    change_total(order_of(first), "1400.00")

    assert (money(FIRST), money(SECOND)) == (("overpaid", 100, "order_paid"), ("overpaid", 1500, "order_paid"))
    assert (entries(order_of(first)), books(order_of(first))) == ([(FIRST, 1400)], 1400)


def test_overpaid_part_is_used_when_the_total_rises() -> None:
    order = paid_order()
    change_total(order, "900.00")

    change_total(order, "1200.00", at=700)

    assert (balance(order), money()) == ((True, 0), ("overpaid", 300, "order_paid"))
    assert (entries(order), books(order)) == ([(FIRST, 900), (FIRST, 300)], 1200)


def test_dearer_paid_order_misses_the_difference() -> None:
    order = paid_order()

    change_total(order, "1800.00")

    assert (balance(order), order_of(order).status) == ((False, 300), "Being processed")
    assert entries(order) == [(FIRST, 1500)]


# Which money is used


def test_exact_fit_is_used_before_older_money(staff: Any) -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "700.00", at=120)
    close_order(order_of(first), by=staff, now=later(150))
    pay(first, number=FIRST, now=later(300))
    MpesaReceipt.objects.filter(number=FIRST).update(paid_at=later(-500))
    pay(second, number=SECOND, now=later(310))
    MpesaReceipt.objects.filter(number=SECOND).update(amount=700, payment=None)
    MpesaOrder.objects.update(closed_at=None, close_reason="")

    reassess(order_of(first))

    assert entries(order_of(first)) == [(SECOND, 700)]
    assert (money(FIRST), money(SECOND)) == (("overpaid", 1500, "order_paid"), ("matched", 0, ""))


def test_oldest_money_is_used_if_none_fits_exactly(staff: Any) -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "1800.00", at=120)
    close_order(order_of(first), by=staff, now=later(150))
    pay(first, number=FIRST, now=later(300))
    pay(second, number=SECOND, now=later(310))
    MpesaReceipt.objects.filter(number=SECOND).update(paid_at=later(-500))
    MpesaOrder.objects.update(closed_at=None, close_reason="")

    reassess(order_of(first))

    assert entries(order_of(first)) == [(SECOND, 1500), (FIRST, 300)]
    assert (money(FIRST), money(SECOND)) == (("overpaid", 1200, "order_paid"), ("matched", 0, ""))


def test_two_part_payments_pay_an_order() -> None:
    first, second = canceled_twice()
    change_total(order_of(first), "3000.00", at=120)

    pay(first, number=FIRST, now=later(300))
    pay(second, number=SECOND, now=later(310))

    order = order_of(first)
    assert (entries(order), balance(order)) == ([(FIRST, 1500), (SECOND, 1500)], (True, 0))
    assert (order.status, books(order)) == ("Being processed", 3000)


def test_valid_entry_is_not_swapped_for_a_better_fit() -> None:
    first, second = canceled_twice()
    pay(first, number=FIRST, now=later(300))
    change_total(order_of(first), "1400.00")
    pay(second, number=SECOND, now=later(600))
    MpesaReceipt.objects.filter(number=SECOND).update(amount=1400, payment=None)

    reassess(order_of(first), at=700)

    assert entries(order_of(first)) == [(FIRST, 1400)]


def test_second_payment_counts_once_the_first_is_refunded(staff: Any) -> None:
    order = twice_paid()

    refund(receipt(FIRST), staff)

    assert (money(FIRST), money(SECOND)) == (("refunded", 0, ""), ("matched", 0, ""))
    assert (balance(order), entries(order), books(order)) == ((True, 0), [(FIRST, 1500), (SECOND, 1500)], 1500)


def test_order_whose_two_payments_are_refunded_keeps_no_money(staff: Any) -> None:
    order = twice_paid()

    refund(receipt(FIRST), staff)
    refund(receipt(SECOND), staff, code="SKN7AAA222", purpose=RETURNED)

    assert (money(FIRST), money(SECOND)) == (("refunded", 0, ""), ("refunded", 0, ""))
    assert (balance(order), books(order), order_of(order).status) == ((False, 1500), 0, "Being processed")


# A person's word, and reserved money


def test_unmatched_money_is_never_used_again_by_itself(staff: Any) -> None:
    order = paid_order()
    unmatch(order, staff)

    change_total(order, "1600.00", at=900)

    assert (money(), entries(order)) == (("unmatched", 1500, "unmatched_by_staff"), [])
    assert balance(order) == (False, 1600)


def test_money_unmatched_once_is_matched_by_people_only(staff: Any) -> None:
    order = paid_order()
    unmatch(order, staff)
    allocate(receipt(), order, by=staff, now=later(900))

    change_total(order, "900.00", at=1000)
    change_total(order, "1500.00", at=1100)

    assert (money(), balance(order)) == (("unmatched", 600, "unmatched_by_staff"), (False, 600))


def test_rest_of_an_unmatched_receipt_waits_after_part_is_matched(staff: Any) -> None:
    order = paid_order()
    unmatch(order, staff)

    allocate(receipt(), order, amount=Decimal(500), by=staff, now=later(810))
    allocate(receipt(), order, amount=Decimal(300), by=staff, now=later(820))

    assert (money(), balance(order)) == (("unmatched", 700, "unmatched_by_staff"), (False, 700))


def test_rest_of_a_receipt_matched_in_part_waits_for_the_person(staff: Any) -> None:
    payment, _ = canceled_twice()
    close_order(order_of(payment), by=staff, now=later(150))
    pay(payment, number=FIRST, now=later(300))

    allocate(receipt(), order_of(payment), amount=Decimal(500), by=staff, now=later(400))
    reassess(order_of(payment))

    assert (money(), balance(payment.mpesa_order)) == (("unmatched", 1000, "unmatched_by_staff"), (False, 1000))


def test_rest_of_a_wrong_amount_matched_in_part_waits(staff: Any) -> None:
    payment = new_payment()

    allocate(pay_amount(payment, 2000), order_of(payment), amount=Decimal(1000), by=staff, now=later(99))

    assert (money(), balance(payment.mpesa_order)) == (("wrong_amount", 1000, "wrong_amount"), (False, 500))


def test_reserved_money_is_not_taken_from_an_order() -> None:
    order = paid_order()
    request_refund(receipt(), 1000, allocation=MpesaAllocation.objects.get())

    change_total(order, "300.00")

    assert (entries(order), money()) == ([(FIRST, 1000)], ("overpaid", 500, "order_paid"))
    assert balance(order) == (True, -700)
    assert MpesaAllocation.objects.active().get().refunds.get().status == RefundStatus.REQUESTED


def test_reserved_overpayment_is_not_used_when_the_total_rises() -> None:
    order = paid_order()
    change_total(order, "900.00")
    request_refund(receipt(), 600)

    change_total(order, "1500.00", at=700)

    assert (money(), balance(order)) == (("matched", 0, ""), (False, 600))


def test_wrong_amount_waits_for_a_person() -> None:
    payment = new_payment()

    pay_amount(payment, 1400)

    assert (money(), balance(payment.mpesa_order)) == (("wrong_amount", 1400, "wrong_amount"), (False, 1500))
    payment.refresh_from_db()
    assert payment.status == "completed"


def test_wrong_amount_for_a_paid_order_is_overpaid() -> None:
    first, second = canceled_twice()
    pay(first, number=FIRST, now=later(300))

    pay_amount(second, 3, number=SECOND, at=310)

    assert money(SECOND) == ("overpaid", 3, "order_paid")


def test_rest_of_a_wrong_amount_is_used_after_staff_matched_it(staff: Any) -> None:
    payment = new_payment()
    allocate(pay_amount(payment, 2000), order_of(payment), by=staff, now=later(99))

    change_total(order_of(payment), "1800.00")

    assert (money(), balance(payment.mpesa_order)) == (("overpaid", 200, "order_paid"), (True, 0))
