"""Claims that gave way count again when their order owes more (L10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaClaim
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from tests.rows import all_rows, changed_since
from tests.services.daraja_replies import CREDENTIALS
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    claim_for,
    entries,
    order_of,
    pay_amount,
    reassess,
    receipt,
    row,
    signals,
)
from tests.services.recorded_codes import CONFIRMED, MISTYPED
from tests.shop import ANOTHER, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}


def test_claim_that_gave_way_to_another_claim_s_money_counts_again(staff: Any) -> None:
    payment = new_payment()
    order = order_of(payment)
    change_total(order, "3000.00", at=100)
    for number in (FIRST, SECOND):
        claim_for(order, staff, number=number)
    apply_update(payment, query_update("0"), now=later(500))
    before = entries(order)

    post(payment, success(payment, number=FIRST), now=later(510))

    assert before == [(FIRST, 1500), ("", 1500)]
    assert sorted(entries(order)) == [(FIRST, 1500), (SECOND, 1500)]
    assert (balance(order), books(order), signals(order)) == ((True, 0), 3000, ["order_paid 1"])


def test_claim_counts_again_after_a_lower_total_rises(staff: Any) -> None:
    order = new_order(status="Pending")
    claim_for(order, staff)

    change_total(order, "900.00", at=700)
    change_total(order, "1500.00", at=800)

    assert (entries(order), balance(order), books(order)) == ([(FIRST, 900), (FIRST, 600)], (True, 0), 1500)
    assert {each.by for each in MpesaClaim.objects.get().allocations.all()} == {staff}


def test_reassessing_again_counts_no_claim_twice(staff: Any) -> None:
    order = new_order(status="Pending")
    claim_for(order, staff)
    change_total(order, "2500.00", at=700)
    before = all_rows()

    reassess(order, at=900)

    assert (changed_since(before), balance(order)) == (set(), (False, 1000))


def test_claim_that_counted_nothing_takes_a_withdrawn_claim_s_place(staff: Any) -> None:
    order = new_order(status="Pending")
    wrong, _ = (claim_for(order, staff, number=number) for number in (FIRST, SECOND))

    withdraw_claim(wrong, by=staff, note="mistyped", now=later(900))

    assert (entries(order), signals(order)) == ([(SECOND, 1500)], ["order_paid 1"])


def test_claim_that_may_be_for_known_money_stays_away(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff, number=MISTYPED)
    pay(first, number=CONFIRMED, now=later(500))

    change_total(order, "2000.00", at=600)

    assert (entries(order), balance(order)) == ([(CONFIRMED, 1500)], (False, 500))


def test_claim_that_gave_way_to_a_person_s_match_stays_away(staff: Any) -> None:
    order, own = new_order(status="Pending"), new_payment(phone=ANOTHER)
    claim_for(order, staff)
    pay_amount(own, 1000, number=SECOND, at=500)
    allocate(receipt(SECOND), order, by=staff, now=later(600))
    before = entries(order)

    reverse_allocation(receipt(SECOND).allocations.get(), by=staff, note="another order's", now=later(700))

    assert before == [(SECOND, 1000), (FIRST, 500)]
    assert (entries(order), balance(order)) == ([(FIRST, 500)], (False, 1000))


def test_claim_of_a_closed_order_stays_away(staff: Any) -> None:
    payment, _ = canceled_twice()
    order = order_of(payment)
    claim_for(order, staff, amount=600)
    close_order(order, by=staff, now=later(900))

    reassess(order, at=1000)

    assert (entries(order), balance(order), row(order).is_closed) == ([], (False, 1500), True)


def test_test_claim_of_an_order_that_became_real_stays_away(staff: Any, settings: Any) -> None:
    order = new_order(status="Pending")
    claim_for(order, staff, number=SECOND)
    settings.OSCAR_MPESA = PRODUCTION
    claim_for(order, staff, amount=Decimal(1000), at=500)

    assert (entries(order), balance(order)) == ([(FIRST, 1000)], (False, 500))


def test_test_claim_counts_no_more_in_a_live_shop(staff: Any, settings: Any) -> None:
    order = new_order(status="Pending")
    claim_for(order, staff)
    change_total(order, "900.00", at=700)
    settings.OSCAR_MPESA = PRODUCTION

    change_total(order, "1500.00", at=800)

    assert (entries(order), balance(order)) == ([(FIRST, 900)], (False, 600))
