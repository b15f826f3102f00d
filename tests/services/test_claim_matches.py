"""Match claims with the money that Safaricom proves (L10). It counts once, for Safaricom's order."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaEvent, MpesaReceipt
from oscar_mpesa.services.claim_matches import match_pending, pending_matches
from oscar_mpesa.services.claims import withdraw_claim
from oscar_mpesa.services.payment_updates import apply_update
from tests.rows import all_rows, changed_since
from tests.services.concurrent_changes import just_before
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    change_total,
    claim_for,
    entries,
    money,
    order_of,
    pay_amount,
    receipt,
    row,
    signals,
)
from tests.services.recorded_codes import CONFIRMED, MISTYPED, two_expired
from tests.shop import ANOTHER, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

BOOKS = ("payment_source", "order_paymentevent")


def claim(number: str = FIRST) -> MpesaClaim:
    return MpesaClaim.objects.get(number=number)


def test_safaricom_s_code_confirms_the_claim_in_place(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff)
    allocation, before = MpesaAllocation.objects.get(), all_rows()

    pay(first, number=FIRST, now=later(500))

    allocation.refresh_from_db()
    assert (allocation.receipt, allocation.claim, allocation.is_active) == (receipt(), None, True)
    assert (claim().status, claim().receipt, claim().open_number) == ("confirmed", receipt(), None)
    assert (money(), balance(order), entries(order)) == (("matched", 0, ""), (True, 0), [(FIRST, 1500)])
    assert (books(order), signals(order)) == (1500, ["order_paid 1"])
    assert changed_since(before).isdisjoint(BOOKS)
    event = MpesaEvent.objects.get(type="claim_confirmed")
    assert event.params == {"claim": claim().pk, "number": FIRST, "amount": "1500.00"}


def test_claim_confirmed_for_more_than_counted_is_overpaid(staff: Any) -> None:
    first, _ = canceled_twice(total="2000.00")
    order = order_of(first)
    change_total(order, "1500.00", at=200)
    claim_for(order, staff, amount=2000)

    pay(first, number=FIRST, now=later(500))

    assert (money(), entries(order)) == (("overpaid", 500, "order_paid"), [(FIRST, 1500)])


def test_other_amount_than_claimed_is_safaricom_s(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff, amount=1400)

    pay(first, number=FIRST, now=later(500))

    assert (claim().status, money()) == ("confirmed", ("matched", 0, ""))
    assert (balance(order), entries(order), books(order)) == ((True, 0), [(FIRST, 1500)], 1500)


def test_wrong_amount_takes_no_place_of_another_claim_s_amount(staff: Any) -> None:
    first, _ = canceled_twice()
    claim_for(order_of(first), staff)

    pay_amount(first, 1400, at=500)

    order = order_of(first)
    assert (money(), balance(order)) == (("wrong_amount", 1400, "wrong_amount"), (False, 1500))
    assert (books(order), signals(order)) == (0, ["order_paid 1", "order_unpaid 1"])


def test_wrong_amount_that_staff_claimed_counts(staff: Any) -> None:
    first, _ = canceled_twice()
    claim_for(order_of(first), staff, amount=1400)

    pay_amount(first, 1400, at=500)

    assert (money(), balance(first.mpesa_order)) == (("matched", 0, ""), (False, 100))


def test_code_typed_with_wrong_characters_gives_way_to_the_real_one(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff, number=MISTYPED)

    pay(first, number=CONFIRMED, now=later(500))

    assert (claim(MISTYPED).status, entries(order)) == ("open", [(CONFIRMED, 1500)])
    assert (money(CONFIRMED), balance(order)) == (("matched", 0, ""), (True, 0))
    assert (books(order), signals(order)) == (1500, ["order_paid 1"])
    assert claim(MISTYPED).allocations.get().reversal_reason == "confirmed_money"


def test_newest_claim_gives_way_first(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    change_total(order, "3000.00", at=200)
    claim_for(order, staff, number="OD444DDD44", amount=1000)
    claim_for(order, staff, number="OD555EEE55", amount=2000, at=410)

    pay(first, number=FIRST, now=later(500))

    assert entries(order) == [("OD444DDD44", 1000), (FIRST, 1500), ("OD555EEE55", 500)]
    assert (balance(order), books(order)) == ((True, 0), 3000)


def test_claim_of_a_canceled_order_is_not_owed_any_more(staff: Any) -> None:
    order = new_order(status="Pending")
    own = claim_for(order, staff)

    change_total(order, "1000.00")

    assert [(each.reversal_reason, each.amount) for each in own.allocations.all()] == [("not_owed", 1500), ("", 1000)]


# Safaricom's order wins


def test_money_of_two_customers_is_sorted_out_when_both_callbacks_arrive(
    staff: Any, django_capture_on_commit_callbacks: Any
) -> None:
    a, b = new_payment(), new_payment(phone=ANOTHER)
    claim_for(order_of(b), staff, number=FIRST)

    with django_capture_on_commit_callbacks(execute=True):
        pay(b, number=SECOND, now=later(500))
    with django_capture_on_commit_callbacks(execute=True):
        pay(a, number=FIRST, now=later(600))

    assert (claim().status, claim().receipt) == ("withdrawn", receipt(FIRST))
    assert (entries(order_of(a)), balance(a.mpesa_order), books(order_of(a))) == ([(FIRST, 1500)], (True, 0), 1500)
    assert (entries(order_of(b)), balance(b.mpesa_order), books(order_of(b))) == ([(SECOND, 1500)], (True, 0), 1500)
    assert {each.status for each in MpesaReceipt.objects.all()} == {"matched"}


def test_claim_for_the_wrong_order_leaves_it_unpaid(staff: Any, django_capture_on_commit_callbacks: Any) -> None:
    a, b = new_payment(), new_payment(phone=ANOTHER)
    claim_for(order_of(b), staff, number=FIRST)

    with django_capture_on_commit_callbacks(execute=True):
        pay(a, number=FIRST, now=later(600))

    assert (claim().status, claim().allocations.get().reversal_reason) == ("withdrawn", "other_target")
    assert (balance(a.mpesa_order), balance(b.mpesa_order)) == ((True, 0), (False, 1500))
    assert (books(order_of(b)), signals(order_of(b))) == (0, ["order_paid 1", "order_unpaid 1"])
    assert MpesaEvent.objects.get(type="claim_withdrawn").mpesa_order == row(order_of(b))


def test_claim_left_behind_is_found_and_matched_later(staff: Any) -> None:
    a, b = new_payment(), new_payment(phone=ANOTHER)
    claim_for(order_of(b), staff, number=FIRST)
    pay(a, number=FIRST, now=later(600))
    found = list(pending_matches())

    match_pending(FIRST, "simulated", now=later(700))
    match_pending(FIRST, "simulated", now=later(800))

    assert (found, list(pending_matches()), claim().status) == ([receipt()], [], "withdrawn")
    assert claim().ended_at == later(700)


def test_claim_without_its_money_matches_nothing(staff: Any) -> None:
    claim_for(new_order(status="Pending"), staff)

    match_pending(FIRST, "simulated", now=later(700))
    match_pending(FIRST, "production", now=later(700))

    assert (claim().status, list(pending_matches())) == ("open", [])


def test_claim_and_receipt_stored_at_the_same_moment_count_once(staff: Any) -> None:
    payment = new_payment()
    order = order_of(payment)
    change_total(order, "3000.00", at=1)
    claim_for(order, staff, number=SECOND)
    pay(payment, number=FIRST, now=later(500))
    MpesaClaim.objects.update(number=FIRST, open_number=FIRST)

    match_pending(FIRST, "simulated", now=later(700))

    assert (claim().status, money()) == ("confirmed", ("matched", 0, ""))
    assert (entries(order), balance(order), books(order)) == ([(FIRST, 1500)], (False, 1500), 1500)


def test_money_of_no_order_confirms_the_claim_s_order(staff: Any) -> None:
    order = new_order(status="Pending")
    claim_for(order, staff)
    statement = MpesaReceipt.objects.create(
        number=FIRST,
        environment="simulated",
        amount=1500,
        paid_at=later(300),
        posted_on=later(300).date(),
        channel="statement",
        created_at=later(600),
    )

    match_pending(FIRST, "simulated", now=later(700))

    assert (claim().status, claim().receipt, entries(order)) == ("confirmed", statement, [(FIRST, 1500)])
    assert (balance(order), MpesaAllocation.objects.get().receipt) == ((True, 0), statement)


# Money without a code


def test_query_finds_the_money_that_staff_recorded(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff)
    before = all_rows()

    apply_update(first, query_update("0"), now=later(500))

    first.refresh_from_db()
    assert (first.status, claim().status, claim().receipt) == ("completed", "open", receipt(None))
    assert (entries(order), balance(order), books(order)) == ([("", 1500)], (True, 0), 1500)
    assert changed_since(before).isdisjoint(BOOKS)


def test_code_that_follows_confirms_the_claim(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    claim_for(order, staff)
    apply_update(first, query_update("0"), now=later(500))

    post(first, success(first, number=FIRST), now=later(600))

    assert (claim().status, money(), entries(order)) == ("confirmed", ("matched", 0, ""), [(FIRST, 1500)])
    assert (books(order), order.sources.get().reference) == (1500, FIRST)


def test_other_code_that_follows_leaves_the_claim_reported(staff: Any) -> None:
    first, _ = canceled_twice()
    order = order_of(first)
    apply_update(first, query_update("0"), now=later(300))
    claim_for(order, staff, number=MISTYPED)

    post(first, success(first, number=CONFIRMED), now=later(600))

    assert (claim(MISTYPED).status, claim(MISTYPED).receipt) == ("open", None)
    assert (money(CONFIRMED), entries(order), books(order)) == (("matched", 0, ""), [(CONFIRMED, 1500)], 1500)


@pytest.mark.parametrize("amounts", [(1500, 1500), (1400, 100)], ids=["two alike", "another amount"])
def test_money_without_code_replaces_no_unclear_claim(staff: Any, amounts: tuple[int, int]) -> None:
    first, _ = two_expired()
    order = order_of(first)
    for number, amount in zip((FIRST, SECOND), amounts, strict=True):
        claim_for(order, staff, number=number, amount=amount)

    apply_update(first, query_update("0"), now=later(500))

    assert {each.receipt for each in MpesaClaim.objects.all()} == {None}
    assert (entries(order), balance(order), books(order)) == ([("", 1500)], (True, 0), 1500)


def test_claim_withdrawn_at_the_same_moment_stays_withdrawn(staff: Any) -> None:
    a, b = new_payment(), new_payment(phone=ANOTHER)
    own = claim_for(order_of(b), staff, number=FIRST)
    pay(a, number=FIRST, now=later(600))

    with just_before('FROM "oscar_mpesa_mpesaorder"', lambda: withdraw_claim(own, by=staff, note="x", now=later(650))):
        match_pending(FIRST, "simulated", now=later(700))

    assert (claim().status, claim().ended_at, claim().receipt) == ("withdrawn", later(650), None)
