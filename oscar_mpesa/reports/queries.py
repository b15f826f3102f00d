"""One look at all tables for what waits for a person: so many of each kind, from one query.

Each part finds its rows by an index and they are few, however many payments there are.
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

#: A payment should be answered, or given up by our clock, long before.
STUCK_AFTER = timedelta(minutes=5)

#: For so long what was given up, and what was never answered, is worth a look.
WORTH_TELLING, WORTH_LOOKING_UP = timedelta(days=14), timedelta(days=30)

_MONEY: Any = DecimalField(max_digits=14, decimal_places=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItems:
    """So many rows of one kind: their money, the first one's id, and a moment that says since when or until when."""

    number: int = 0
    amount: Decimal = Decimal(0)
    first: int = 0
    moment: datetime | None = None


def count_open_items(now: datetime) -> dict[str, OpenItems]:
    """What waits, by kind; kinds of which there is nothing are left out.

    The allocations that wait for a person; ``on_hold``, ``deciding`` (held, its money is among those), ``stuck`` and
    ``waiting`` payments; ``reconcile``, whose moment is its last pass; ``untold``, ``unread``, ``unasked`` and
    ``cancelled``.
    """
    first, *others = (
        _money(),
        _live_payments(now),
        _counted(MpesaJobRun.objects.filter(job=reconciliation.RECONCILE), "reconcile", moment=Max("last_run_at")),
        _counted(_untold(now), "untold", moment=Min("due_at")),
        _counted(_unread(now), "unread", moment=Min("received_at")),
        _counted(_unasked(now), "unasked", moment=Min("created_at"), number=Count("mpesa_order", distinct=True)),
        _cancelled(),
    )
    rows = first.union(*others, all=True)
    return {
        kind: OpenItems(number=number, amount=amount or Decimal(0), first=pk, moment=moment)
        for kind, number, amount, pk, moment in rows
        if number
    }


def customers(seen: Mapping[str, OpenItems]) -> int:
    """So many have a request on the phone, or should have."""
    return sum(seen[kind].number for kind in ("waiting", "stuck") if kind in seen)


def environments() -> set[str]:
    """The shop's own, and wherever there is money: a shop that tests again still has the money it took."""
    return {PRODUCTION, get_settings().environment}


def _money() -> Any:
    waiting = MpesaReceipt.objects.filter(environment__in=environments(), allocation__in=NEEDS_DECISION)
    rest = Sum(F("amount") - Coalesce(F("returned_amount"), Decimal(0)))
    return _counted(waiting, F("allocation"), amount=rest, moment=Min("allocated_at"))


def _live_payments(now: datetime) -> Any:
    live = MpesaPayment.objects.live().filter(environment__in=environments())
    decides = MpesaReceipt.objects.filter(payment=OuterRef("pk"), allocation=Allocation.MISMATCH)
    unsent = Q(status=PaymentStatus.PENDING.value, created_at__lte=now - STUCK_AFTER)
    kind = Case(
        When(Q(on_hold=True) & Exists(decides), then=Value("deciding")),
        When(on_hold=True, then=Value("on_hold")),
        When(Q(push_sent_at__lte=now - STUCK_AFTER) | unsent, then=Value("stuck")),
        default=Value("waiting"),
        output_field=CharField(),
    )
    return _counted(live, kind, amount=Sum("amount", output_field=_MONEY), moment=Min("created_at"))


def _untold(now: datetime) -> QuerySet[Any]:
    """Mails and announcements that were given up; the last try is not still on its way."""
    given_up = MpesaOutboxMessage.objects.filter(
        delivered_at=None, tries__gte=outbox.MAX_TRIES, due_at__gt=now - WORTH_TELLING
    )
    return given_up.filter(reserved_at__lt=now - outbox.RESERVATION_TIME)


def _unread(now: datetime) -> QuerySet[Any]:
    """Callbacks that were given up, unless their payment was completed by other news."""
    given_up = MpesaCallback.objects.filter(
        verdict__in=[Verdict.RECEIVED, Verdict.FAILED],
        tries__gte=callbacks.MAX_TRIES,
        received_at__gt=now - WORTH_LOOKING_UP,
    )
    return given_up.exclude(payment__status=PaymentStatus.COMPLETED.value)


def _unasked(now: datetime) -> QuerySet[Any]:
    """Orders that were closed without Safaricom's word about them, and for which no money was found since."""
    money = MpesaReceipt.objects.filter(order_id=OuterRef("mpesa_order_id"), allocation__in=MONEY_ARRIVED)
    noted = MpesaEvent.objects.filter(type=EventType.RESULT_UNKNOWN, created_at__gt=now - WORTH_TELLING)
    return noted.filter(mpesa_order__close_reason=CloseReason.UNCONFIRMED).exclude(Exists(money))


def _cancelled() -> Any:
    """Money in the books of orders that were cancelled.

    Found by the note that the cancelling left, because no table has an index of paid and cancelled orders; what
    became of each since then is in the conditions of the count, so that no database looks for it first.
    """
    noted = MpesaEvent.objects.filter(type=EventType.ORDER_CANCELED_PAID)
    receipt = "mpesa_order__order__mpesa_receipts"
    still = {
        f"{receipt}__allocation": Allocation.APPLIED,
        f"{receipt}__environment__in": environments(),
        "mpesa_order__order__status": get_settings().CANCELLED_STATUS,
    }
    its_id = Case(When(**still, then=F(f"{receipt}__pk")))
    return _counted(
        noted, "cancelled", number=Count(its_id, distinct=True), first=Min(its_id), moment=Min("created_at")
    )


def _counted(rows: Any, kind: Any, *, moment: Any, number: Any = None, amount: Any = None, first: Any = None) -> Any:
    """A part of the union; annotated in the same order everywhere, because a union goes by place.

    The names are none of any table's columns.
    """
    matter = Value(kind, output_field=CharField()) if isinstance(kind, str) else kind
    counts = (
        rows.order_by()
        .annotate(matter=matter)
        .values("matter")
        .annotate(
            many=number or Count("pk"),
            money=amount or Value(Decimal(0), output_field=_MONEY),
            lowest=first or Min("pk"),
            moment=moment,
        )
    )
    return counts.values_list("matter", "many", "money", "lowest", "moment")
