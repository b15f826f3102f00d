"""Count the money that needs a person: unmatched, not booked, reported and not seen, or missing from an order.

Each function returns one part of the union in ``count_open_items``. It finds its few rows by an index.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import (
    AllocationReason,
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaReceipt,
    MpesaRefund,
    ReceiptStatus,
    RefundStatus,
)
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.oscar_adapter.order_status import paid_status
from oscar_mpesa.reports.union_parts import MONEY, counted, environments
from oscar_mpesa.services.ledger import TOLERANCE

#: Money that the shop's own code has failed to book for this long needs a developer.
UNBOOKED_AFTER = timedelta(hours=24)

#: A recorded payment that Safaricom has not reported for this long needs a person.
UNSEEN_AFTER = timedelta(days=2)

#: An overpayment that is older needs a person more than a new one.
OVERPAID_FOR = timedelta(days=7)

#: How old a refund may be to count an order in process without money, and how long an order without money counts.
REFUNDS_FOR, UNPAID_FOR = timedelta(days=90), timedelta(days=90)


def undecided_receipts(now: datetime) -> Any:
    """Count receipts with an unallocated amount by their status, and those of which too much was refunded.

    An overpayment is of a week if some of it was free a week ago, and stayed free: more than what was freed since.
    """
    undecided = MpesaReceipt.objects.filter(environment__in=environments(), status__in=NEEDS_DECISION)
    since = now - OVERPAID_FOR
    dated = undecided.annotate(free_since=_free_since(since), old=F("unallocated") - _freed_after(since))
    is_old = Q(status=ReceiptStatus.OVERPAID, paid_at__lte=since, old__gte=TOLERANCE)
    kind = Case(
        When(unallocated__lt=0, then=Value("refunded_too_much")),
        When(is_old, then=Value("overpaid_for_a_week")),
        default=F("status"),
        output_field=CharField(),
    )
    return counted(dated, kind, amount=Sum("unallocated", output_field=MONEY), moment=Min("free_since"))


def _free_since(moment: datetime) -> Any:
    """Return since when money of the outer receipt is free that was free at a moment: it arrived, or was freed."""
    entries = _entries_of_receipt().filter(reversed_at__lte=moment).order_by("-reversed_at").values("reversed_at")
    voided = _refunds_of_receipt().filter(voided_at__lte=moment).order_by("-voided_at").values("voided_at")
    arrived = F("paid_at")
    return Greatest(Coalesce(Subquery(entries[:1]), arrived), Coalesce(Subquery(voided[:1]), arrived))


def _freed_after(moment: datetime) -> Any:
    """Return how much of the outer receipt was freed after a moment: unmatched, or its refund was voided."""
    entries = _entries_of_receipt()
    kept = entries.filter(reason=AllocationReason.REPLACED, handed_over_at=None, created_at__gt=moment)
    freed = _sum_of(entries.filter(reversed_at__gt=moment)) - _sum_of(kept)
    return freed + _sum_of(_refunds_of_receipt().filter(voided_at__gt=moment))


def _entries_of_receipt() -> QuerySet[MpesaAllocation]:
    return MpesaAllocation.objects.filter(receipt=OuterRef("pk"))


def _refunds_of_receipt() -> QuerySet[MpesaRefund]:
    """Return the refunds of unmatched money of the outer receipt."""
    return MpesaRefund.objects.filter(receipt=OuterRef("pk"), allocation=None)


def _sum_of(rows: QuerySet[Any]) -> Any:
    sums = rows.order_by().values("receipt").annotate(total=Sum("amount", output_field=MONEY)).values("total")
    return Coalesce(Subquery(sums), Decimal(0), output_field=MONEY)


def unbooked_allocations(now: datetime) -> Any:
    """Count allocations that the shop's own code has failed to book for a day."""
    since = now - UNBOOKED_AFTER
    failing = MpesaAllocation.objects.filter(
        Q(receipt__environment__in=environments()) | Q(claim__environment__in=environments()),
        Q(reversed_at=None, created_at__lte=since) | Q(reversed_at__lte=since),
        tries__gt=0,
    )
    amount = Sum("amount", output_field=MONEY)
    return counted(failing, "unbooked_allocations", amount=amount, first=Min("order_id"), moment=Min("created_at"))


def unseen_claims(now: datetime) -> Any:
    """Count the claims that need a person, by whether they count for their order."""
    kind = Case(
        When(Exists(_counting_entries()), then=Value("unseen_claims")),
        default=Value("uncounted_claims"),
        output_field=CharField(),
    )
    amount = Sum("amount", output_field=MONEY)
    return counted(claims_needing_attention(now), kind, amount=amount, moment=Min("created_at"))


def claims_needing_attention(now: datetime) -> QuerySet[MpesaClaim]:
    """Return open claims that count for nothing, and those that Safaricom has not reported for two days.

    A claim that only names the code of money without one is left out.
    """
    return MpesaClaim.objects.filter(
        ~Exists(_counting_entries()) | Q(created_at__lte=now - UNSEEN_AFTER),
        status=ClaimStatus.OPEN,
        receipt=None,
        environment__in=environments(),
    )


def _counting_entries() -> QuerySet[MpesaAllocation]:
    """Return the active allocations of the outer claim."""
    return MpesaAllocation.objects.active().filter(claim=OuterRef("pk"))


def unpaid_orders(now: datetime) -> Any:
    """Count orders that go on and have missed money for at most 90 days.

    Their total rose, their money went elsewhere, or staff moved them on without any.
    """
    settings = get_settings()
    ended = [settings.PENDING_STATUS, settings.EXPIRED_STATUS, settings.CANCELLED_STATUS]
    recently = {"unpaid_since__lte": now, "unpaid_since__gt": now - UNPAID_FOR}
    orders = MpesaOrder.objects.filter(**recently, environment__in=environments())
    missing = orders.exclude(order__status__in=ended)
    return counted(missing, "unpaid_orders", amount=Sum("balance", output_field=MONEY), moment=Min("unpaid_since"))


def refunded_orders(now: datetime) -> Any:
    """Count orders in process of which all money was refunded, although nothing is owed any more."""
    refunds = MpesaRefund.objects.filter(
        status=RefundStatus.COMPLETED,
        posted_on__gt=(now - REFUNDS_FOR).astimezone(NAIROBI).date(),
        receipt__environment__in=environments(),
        allocation__order__status=paid_status(),
        allocation__order__mpesa__is_paid=True,
    )
    number = Count("allocation__order_id", distinct=True)
    without_money = refunds.exclude(Exists(_worthy_entries()))
    return counted(
        without_money, "refunded_orders", number=number, first=Min("allocation__order_id"), moment=Min("happened_at")
    )


def _worthy_entries() -> QuerySet[MpesaAllocation]:
    """Return the active allocations of the outer refund's order that are worth something."""
    completed = MpesaRefund.objects.filter(allocation=OuterRef("pk"), status=RefundStatus.COMPLETED).order_by()
    refunded = completed.values("allocation").annotate(total=Sum("amount")).values("total")
    of_order = MpesaAllocation.objects.active().filter(order=OuterRef("allocation__order_id"))
    return of_order.filter(amount__gt=Coalesce(Subquery(refunded), Decimal(0), output_field=MONEY))
