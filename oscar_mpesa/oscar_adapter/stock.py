"""Release an unpaid order's stock, vouchers and offers, and retake them if its money arrives late.

Oscar releases nothing by itself, not even when an order is cancelled. Rows are locked in Oscar's order (``locks``),
statistics last. Two things are not undone: an offer's deferred benefits, and what the shop's own code did when the
order was placed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import translation
from django.utils.translation import gettext as _
from oscar.core.loading import get_class, get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.locks import lock_statistics, lock_stock
from oscar_mpesa.oscar_adapter.own_changes import own_change

ConditionalOffer = get_model("offer", "ConditionalOffer")
OrderDiscount = get_model("order", "OrderDiscount")
ProductRecord = get_model("analytics", "ProductRecord")
StockRecord = get_model("partner", "StockRecord")
UserRecord = get_model("analytics", "UserRecord")
Voucher = get_model("voucher", "Voucher")
VoucherApplication = get_model("voucher", "VoucherApplication")


class _OutOfStock(Exception):
    """Too little stock is left to retake what was released."""


def release_stock(order: Any) -> dict[str, Any]:
    """Release an order's vouchers, offers and stock, and set the expired status unless staff cancelled it.

    Call it once, inside a transaction and with the order's row locked. Deleted offers, vouchers, products and stock
    records are skipped. Returns the JSON snapshot that ``retake_stock`` needs. Raises what the shop's own code raises
    (``InvalidOrderStatus``, a receiver's error).
    """
    discounts = list(order.discounts.exclude(frequency=0).order_by("pk"))
    applications = VoucherApplication.objects.filter(order=order)
    voucher_ids = list(applications.values_list("voucher_id", flat=True))
    _count_vouchers(discounts, voucher_ids, -1)
    applications.delete()
    _count_offers(discounts, -1)
    lock_stock(_stockrecord_ids(order))
    order.discounts.update(frequency=0)  # Oscar counts a user's applications over all orders, closed ones too
    released = _release_allocations(order)
    _count_sales(order, -1)
    _set_expired_status(order)
    frequencies = {str(each.pk): each.frequency or 0 for each in discounts}
    return {"vouchers": voucher_ids, "discounts": frequencies, "stock": released}


def retake_stock(order: Any, stock_snapshot: dict[str, Any]) -> bool:
    """Retake what ``release_stock`` released. Return False, and change nothing, if stock is short.

    Call it inside a transaction and with the order's row locked. A voucher or offer that is used up or deleted does
    not matter: the order's price is fixed and the money is there. Leaves the order's status to ``mark_paid``.
    """
    if not stock_snapshot:
        return True
    frequencies = stock_snapshot["discounts"]
    discounts = list(order.discounts.filter(pk__in=list(frequencies)).order_by("pk"))
    for discount in discounts:
        discount.frequency = frequencies[str(discount.pk)]
    try:
        with transaction.atomic():
            _apply_vouchers(order, discounts, stock_snapshot["vouchers"])
            _count_offers(discounts, 1)
            OrderDiscount.objects.bulk_update(discounts, ["frequency"])
            _allocate(order, stock_snapshot["stock"])
    except _OutOfStock:
        return False
    _count_sales(order, 1)
    return True


def has_stock_for(order: Any, stock_snapshot: dict[str, Any]) -> bool:
    """Return whether ``retake_stock`` would find its stock now. Locks and changes nothing."""
    released = stock_snapshot.get("stock", {})
    wanted = _quantities(_released_lines(order, released), released)
    return _are_in_stock(StockRecord.objects.in_bulk([pk for pk in wanted if pk is not None]), wanted)


def _apply_vouchers(order: Any, discounts: list[Any], voucher_ids: list[int]) -> None:
    existing = set(_count_vouchers(discounts, voucher_ids, 1))
    applications = [
        VoucherApplication(voucher_id=pk, order=order, user_id=order.user_id) for pk in voucher_ids if pk in existing
    ]
    VoucherApplication.objects.bulk_create(applications)


def _count_vouchers(discounts: Iterable[Any], voucher_ids: list[int], sign: int) -> list[int]:
    """Lock all the vouchers first, and return the ids of those that still exist."""
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for discount in discounts:
        amounts[discount.voucher_id] += discount.amount
    locked = Voucher.objects.select_for_update().filter(pk__in={*voucher_ids, *amounts} - {None})
    existing = [voucher.pk for voucher in locked]
    for pk in existing:
        changes = {"num_orders": sign * voucher_ids.count(pk), "total_discount": sign * amounts[pk]}
        _add_to_counters(Voucher.objects.filter(pk=pk), **changes)
    return existing


def _count_offers(discounts: Iterable[Any], sign: int) -> None:
    for discount in discounts:
        offer = ConditionalOffer.objects.filter(pk=discount.offer_id)
        changes = {"num_applications": sign * (discount.frequency or 0), "total_discount": sign * discount.amount}
        _add_to_counters(offer, num_orders=sign, **changes)
        for counted in offer:
            counted.save(update_fields=["status"])  # Oscar derives "open" or "consumed" from the counters


def _release_allocations(order: Any) -> dict[str, int]:
    """Return the released quantities by line id: none where stock is not tracked or was released before."""
    lines = order.lines.filter(stockrecord__isnull=False, allocation_cancelled=False, num_allocated__gt=0)
    allocated = list(lines.order_by("stockrecord_id", "pk"))
    if not allocated:  # Oscar takes an empty list for all lines
        return {}
    before = {line.pk: line.num_allocated for line in allocated}
    handler = get_class("order.processing", "EventHandler")()
    handler.cancel_stock_allocations(order, allocated, list(before.values()))
    after = order.lines.filter(pk__in=list(before)).values_list("pk", "num_allocated")
    return {str(pk): before[pk] - left for pk, left in after if left < before[pk]}


def _allocate(order: Any, released: dict[str, int]) -> None:
    records = lock_stock(_stockrecord_ids(order))
    lines = _released_lines(order, released)
    wanted = _quantities(lines, released)
    if not _are_in_stock(records, wanted):
        raise _OutOfStock
    for line in lines:
        line.num_allocated, line.allocation_cancelled = line.num_allocated + released[str(line.pk)], False
        line.save(update_fields=["num_allocated", "allocation_cancelled"])
        records[line.stockrecord_id].allocate(released[str(line.pk)])


def _stockrecord_ids(order: Any) -> Any:
    """Return the stock records of all lines, also of those that have nothing to release."""
    return order.lines.exclude(stockrecord=None).values_list("stockrecord_id", flat=True)


def _released_lines(order: Any, released: dict[str, int]) -> list[Any]:
    return list(order.lines.filter(pk__in=list(released)).order_by("stockrecord_id", "pk"))


def _quantities(lines: list[Any], released: dict[str, int]) -> Counter[Any]:
    """Return how much to take of each stock record, by its id; None for one that was deleted."""
    wanted: Counter[Any] = Counter()
    for line in lines:
        wanted[line.stockrecord_id] += released[str(line.pk)]
    return wanted


def _are_in_stock(records: dict[int, Any], wanted: Counter[Any]) -> bool:
    return all(_is_in_stock(records.get(pk), quantity) for pk, quantity in wanted.items())


def _is_in_stock(record: Any, quantity: int) -> bool:
    if record is None:
        return False
    return not record.can_track_allocations or record.net_stock_level >= quantity


def _count_sales(order: Any, sign: int) -> None:
    """Update Oscar's statistics of products and of the user."""
    lines = list(order.lines.all())
    sold: Counter[int] = Counter()
    for line in lines:
        sold[line.product_id or 0] += line.quantity  # 0 for deleted products, which have no statistics
    lock_statistics(sold)
    for product_id, quantity in sorted(sold.items()):
        _add_to_counters(ProductRecord.objects.filter(product_id=product_id), num_purchases=sign * quantity)
    _add_to_counters(
        UserRecord.objects.filter(user_id=order.user_id),
        num_orders=sign,
        num_order_lines=sign * len(lines),
        num_order_items=sign * sum(line.quantity for line in lines),
        total_spent=sign * order.total_incl_tax,
    )


def _add_to_counters(rows: Any, **changes: Any) -> None:
    """Add to counters in the database. None falls below zero."""
    rows.update(**{name: _sum(name, change) for name, change in changes.items()})


def _sum(name: str, change: Any) -> Any:
    """Raise the counter before the subtraction: MariaDB refuses negative intermediate results in unsigned columns."""
    return F(name) + change if change >= 0 else Greatest(F(name), -change) + change


def _set_expired_status(order: Any) -> None:
    names = get_settings()
    with translation.override(settings.LANGUAGE_CODE):
        note = _("Not paid by M-PESA: stock, vouchers and offers were released.")
    with own_change(order, names.EXPIRED_STATUS):
        order.refresh_from_db()  # Oscar saves every column, and the shop's code may have written some
        if order.status in {names.CANCELLED_STATUS, names.EXPIRED_STATUS}:
            return
        handler = get_class("order.processing", "EventHandler")()
        handler.handle_order_status_change(order, names.EXPIRED_STATUS, note_msg=note)
