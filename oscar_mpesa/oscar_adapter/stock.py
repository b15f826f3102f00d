"""An unpaid order gives back what it holds, and takes it again if its money comes after all.

Oscar gives nothing back by itself, not even when an order is cancelled. The locks are taken in Oscar's order
(``locks``), statistics last. What an offer did beyond its discount (a deferred benefit) and what the shop's own code
did when the order was placed cannot be given back.
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
from oscar_mpesa.oscar_adapter.locks import lock_stock

ConditionalOffer = get_model("offer", "ConditionalOffer")
OrderDiscount = get_model("order", "OrderDiscount")
ProductRecord = get_model("analytics", "ProductRecord")
UserRecord = get_model("analytics", "UserRecord")
Voucher = get_model("voucher", "Voucher")
VoucherApplication = get_model("voucher", "VoucherApplication")


class _SoldOut(Exception):
    """Something that was given back is not there any more."""


def release_stock(order: Any) -> dict[str, Any]:
    """Give back an order's vouchers, offers and stock, and close it; what staff cancelled keeps its status.

    Called once, inside a transaction and with the order's row locked. Offers, vouchers, products and stock records
    that were deleted since are passed over. Returns, as JSON, what ``take_again`` needs. Raises what the shop's own
    code raises (``InvalidOrderStatus``, a receiver's error).
    """
    discounts = list(order.discounts.exclude(frequency=0).order_by("pk"))
    applications = VoucherApplication.objects.filter(order=order)
    used = list(applications.values_list("voucher_id", flat=True))
    _count_vouchers(discounts, used, -1)
    applications.delete()
    _count_offers(discounts, -1)
    order.discounts.update(frequency=0)  # Oscar counts a user's applications over all orders, closed ones too
    freed = _free_stock(order)
    _count_sales(order, -1)
    _close(order)
    return {"vouchers": used, "discounts": {str(each.pk): each.frequency or 0 for each in discounts}, "stock": freed}


def retake_stock(order: Any, stock_snapshot: dict[str, Any]) -> bool:
    """Take again what ``give_back`` gave, for money that came after it; False, and nothing changed, if stock is short.

    Called inside a transaction and with the order's row locked. A voucher or an offer that is used up or gone since
    stops nothing: the order's price is fixed and the money is there. The order's status is left to the books.
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
    except _SoldOut:
        return False
    _count_sales(order, 1)
    return True


def _apply_vouchers(order: Any, discounts: list[Any], used: list[int]) -> None:
    still_there = set(_count_vouchers(discounts, used, 1))
    applied = [
        VoucherApplication(voucher_id=pk, order=order, user_id=order.user_id) for pk in used if pk in still_there
    ]
    VoucherApplication.objects.bulk_create(applied)


def _count_vouchers(discounts: Iterable[Any], used: list[int], sign: int) -> list[int]:
    """Lock the vouchers first, all of them; say which are still there."""
    saved: dict[int, Decimal] = defaultdict(Decimal)
    for discount in discounts:
        saved[discount.voucher_id] += discount.amount
    locked = Voucher.objects.select_for_update().filter(pk__in={*used, *saved} - {None})
    still_there = [voucher.pk for voucher in locked]
    for pk in still_there:
        steps = {"num_orders": sign * used.count(pk), "total_discount": sign * saved[pk]}
        _shift(Voucher.objects.filter(pk=pk), **steps)
    return still_there


def _count_offers(discounts: Iterable[Any], sign: int) -> None:
    for discount in discounts:
        offer = ConditionalOffer.objects.filter(pk=discount.offer_id)
        steps = {"num_applications": sign * (discount.frequency or 0), "total_discount": sign * discount.amount}
        _shift(offer, num_orders=sign, **steps)
        for counted in offer:
            counted.save(update_fields=["status"])  # open or consumed, by the numbers as they are now


def _free_stock(order: Any) -> dict[str, int]:
    """What was really given back, by the pk of the line: nothing where stock is not tracked, or was freed before."""
    lines = order.lines.filter(stockrecord__isnull=False, allocation_cancelled=False, num_allocated__gt=0)
    on_hold = list(lines.order_by("stockrecord_id", "pk"))
    if not on_hold:  # Oscar would take an empty list for all lines
        return {}
    before = {line.pk: line.num_allocated for line in on_hold}
    handler = get_class("order.processing", "EventHandler")()
    handler.cancel_stock_allocations(order, on_hold, list(before.values()))
    after = order.lines.filter(pk__in=list(before)).values_list("pk", "num_allocated")
    return {str(pk): before[pk] - left for pk, left in after if left < before[pk]}


def _allocate(order: Any, freed: dict[str, int]) -> None:
    lines = list(order.lines.filter(pk__in=list(freed)).order_by("stockrecord_id", "pk"))
    wanted: Counter[Any] = Counter()
    for line in lines:
        wanted[line.stockrecord_id] += freed[str(line.pk)]
    records = lock_stock(pk for pk in wanted if pk is not None)
    if not all(_is_in_stock(records.get(pk), quantity) for pk, quantity in wanted.items()):
        raise _SoldOut
    for line in lines:
        line.num_allocated, line.allocation_cancelled = line.num_allocated + freed[str(line.pk)], False
        line.save(update_fields=["num_allocated", "allocation_cancelled"])
        records[line.stockrecord_id].allocate(freed[str(line.pk)])


def _is_in_stock(record: Any, quantity: int) -> bool:
    if record is None:
        return False
    return not record.can_track_allocations or record.net_stock_level >= quantity


def _count_sales(order: Any, sign: int) -> None:
    """Oscar's statistics of products and of the user."""
    lines = list(order.lines.all())
    for line in lines:
        _shift(ProductRecord.objects.filter(product_id=line.product_id), num_purchases=sign * line.quantity)
    _shift(
        UserRecord.objects.filter(user_id=order.user_id),
        num_orders=sign,
        num_order_lines=sign * len(lines),
        num_order_items=sign * sum(line.quantity for line in lines),
        total_spent=sign * order.total_incl_tax,
    )


def _shift(rows: Any, **steps: Any) -> None:
    """Move counters by these steps, in the database, none below zero."""
    rows.update(**{name: _moved(name, step) for name, step in steps.items()})


def _moved(name: str, step: Any) -> Any:
    """Cut before it is taken off: MariaDB has no negative numbers in these columns, not even in between."""
    return F(name) + step if step >= 0 else Greatest(F(name), -step) + step


def _close(order: Any) -> None:
    names = get_settings()
    if order.status in {names.CANCELLED_STATUS, names.EXPIRED_STATUS}:
        return
    with translation.override(settings.LANGUAGE_CODE):
        note = _("Not paid by M-PESA: stock, vouchers and offers were given back.")
    handler = get_class("order.processing", "EventHandler")()
    handler.handle_order_status_change(order, names.EXPIRED_STATUS, note_msg=note)
