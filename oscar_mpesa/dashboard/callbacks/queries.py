"""The callbacks as they came, a page of them at a time, and what each verdict means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaCallback, Verdict

PAGE = 25

#: In the words of the desk; the labels of ``Verdict`` are the short ones.
MEANINGS = {
    Verdict.RECEIVED: _("It is kept, and waits to be worked through."),
    Verdict.FAILED: _("It is kept. Working through it failed; it is tried again by itself, ten times at the most."),
    Verdict.APPLIED: _("It was believed, and changed the payment."),
    Verdict.NO_CHANGE: _("It was believed, and said nothing that the payment did not know or could still become."),
    Verdict.DUPLICATE: _("It says the same as one before. It counts once."),
    Verdict.MISMATCH: _("Money came, but not the amount that was asked for. A person has to decide."),
    Verdict.UNVERIFIED: _(
        "It came without a payment's secret, so anybody may have sent it. Nothing in it was believed."
    ),
    Verdict.UNMATCHED: _(
        "It came to the payment's own address and is about another request. Safaricom was asked instead."
    ),
    Verdict.UNREADABLE: _("Nobody can read what it says. Safaricom was asked instead."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFilter:
    """Which callbacks; ``day`` is one of Nairobi's, ``before`` the id that ended the page before."""

    verdict: str = ""
    day: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPage:
    """One page, newest first, without the bodies; ``older`` is the ``before`` of the next one, None on the last."""

    rows: list[MpesaCallback]
    older: int | None


def callback_page(wanted: CallbackFilter) -> CallbackPage:
    """A page of callbacks. It costs the same among millions: an index gives the order, and nothing is counted."""
    found = _narrowed(MpesaCallback.objects.defer("body"), wanted)
    rows = list(found.select_related("payment__mpesa_order__order").order_by("-received_at", "-id")[: PAGE + 1])
    return CallbackPage(rows=rows[:PAGE], older=rows[PAGE - 1].pk if len(rows) > PAGE else None)


def _narrowed(found: QuerySet[MpesaCallback], wanted: CallbackFilter) -> QuerySet[MpesaCallback]:
    if wanted.verdict:
        found = found.filter(verdict=wanted.verdict)
    if wanted.day:
        first = datetime.combine(wanted.day, time.min, NAIROBI)
        found = found.filter(received_at__gte=first, received_at__lt=first + timedelta(days=1))
    last = MpesaCallback.objects.only("received_at").filter(pk=wanted.before).first() if wanted.before else None
    if last is None:
        return found
    same_moment = Q(received_at=last.received_at, pk__gte=last.pk)
    return found.filter(received_at__lte=last.received_at).exclude(same_moment)
