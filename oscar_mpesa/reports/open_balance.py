"""Compute how much money was unmatched at the end of a day.

It starts from the cached sums of today's open receipts and takes back what was posted after the day. So a recent day is
cheap, however old the shop is.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import CharField, QuerySet, Sum, Value

from oscar_mpesa.models import MpesaAllocation, MpesaReceipt, MpesaRefund, RefundStatus
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.models.refunds import RESERVING
from oscar_mpesa.reports.union_parts import MONEY
from oscar_mpesa.services.ledger import NOTHING

_CENT = Decimal("0.01")


def unmatched_at_end(environment: str, day: date) -> Decimal:
    """Return the unmatched money of an environment at the end of a Nairobi day, in shillings. Makes one query.

    Receipts of which too much was refunded lower it. Money that a refund only reserves is still unmatched.
    """
    # One statement reads one state of the database, also while money arrives.
    first, *others = (_total(sign, rows, column) for sign, rows, column in _parts(environment, day))
    totals = first.union(*others, all=True)
    return sum((int(sign) * Decimal(total or 0) for sign, total in totals), NOTHING).quantize(_CENT)


def _parts(environment: str, day: date) -> tuple[tuple[int, QuerySet[Any], str], ...]:
    """Return today's unmatched money, and the entries after the day, with the sign that takes them back."""
    receipts = MpesaReceipt.objects.counted().filter(environment=environment)
    allocations = MpesaAllocation.objects.filter(receipt__environment=environment, receipt__same_as=None)
    refunds = MpesaRefund.objects.filter(
        receipt__environment=environment, receipt__same_as=None, allocation__isnull=True
    )
    sent = refunds.filter(status__in=[RefundStatus.COMPLETED, RefundStatus.VOIDED])
    return (
        (1, receipts.filter(status__in=NEEDS_DECISION), "unallocated"),
        (1, refunds.filter(status__in=RESERVING), "amount"),
        (-1, receipts.filter(posted_on__gt=day), "amount"),
        (1, allocations.filter(posted_on__gt=day), "amount"),
        (-1, allocations.filter(reversed_on__gt=day), "amount"),
        (1, sent.filter(posted_on__gt=day), "amount"),
        (-1, refunds.filter(status=RefundStatus.VOIDED, voided_on__gt=day), "amount"),
    )


def _total(sign: int, rows: QuerySet[Any], column: str) -> Any:
    of_part = rows.order_by().annotate(part_sign=Value(str(sign), output_field=CharField())).values("part_sign")
    return of_part.annotate(part_total=Sum(column, output_field=MONEY)).values_list("part_sign", "part_total")
