"""Pages of callbacks, and what each verdict means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from oscar_mpesa.dashboard.dates import day_after, midnight
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.models import MpesaCallback, Verdict

PAGE = 25

#: A sentence for each verdict; the labels of ``Verdict`` are shorter.
MEANINGS = {
    Verdict.RECEIVED: _("It is stored and waits to be processed."),
    Verdict.FAILED: _("It is stored. Processing it failed; it is retried automatically, at most ten times."),
    Verdict.APPLIED: _("It was accepted, and changed the payment."),
    Verdict.NO_CHANGE: _("It was accepted, and changed nothing."),
    Verdict.DUPLICATE: _("It is a duplicate of an earlier callback. It counts once."),
    Verdict.MISMATCH: _("Money arrived, but with a wrong amount. A person has to decide."),
    Verdict.UNCONFIRMED: _(
        "It reports a payment that was not expected this way. Status checks ask Safaricom to confirm it; until then, "
        "no money counts."
    ),
    Verdict.UNVERIFIED: _(
        "It is not verified: it came without a payment's secret, so anybody may have sent it. It changed nothing."
    ),
    Verdict.UNMATCHED: _(
        "It came to the payment's own address, but names another STK push. A status check was made instead."
    ),
    Verdict.UNREADABLE: _("It is unreadable. A status check was made instead."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFilter:
    """The filters of the list; ``day`` is in Nairobi, ``before`` is the id that ended the previous page."""

    verdict: str = ""
    day: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPage:
    """One page, newest first, without bodies; ``older`` is the next page's ``before``, None on the last page."""

    rows: list[MpesaCallback]
    older: int | None


def callback_page(filters: CallbackFilter) -> CallbackPage:
    """Return a page of callbacks; one indexed query without a count, as fast with millions of rows."""
    callbacks = _filtered(MpesaCallback.objects.defer("body"), filters)
    rows = list(callbacks.select_related("payment__mpesa_order__order").order_by("-received_at", "-id")[: PAGE + 1])
    return CallbackPage(rows=rows[:PAGE], older=rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _filtered(callbacks: QuerySet[MpesaCallback], filters: CallbackFilter) -> QuerySet[MpesaCallback]:
    if filters.verdict:
        callbacks = callbacks.filter(verdict=filters.verdict)
    if filters.day:
        first, end = midnight(filters.day), midnight(day_after(filters.day))
        callbacks = callbacks.filter(received_at__gte=first, received_at__lt=end)
    last = MpesaCallback.objects.only("received_at").filter(pk=filters.before).first() if filters.before else None
    if last is None:
        return callbacks
    same_moment = Q(received_at=last.received_at, pk__gte=last.pk)
    return callbacks.filter(received_at__lte=last.received_at).exclude(same_moment)
