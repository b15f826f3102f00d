"""Record payments that staff saw before Safaricom reported them (L10)."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.db.models.signals import pre_save
from oscar.core.loading import get_model

from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused
from oscar_mpesa.models import MpesaClaim, MpesaEvent, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.claims import open_claims_of
from oscar_mpesa.services.exceptions import (
    ClaimKnown,
    InvalidAmount,
    NoteMissing,
    OtherCurrency,
    ReceiptKnown,
    TimeInFuture,
)
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    claim_for,
    entries,
    expired_order,
    order_of,
    paid_order,
    receipt,
    row,
    signals,
)
from tests.services.recorded_codes import record_code, two_expired
from tests.shop import later, new_order, new_payment, new_staff_user, query_update

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def test_claim_pays_its_order_and_is_reported_in_the_books(staff: Any) -> None:
    order = order_of(two_expired()[0])

    claim = claim_for(order, staff, number=" od111 aaa11 ")

    assert (claim.number, claim.status, claim.seen_in, claim.paid_at) == (FIRST, "open", "portal", later(400))
    assert (claim.by, claim.by_name, claim.environment) == (staff, "Achieng Were", "simulated")
    assert (balance(order), entries(order), signals(order)) == ((True, 0), [(FIRST, 1500)], ["order_paid 1"])
    assert (order_of(order).status, books(order)) == ("Being processed", 1500)
    transaction = order.sources.get().transactions.get()
    assert (transaction.amount, transaction.reference) == (1500, FIRST)
    assert not MpesaReceipt.objects.exists()
    event = MpesaEvent.objects.get(type="claim_recorded")
    assert (event.by, event.params["amount"], event.params["note"]) == (staff, "1500", "portal")


def test_claim_touches_no_payment(staff: Any) -> None:
    payment, _ = canceled_twice()

    claim_for(order_of(payment), staff)

    payment.refresh_from_db()
    assert (payment.status, payment.receipts.count(), balance(payment.mpesa_order)) == ("cancelled", 0, (True, 0))


def test_claim_of_less_is_a_part_payment(staff: Any) -> None:
    order = order_of(new_payment())

    claim_for(order, staff, amount=600)

    assert (balance(order), entries(order)) == ((False, 900), [(FIRST, 600)])
    assert (order_of(order).status, signals(order)) == ("Pending payment", [])


def test_claim_of_more_counts_up_to_the_balance(staff: Any) -> None:
    order = order_of(new_payment())

    claim = claim_for(order, staff, amount=2000)

    assert (claim.amount, balance(order), entries(order)) == (2000, (True, 0), [(FIRST, 1500)])


def test_claim_for_a_paid_order_counts_nothing(staff: Any) -> None:
    order = paid_order()

    claim_for(order, staff, number=SECOND)

    assert (entries(order), books(order)) == ([(FIRST, 1500)], 1500)
    assert [claim.number for claim in open_claims_of(row(order))] == [SECOND]


def test_claim_pays_an_order_of_another_method(staff: Any) -> None:
    order = new_order(status="Pending")

    claim_for(order, staff)

    assert (balance(order), row(order).close_check_at) == ((True, 0), None)


@pytest.mark.parametrize("by_staff", [False, True], ids=["by the clock", "by staff"])
def test_claim_reopens_a_closed_order(staff: Any, by_staff: bool) -> None:
    payment = canceled_twice()[0] if by_staff else expired_order()
    if by_staff:
        close_order(order_of(payment), by=staff, now=later(200))
    before = (row(payment.mpesa_order).is_closed, StockRecord.objects.get().num_allocated)

    claim_for(order_of(payment), staff, at=4000)

    assert before == (True, 0)
    assert (row(payment.mpesa_order).is_closed, StockRecord.objects.get().num_allocated) == (False, 1)
    assert order_of(payment).status == "Being processed"


@pytest.mark.parametrize("why", ["sold out", "back in the basket"])
def test_claim_for_an_order_that_cannot_reopen_counts_nothing(staff: Any, why: str) -> None:
    payment = expired_order()
    if why == "sold out":
        StockRecord.objects.update(num_in_stock=0)
    else:
        MpesaOrder.objects.update(basket_restored_at=later(2000))

    claim = claim_for(order_of(payment), staff, at=4000)

    assert (claim.is_open, entries(order_of(payment))) == (True, [])
    assert row(payment.mpesa_order).is_closed


def test_claim_of_a_canceled_order_counts_nothing(staff: Any) -> None:
    order = new_order(status="Cancelled")

    claim = claim_for(order, staff)

    assert (entries(order), balance(order), claim.status) == ([], (False, 0), "open")


def test_claim_for_money_without_a_code_only_names_it(staff: Any) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    order = order_of(payment)

    claim = claim_for(order, staff)

    assert (claim.receipt, claim.is_open, receipt(None).number) == (receipt(None), True, None)
    assert (entries(order), books(order), order.sources.get().reference) == ([("", 1500)], 1500, "")


def test_two_claims_name_two_receipts_without_code(staff: Any) -> None:
    first, second = two_expired()
    for payment in (first, second):
        apply_update(payment, query_update("0"), now=later(380))

    claims = [claim_for(order_of(first), staff, number=number) for number in (FIRST, SECOND)]

    assert [claim.receipt_id for claim in claims] == list(
        MpesaReceipt.objects.order_by("pk").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("amount", [1400, 1600])
def test_claim_of_another_amount_names_no_receipt(staff: Any, amount: int) -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    claim = claim_for(order_of(payment), staff, amount=amount)

    assert (claim.receipt, claim.status) == (None, "open")


# Refusals


def test_known_code_is_refused_and_shown(staff: Any) -> None:
    paid_order()

    with pytest.raises(ReceiptKnown) as refusal:
        claim_for(new_order(status="Pending"), staff)

    assert refusal.value.receipt == receipt()
    assert MpesaOrder.objects.count() == 1


def test_open_claim_of_the_same_code_is_refused(staff: Any) -> None:
    claim_for(new_order(status="Pending"), staff)
    other = new_order(status="Pending")

    with pytest.raises(ClaimKnown):
        claim_for(other, staff)

    assert (MpesaClaim.objects.count(), entries(other)) == (1, [])


def test_code_recorded_at_the_same_moment_is_refused(staff: Any) -> None:
    order = order_of(new_payment())

    def overtake(instance: MpesaClaim, **_: Any) -> None:
        pre_save.disconnect(overtake, sender=MpesaClaim)
        MpesaClaim.objects.bulk_create([copy(instance)])

    pre_save.connect(overtake, sender=MpesaClaim)
    with pytest.raises(ClaimKnown):
        claim_for(order, staff)

    assert (MpesaClaim.objects.count(), entries(order)) == (0, [])


def test_other_error_of_the_database_is_not_called_a_known_code(staff: Any) -> None:
    order = order_of(new_payment())

    def break_event(instance: MpesaEvent, **_: Any) -> None:
        if instance.type == "claim_recorded":
            raise IntegrityError("the shop's own table")

    pre_save.connect(break_event, sender=MpesaEvent)
    try:
        with pytest.raises(IntegrityError, match="the shop's own table"):
            claim_for(order, staff)
    finally:
        pre_save.disconnect(break_event, sender=MpesaEvent)

    assert not MpesaClaim.objects.exists()


def test_recording_needs_permission() -> None:
    order = new_order(status="Pending")

    with pytest.raises(PermissionDenied):
        claim_for(order, new_staff_user("match_receipt", "record_refund"))

    assert not MpesaClaim.objects.exists()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"number": "not a code"}, ReceiptNumberRefused),
        ({"amount": "0"}, InvalidAmount),
        ({"amount": "-5"}, InvalidAmount),
        ({"amount": "0.005"}, InvalidAmount),
        ({"amount": "NaN"}, InvalidAmount),
        ({"amount": "1000000000"}, InvalidAmount),
        ({"note": "  "}, NoteMissing),
        ({"paid_at": later(401)}, TimeInFuture),
    ],
    ids=["code", "zero", "negative", "half a cent", "no number", "too much", "no note", "in the future"],
)
def test_impossible_values_are_not_recorded(staff: Any, changes: dict[str, Any], error: type[Exception]) -> None:
    payment = new_payment()

    with pytest.raises(error):
        record_code(payment, by=staff, **changes)

    assert not MpesaClaim.objects.exists()


def test_order_in_another_currency_is_refused(staff: Any) -> None:
    with pytest.raises(OtherCurrency):
        claim_for(new_order(currency="USD"), staff)
