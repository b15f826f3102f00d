"""Read the orders placed on some days, and what counts for each of them at the end of the last day.

The number of queries does not grow with the number of orders. Amounts are added up in Python, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, F, IntegerField, Q, QuerySet, Sum, Value
from oscar.core.loading import get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import CURRENCY
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, RefundPurpose
from oscar_mpesa.oscar_adapter.payment_sources import other_payments_of
from oscar_mpesa.reports.entry_kinds import INCOME, entries_of_kind
from oscar_mpesa.services.ledger import NOTHING

Order = get_model("order", "Order")

_CENT = Decimal("0.01")

#: Rows read at a time.
_CHUNK = 2_000


@dataclass(slots=True, kw_only=True)
class OrderMoney:
    """An order that can take M-PESA, and what counts for it, in shillings.

    ``worth`` is its confirmed money, of which ``in_days`` was posted on the days themselves. ``claimed`` are its
    recorded payments, as far as they count, and ``others`` what other payment methods took. One that is not
    ``is_counted`` belongs to another environment. ``matched`` is what receipts count for it, and one that
    ``is_enrolled`` was placed with another payment method.
    """

    total: Decimal
    is_over: bool
    is_counted: bool
    is_enrolled: bool = False
    matched: Decimal = NOTHING
    others: Decimal = NOTHING
    worth: Decimal = NOTHING
    in_days: Decimal = NOTHING
    credits: Decimal = NOTHING
    claimed: Decimal = NOTHING

    @property
    def is_without_mpesa(self) -> bool:
        """Return whether the order was placed with another payment method, and no M-PESA money counts for it."""
        return self.is_enrolled and not (self.matched or self.worth or self.claimed)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedOrders:
    """The orders of some days. Those without M-PESA, and of other currencies, are a number and a total."""

    orders: list[OrderMoney]
    without_mpesa: tuple[int, Decimal]
    other_currencies: list[tuple[str, int, Decimal]]


def read_orders(environment: str, first: date, last: date) -> PlacedOrders:
    """Return the orders placed on the Nairobi days ``first`` to ``last``. Makes five queries."""
    placed = _placed(first, last)
    totals = _totals(placed.filter(Q(mpesa__isnull=True) | ~Q(currency=CURRENCY)))
    of_mpesa = placed.filter(currency=CURRENCY, mpesa__isnull=False)
    orders = dict(_orders(environment, of_mpesa))
    _add_entries(orders, _entries(environment, of_mpesa, last), first)
    _add_claims(orders, _claimed(environment, of_mpesa, last))
    for pk, amount in other_payments_of(of_mpesa).items():
        orders.get(pk, _unread()).others = amount
    return PlacedOrders(
        orders=list(orders.values()),
        without_mpesa=totals.pop(CURRENCY, (0, NOTHING)),
        other_currencies=[(currency, *total) for currency, total in sorted(totals.items())],
    )


def _placed(first: date, last: date) -> QuerySet[Any]:
    starts, ends = (datetime.combine(day, time.min, NAIROBI) for day in (first, last + timedelta(days=1)))
    placed: QuerySet[Any] = Order.objects.order_by().filter(date_placed__gte=starts, date_placed__lt=ends)
    return placed


def _totals(orders: QuerySet[Any]) -> dict[str, tuple[int, Decimal]]:
    """Return the number of orders and their total by currency."""
    sums = orders.values_list("currency").annotate(number=Count("pk"), total=Sum("total_incl_tax"))
    return {currency: (number, Decimal(total).quantize(_CENT)) for currency, number, total in sums}


def _orders(environment: str, orders: QuerySet[Any]) -> Iterator[tuple[int, OrderMoney]]:
    canceled = get_settings().CANCELLED_STATUS
    own_columns = ("mpesa__closed_at", "mpesa__environment", "mpesa__is_enrolled")
    columns = orders.values_list("pk", "total_incl_tax", "status", *own_columns)
    for pk, total, status, closed_at, own, is_enrolled in columns.iterator(chunk_size=_CHUNK):
        is_over = status == canceled or closed_at is not None
        yield pk, OrderMoney(total=total, is_over=is_over, is_counted=own == environment, is_enrolled=is_enrolled)


def _entries(environment: str, orders: QuerySet[Any], last: date) -> Iterator[tuple[Any, ...]]:
    """Yield order, sign, amount, day and purpose of the entries of these orders up to a day."""
    parts = []
    for kind in INCOME:
        rows = entries_of_kind(kind, environment, last=last)
        is_allocation = rows.model is MpesaAllocation
        order = "order" if is_allocation else "allocation__order"
        annotated = rows.filter(**{f"{order}__in": orders.values("pk")}).annotate(
            entry_order=F(f"{order}_id"),
            entry_sign=Value(kind.income_sign, output_field=IntegerField()),
            entry_day=F(kind.day),
            entry_purpose=Value("", output_field=CharField()) if is_allocation else F("purpose"),
        )
        parts.append(annotated.values_list("entry_order", "entry_sign", "amount", "entry_day", "entry_purpose"))
    yield from parts[0].union(*parts[1:], all=True).iterator(chunk_size=_CHUNK)


def _unread() -> OrderMoney:
    """Return an order to ignore: one that was placed after the orders were read."""
    return OrderMoney(total=NOTHING, is_over=False, is_counted=False)


def _add_entries(orders: dict[int, OrderMoney], entries: Iterable[tuple[Any, ...]], first: date) -> None:
    for pk, sign, amount, day, purpose in entries:
        order, signed = orders.get(pk, _unread()), sign * amount
        order.is_counted = True  # also a real order with test money of before
        order.worth += signed
        order.matched += NOTHING if purpose else signed
        order.in_days += signed if day >= first else NOTHING
        order.credits -= signed if purpose == RefundPurpose.CREDIT else NOTHING


def _claimed(environment: str, orders: QuerySet[Any], last: date) -> QuerySet[MpesaAllocation]:
    """Return the entries of these orders that counted as recorded payments at the end of a day.

    A receipt may have taken one since, which changes no past day.
    """
    ends = datetime.combine(last + timedelta(days=1), time.min, NAIROBI)
    made = MpesaAllocation.objects.order_by().filter(order__in=orders.values("pk"), created_at__lt=ends)
    taken_since = Q(receipt__environment=environment, handed_over_at__isnull=False, posted_on__gt=last)
    return made.filter(Q(reversed_on=None) | Q(reversed_on__gt=last), Q(claim__environment=environment) | taken_since)


def _add_claims(orders: dict[int, OrderMoney], entries: QuerySet[MpesaAllocation]) -> None:
    for pk, amount in entries.values_list("order_id", "amount").iterator(chunk_size=_CHUNK):
        orders.get(pk, _unread()).claimed += amount
