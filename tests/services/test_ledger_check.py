"""The check adds up every entry again, shows what does not agree, and changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaOrder, MpesaReceipt, MpesaRefund, RefundPurpose
from oscar_mpesa.services.allocation import reverse_allocation
from oscar_mpesa.services.claims import record_claim, withdraw_claim
from oscar_mpesa.services.ledger_check import check_ledger
from oscar_mpesa.services.refunds import record_refund
from tests.rows import all_rows
from tests.shop import NOON, later, new_order, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

Order = get_model("order", "Order")
Source = get_model("payment", "Source")


@pytest.fixture
def staff(db: Any) -> Any:
    return new_staff_user("match_receipt", "record_claim", "record_refund", "resolve_receipt")


@pytest.fixture
def receipt(db: Any) -> MpesaReceipt:
    """Money that pays an order of KSh 1,500."""
    pay(new_payment())
    return MpesaReceipt.objects.get()


def differences(**options: Any) -> list[str]:
    return [str(each) for each in check_ledger(**options)]


def test_empty_shop_has_no_differences(db: Any) -> None:
    assert differences() == []


def test_order_that_was_never_assessed_has_no_differences(db: Any) -> None:
    new_payment()

    assert MpesaOrder.objects.get().balance is None
    assert differences() == []


def test_every_kind_of_entry_adds_up_and_nothing_changes(receipt: MpesaReceipt, staff: Any) -> None:
    order = receipt.meant_for
    signed = {"by": staff, "now": later(60)}
    record_refund(receipt, amount=Decimal(400), code="by hand", purpose=RefundPurpose.CREDIT, **signed)
    record_refund(receipt, amount=Decimal(100), code="by hand", purpose=RefundPurpose.PAYMENT_RETURNED, **signed)
    claim = record_claim("ODX0000001", Decimal(30), order=order, note="statement", **signed)
    withdraw_claim(
        record_claim("ODX0000002", Decimal(20), order=order, note="statement", **signed), note="no", **signed
    )
    other = new_payment(now=later(600))
    post(other, success(other, amount=7, number="ODX0000003"), now=later(610))
    before = all_rows()

    found = differences()

    assert found == []
    assert all_rows() == before
    assert MpesaAllocation.objects.get(claim=claim).amount == 30


def test_unmatched_and_resolved_money_adds_up(receipt: MpesaReceipt, staff: Any) -> None:
    reverse_allocation(receipt.allocations.get(), by=staff, note="another order's", now=later(60))

    assert MpesaReceipt.objects.get().unallocated == 1500
    assert differences() == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"unallocated": 500}, "receipt {}: unallocated is 500.00, expected 0.00"),
        ({"unmatched_reason": "order_paid"}, "receipt {}: has_reason is True, expected False"),
        ({"status": "overpaid"}, "receipt {}: status is overpaid, expected matched"),
    ],
)
def test_wrong_sums_of_a_receipt_are_shown(receipt: MpesaReceipt, columns: dict[str, Any], expected: str) -> None:
    MpesaReceipt.objects.update(**columns)

    assert differences() == [expected.format(receipt.pk)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"balance": 700}, "order {}: balance is 700.00, expected 0.00"),
        ({"is_paid": False}, "order {}: is_paid is False, expected True"),
    ],
)
def test_wrong_sums_of_an_order_are_shown(receipt: MpesaReceipt, columns: dict[str, Any], expected: str) -> None:
    MpesaOrder.objects.update(**columns)

    assert differences() == [expected.format(receipt.meant_for_id)]


def test_sources_that_differ_from_the_booked_entries_are_shown(receipt: MpesaReceipt) -> None:
    Source.objects.update(amount_debited=1400)

    order_id = receipt.meant_for_id
    assert differences() == [f"order {order_id}: books is 1400.00, expected 1500.00"]


def test_order_of_another_method_pays_part_of_the_total(receipt: MpesaReceipt) -> None:
    source_type = get_model("payment", "SourceType").objects.create(name="Voucher", code="voucher")
    Source.objects.bulk_create([Source(order=receipt.meant_for, source_type=source_type, amount_debited=200)])

    assert differences() == [f"order {receipt.meant_for_id}: balance is 0.00, expected -200.00"]


def test_second_source_of_the_shop_is_left_out(receipt: MpesaReceipt) -> None:
    ours = Source.objects.get()
    Source.objects.create(order=receipt.meant_for, source_type=ours.source_type, amount_debited=Decimal(1500))

    assert differences() == []


def test_allocation_that_was_booked_twice_is_shown(receipt: MpesaReceipt) -> None:
    copy = Source.objects.get()
    copy.pk = None
    copy.save()

    assert differences() == [f"order {receipt.meant_for_id}: books is 3000.00, expected 1500.00"]


def test_canceled_order_owes_nothing(receipt: MpesaReceipt) -> None:
    Order.objects.update(status="Cancelled")

    assert differences() == [
        f"order {receipt.meant_for_id}: balance is 0.00, expected -1500.00",
        f"order {receipt.meant_for_id}: is_paid is True, expected False",
    ]


def test_claim_with_too_much_and_too_many_entries_is_shown(staff: Any) -> None:
    order = new_order()
    claim = record_claim("ODX0000001", Decimal(900), order=order, by=staff, note="statement", now=NOON)
    MpesaClaim.objects.update(amount=500, open_number=None)
    entry = MpesaAllocation.objects.get()
    entry.pk, entry.booked_at, entry.oscar_source_id = None, None, None
    entry.save()

    assert [line for line in differences() if line.startswith("claim")] == [
        f"claim {claim.pk}: active_entries is 2, expected 1",
        f"claim {claim.pk}: counted is 1800.00, expected 500.00",
        f"claim {claim.pk}: open_number is None, expected ODX0000001",
    ]


def test_withdrawn_claim_that_still_counts_is_shown(staff: Any) -> None:
    claim = record_claim("ODX0000001", Decimal(900), order=new_order(), by=staff, note="statement", now=NOON)
    MpesaClaim.objects.update(status="withdrawn", open_number=None)

    assert differences() == [f"claim {claim.pk}: active_entries is 1, expected 0"]


def test_refund_of_a_reversed_entry_is_shown(receipt: MpesaReceipt, staff: Any) -> None:
    entry = receipt.allocations.get()
    reverse_allocation(entry, by=staff, note="another order's", now=later(60))
    MpesaRefund.objects.create(
        receipt=receipt,
        allocation=entry,
        amount=100,
        purpose="credit",
        method="reversal",
        status="requested",
        requested_at=NOON,
    )

    expected = f"receipt {receipt.pk}: refunds_of_reversed is 100.00, expected 0"
    assert differences() == [expected]


def test_receipt_that_repeats_another_has_nothing_left(receipt: MpesaReceipt) -> None:
    MpesaReceipt.objects.create(
        number="ODX0000009",
        environment="sandbox",
        amount=1500,
        paid_at=NOON,
        posted_on=NOON.date(),
        same_as=receipt,
        status="resolved",
        created_at=NOON,
    )

    assert MpesaReceipt.objects.filter(same_as=receipt).count() == 1
    assert differences() == []


def test_rows_created_before_since_are_left_out(receipt: MpesaReceipt) -> None:
    MpesaReceipt.objects.update(status="overpaid")

    assert differences(since=receipt.created_at) != []
    assert differences(since=later(3600)) == []


def test_difference_that_is_gone_at_the_second_reading_is_not_shown(receipt: MpesaReceipt) -> None:
    """A payment that arrives between two queries looks like a difference once."""
    MpesaOrder.objects.update(balance=700)
    reads: list[str] = []

    def pay_after_first_reading(execute: Any, sql: str, *rest: Any) -> Any:
        reads.append(sql)
        result = execute(sql, *rest)
        if sum('"payment_source"' in each for each in reads) == 1 and '"payment_source"' in sql:
            MpesaOrder.objects.update(balance=0)
        return result

    with connection.execute_wrapper(pay_after_first_reading):
        found = differences()

    assert found == []


def test_check_makes_as_many_queries_for_many_orders_as_for_one(db: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert differences() == []
        return len(captured)

    pay(new_payment(now=NOON), number="ODX0000001")
    for_one = queries()
    for number in range(2, 4):
        pay(new_payment(now=later(900 * number)), number=f"ODX000000{number}", now=later(900 * number))

    assert queries() == for_one


def test_rows_beyond_one_batch_are_checked(db: Any) -> None:
    facts = {"environment": "sandbox", "amount": 100, "paid_at": NOON, "posted_on": NOON.date(), "created_at": NOON}
    MpesaReceipt.objects.bulk_create(MpesaReceipt(number=f"OD{number:08}", **facts) for number in range(301))

    found = differences()

    assert len(found) == 2 * 301
    assert len(set(found)) == len(found)
