"""The adapter of previews answers like the real one, and runs no code of the shop."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOutboxMessage, SkipReason
from oscar_mpesa.oscar_adapter.adapter import OscarAdapter
from oscar_mpesa.services.ports import ShopAdapter
from tests.rows import all_rows, changed_since
from tests.services.money import expired_order, order_of, paid_order, receipt, row
from tests.services.refunds import refund
from tests.shop import new_order, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def adapter() -> ShopAdapter:
    return OscarAdapter().for_preview()


def test_ids_that_it_pretends_to_write_belong_to_no_row(adapter: ShopAdapter) -> None:
    order = paid_order()
    entry = MpesaAllocation.objects.get()
    before = all_rows()

    first, second = (adapter.write_allocation(entry, order, completes=True) for _ in range(2))

    assert len({first.source, first.event, second.source, second.event}) == 4
    assert not get_model("payment", "Source").objects.filter(pk__in=[first.source, second.source]).exists()
    assert changed_since(before) == set()


def test_books_stay_as_they_are(adapter: ShopAdapter) -> None:
    order = paid_order()
    entry = MpesaAllocation.objects.get()
    sent = refund(receipt(), new_staff_user("record_refund"), amount=100)[0]
    before = all_rows()

    adapter.reverse_allocation(entry, order, amount=Decimal(1500))
    adapter.name_allocation(entry, order)
    adapter.write_refund(sent, order)
    adapter.void_refund(sent, order)
    skipped = adapter.send_email(MpesaOutboxMessage.objects.filter(kind="paid_email").get())

    assert (changed_since(before), skipped) == (set(), SkipReason.OUTDATED)
    assert adapter.for_preview() is adapter


def test_reads_are_those_of_the_real_adapter(adapter: ShopAdapter) -> None:
    order, real = paid_order(), OscarAdapter()
    cash, _ = get_model("payment", "SourceType").objects.get_or_create(code="cash", name="Cash")
    order.sources.create(source_type=cash, amount_allocated=300, amount_debited=300)

    assert adapter.book_totals([order.pk]) == real.book_totals([order.pk])
    assert (adapter.book_totals([order.pk])[order.pk].ours, adapter.other_payments(order)) == (1500, 300)


@pytest.mark.parametrize(
    ("status", "paid", "pending"),
    [
        ("Pending payment", "Being processed", "Pending payment"),
        ("Payment expired", "Being processed", "Pending payment"),
        ("Being processed", "Being processed", "Being processed"),
        ("Cancelled", "Cancelled", "Cancelled"),
    ],
)
def test_statuses_are_those_that_the_real_adapter_sets(
    status: str, paid: str, pending: str, adapter: ShopAdapter
) -> None:
    for act, expected in (("mark_paid", paid), ("mark_pending", pending)):
        for each in (adapter, OscarAdapter()):
            order = new_order()
            Order.objects.filter(pk=order.pk).update(status=status)
            order = order_of(order)

            getattr(each, act)(order)

            assert (order.status, order_of(order).status) == (expected, expected)


@pytest.mark.parametrize(("stock", "is_there"), [(10, True), (1, True), (0, False)])
def test_released_stock_is_checked_without_taking_it(stock: int, is_there: bool, adapter: ShopAdapter) -> None:
    order = order_of(expired_order())
    snapshot = row(order).stock_snapshot
    StockRecord.objects.update(num_in_stock=stock, num_allocated=0)
    before = all_rows()

    assert adapter.retake_stock(order, snapshot) is is_there
    assert changed_since(before) == set()
    assert OscarAdapter().retake_stock(order, snapshot) is is_there


def test_stock_of_a_deleted_record_is_missing_and_no_snapshot_needs_none(adapter: ShopAdapter) -> None:
    order = order_of(expired_order())
    snapshot = row(order).stock_snapshot
    order.lines.update(stockrecord=None)

    assert (adapter.retake_stock(order, snapshot), adapter.retake_stock(order, {})) == (False, True)


@pytest.mark.parametrize(("status", "after"), [("Pending payment", "Payment expired"), ("Cancelled", "Cancelled")])
def test_released_order_expires_unless_it_was_canceled(status: str, after: str, adapter: ShopAdapter) -> None:
    order = new_order(status=status)
    before = all_rows()

    assert adapter.release_stock(order) == {}
    assert (order.status, order_of(order).status) == (after, after)
    assert changed_since(before) <= {"order_order"}
