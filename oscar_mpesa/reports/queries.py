"""Count the open items of every kind that may need a person, in one query.

Each part of the query finds its few rows by an index, however many payments there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import (
    Allocation,
    CloseReason,
    EventType,
    MpesaCallback,
    MpesaEvent,
    MpesaJobRun,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    Verdict,
)
from oscar_mpesa.models.receipts import MONEY_ARRIVED, NEEDS_DECISION
from oscar_mpesa.services import callbacks, outbox, reconciliation

#: By this age a payment should have a result or have expired.
STUCK_AFTER = timedelta(minutes=5)

#: How old failed messages and unconfirmed closures may be to count, and how old failed callbacks.
MESSAGES_FOR, CALLBACKS_FOR = timedelta(days=14), timedelta(days=30)

_MONEY: Any = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItems:
    """The rows of one kind: number, total amount, lowest primary key, and their earliest or latest time."""

    number: int = 0
    amount: Decimal = Decimal(0)
    first: int = 0
    moment: datetime | None = None


def count_open_items(now: datetime) -> dict[str, OpenItems]:
    """Return the open items by kind, without empty kinds. Makes one query.

    Receipts: the allocations that need a decision. Payments: ``payments_on_hold``, ``deciding`` (on hold because of
    such a receipt), ``stuck_payments`` and ``waiting``. The moment of ``reconcile`` is its last run. The rest:
    ``undelivered_messages``, ``unprocessed_callbacks``, ``closed_unconfirmed`` and ``cancelled_paid_orders``.
    """
    first, *others = (
        _undecided_receipts(),
        _live_payments(now),
        _counted(MpesaJobRun.objects.filter(job=reconciliation.RECONCILE), "reconcile", moment=Max("last_run_at")),
        _counted(_undelivered_messages(now), "undelivered_messages", moment=Min("due_at")),
        _counted(_unprocessed_callbacks(now), "unprocessed_callbacks", moment=Min("received_at")),
        _counted(
            _closed_unconfirmed(now),
            "closed_unconfirmed",
            moment=Min("created_at"),
            number=Count("mpesa_order", distinct=True),
        ),
        _cancelled_paid_orders(),
    )
    rows = first.union(*others, all=True)
    return {
        kind: OpenItems(number=number, amount=amount or Decimal(0), first=pk, moment=moment)
        for kind, number, amount, pk, moment in rows
        if number
    }


def waiting_customers(open_items: Mapping[str, OpenItems]) -> int:
    """Return how many payments have a prompt on the phone, or should have one."""
    return sum(open_items[kind].number for kind in ("waiting", "stuck_payments") if kind in open_items)


def _environments() -> set[str]:
    """Return the shop's own environment and production: a shop that tests again still owes decisions on real money."""
    return {PRODUCTION, get_settings().environment}


def _undecided_receipts() -> Any:
    undecided = MpesaReceipt.objects.filter(environment__in=_environments(), allocation__in=NEEDS_DECISION)
    rest = Sum(F("amount") - Coalesce(F("returned_amount"), Decimal(0)))
    return _counted(undecided, F("allocation"), amount=rest, moment=Min("allocated_at"))


def _live_payments(now: datetime) -> Any:
    live = MpesaPayment.objects.live().filter(environment__in=_environments())
    decides = MpesaReceipt.objects.filter(payment=OuterRef("pk"), allocation=Allocation.MISMATCH)
    unsent = Q(status=PaymentStatus.PENDING.value, created_at__lte=now - STUCK_AFTER)
    kind = Case(
        When(Q(on_hold=True) & Exists(decides), then=Value("deciding")),
        When(on_hold=True, then=Value("payments_on_hold")),
        When(Q(push_sent_at__lte=now - STUCK_AFTER) | unsent, then=Value("stuck_payments")),
        default=Value("waiting"),
        output_field=CharField(),
    )
    return _counted(live, kind, amount=Sum("amount", output_field=_MONEY), moment=Min("created_at"))


def _undelivered_messages(now: datetime) -> QuerySet[Any]:
    """Return outbox messages that ran out of tries and are no longer reserved by the last one."""
    failed = MpesaOutboxMessage.objects.filter(
        delivered_at=None, tries__gte=outbox.MAX_TRIES, due_at__gt=now - MESSAGES_FOR
    )
    return failed.filter(reserved_at__lt=now - outbox.RESERVATION_TIME)


def _unprocessed_callbacks(now: datetime) -> QuerySet[Any]:
    """Return callbacks that ran out of tries, unless another update completed their payment."""
    failed = MpesaCallback.objects.filter(
        verdict__in=[Verdict.RECEIVED, Verdict.FAILED],
        tries__gte=callbacks.MAX_TRIES,
        received_at__gt=now - CALLBACKS_FOR,
    )
    return failed.exclude(payment__status=PaymentStatus.COMPLETED.value)


def _closed_unconfirmed(now: datetime) -> QuerySet[Any]:
    """Return events of orders that were closed without a result from Safaricom and have no money since."""
    money = MpesaReceipt.objects.filter(order_id=OuterRef("mpesa_order_id"), allocation__in=MONEY_ARRIVED)
    events = MpesaEvent.objects.filter(type=EventType.RESULT_UNKNOWN, created_at__gt=now - MESSAGES_FOR)
    return events.filter(mpesa_order__close_reason=CloseReason.UNCONFIRMED).exclude(Exists(money))


def _cancelled_paid_orders() -> Any:
    """Count receipts that are still applied to cancelled orders.

    Starts from the event that a cancellation leaves, because no table has an index of paid and cancelled orders. The
    order's present state is a condition of the count, so that no database starts its search there.
    """
    events = MpesaEvent.objects.filter(type=EventType.ORDER_CANCELED_PAID)
    receipt = "mpesa_order__order__mpesa_receipts"
    is_still_paid = {
        f"{receipt}__allocation": Allocation.APPLIED,
        f"{receipt}__environment__in": _environments(),
        "mpesa_order__order__status": get_settings().CANCELLED_STATUS,
    }
    receipt_id = Case(When(**is_still_paid, then=F(f"{receipt}__pk")))
    return _counted(
        events,
        "cancelled_paid_orders",
        number=Count(receipt_id, distinct=True),
        first=Min(receipt_id),
        moment=Min("created_at"),
    )


def _counted(rows: Any, kind: Any, *, moment: Any, number: Any = None, amount: Any = None, first: Any = None) -> Any:
    """Return one part of the union, with the columns in the same order everywhere.

    The annotations' names must not be columns of any of the tables.
    """
    item_kind = Value(kind, output_field=CharField()) if isinstance(kind, str) else kind
    counts = (
        rows.order_by()
        .annotate(item_kind=item_kind)
        .values("item_kind")
        .annotate(
            item_count=number or Count("pk"),
            item_amount=amount or Value(Decimal(0), output_field=_MONEY),
            item_first=first or Min("pk"),
            item_moment=moment,
        )
    )
    return counts.values_list("item_kind", "item_count", "item_amount", "item_first", "item_moment")
