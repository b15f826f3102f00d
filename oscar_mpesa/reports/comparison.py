"""What some days brought, to compare them with the days before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from django.db.models import Count

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.timezone import NAIROBI, start_of_day
from oscar_mpesa.reports.entries import PostedEntries
from oscar_mpesa.reports.entry_kinds import INCOME, EntryKind
from oscar_mpesa.reports.success_rate import ResultCounts, ended_payments

#: The median covers this many of the newest paid payments.
SAMPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysFigures:
    """The figures of the Nairobi days ``first`` to ``last``, both included, in shillings.

    ``taken`` is money matched to orders less what was unmatched, before refunds, and ``refunded`` is without voided
    refunds. Each counts on its posting day. The results are of payments that started on these days. ``seconds_to_pay``
    is a median, None without paid payments.
    """

    first: date
    last: date
    taken: Decimal
    refunded: Decimal
    results: ResultCounts
    seconds_to_pay: int | None

    @property
    def net(self) -> Decimal:
        """Return the income, as the month report has it."""
        return self.taken - self.refunded


def figures_of_days(first: date, last: date, *, now: datetime) -> DaysFigures:
    """Return the figures of the shop's own environment. Makes three queries, however many payments there were."""
    totals = PostedEntries(get_settings().environment, first, last, kinds=INCOME).totals()
    today, midnight = now.astimezone(NAIROBI).date(), start_of_day(now)
    started, end = midnight + (first - today), midnight + (last - today) + timedelta(days=1)
    payments = ended_payments().filter(created_at__gte=started, created_at__lt=end)
    counts = dict(payments.values_list("status").annotate(Count("pk")))
    paid = counts.pop(PaymentStatus.COMPLETED.value, 0)
    newest = payments.filter(status=PaymentStatus.COMPLETED.value).order_by("-created_at")
    times = newest.values_list("push_sent_at", "completed_at")[:SAMPLE]
    waits = [(completed - pushed).total_seconds() for pushed, completed in times if pushed and completed]
    return DaysFigures(
        first=first,
        last=last,
        taken=totals[EntryKind.MATCHED] - totals[EntryKind.UNMATCHED],
        refunded=totals[EntryKind.REFUNDED] - totals[EntryKind.VOIDED],
        results=ResultCounts(paid=paid, failed=sum(counts.values())),
        seconds_to_pay=round(median(waits)) if waits else None,
    )
