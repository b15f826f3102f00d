"""One receipt, or one recorded payment, as a small ledger: each step with its day, and what is unmatched after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.dashboard.dates import day_and_time, today
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaReceipt,
    MpesaRefund,
    RefundMethod,
    RefundStatus,
)
from oscar_mpesa.models.refunds import COUNTING
from oscar_mpesa.services.allocation import can_pay_orders
from oscar_mpesa.services.ledger import NOTHING, Entries

#: What comes first of steps at the same moment.
_ARRIVED, _REVERSED, _REFUNDED, _MATCHED, _ENDED = range(5)


@dataclass(slots=True, kw_only=True)
class Line:
    """One step, in shillings: what came in, what was matched or resolved, and what went out.

    ``unmatched`` is what is left after it. ``happened`` is M-PESA's day, if it differs from the posting day.
    """

    at: datetime
    rank: int
    what: Any
    day: str
    happened: str = ""
    came: Decimal = NOTHING
    matched: Decimal = NOTHING
    out: Decimal = NOTHING
    unmatched: Decimal = NOTHING
    details: list[str] = field(default_factory=list)
    actions: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The steps in their order, and their sums. ``labels`` name the four columns of amounts."""

    lines: list[Line]
    labels: tuple[str, str, str, str]
    came: Decimal
    matched: Decimal
    out: Decimal
    unmatched: Decimal


def ledger_of_receipt(receipt: MpesaReceipt, viewer: Viewer) -> Ledger:
    """Return a receipt's ledger, which ends at its unallocated amount.

    The orders of its entries must be loaded. A user gets links to the corrections that they may make.
    """
    allocations, refunds = list(receipt.allocations.all()), list(receipt.refunds.all())
    by_pk, entries = {each.pk: each for each in allocations}, Entries(allocations=allocations, refunds=refunds)
    lines = [_arrival(receipt)]
    for entry in allocations:
        lines.extend(_of_allocation(entry, viewer, since=receipt.created_at))
        if entry.is_active and entries.free(entry) > 0:
            lines[-1].actions = _offered(viewer.user, _corrections_of(entry, receipt))
    for refund in refunds:
        lines.extend(_of_refund(refund, by_pk.get(refund.allocation_id or 0), viewer))
        if (refund.method, refund.status) == (RefundMethod.MANUAL, RefundStatus.COMPLETED):
            lines[-1].actions = _offered(viewer.user, [("mpesa-refund-void", refund.pk, _("Void the refund"))])
    lines.extend(_repetition(receipt, lines))
    labels = (
        pgettext("label", "In"),
        pgettext("label", "Matched"),
        pgettext("label", "Out"),
        pgettext("label", "Unmatched after it"),
    )
    return _summed(lines, labels)


def ledger_of_claim(claim: MpesaClaim, allocations: Iterable[MpesaAllocation], viewer: Viewer) -> Ledger:
    """Return the ledger of a recorded payment. It ends at zero once it is confirmed or withdrawn."""
    counts = claim.receipt_id is None or not claim.is_open
    amount = claim.amount if counts else NOTHING
    signed = _signed(claim.by_name, claim.created_at, viewer)
    lines = [
        Line(
            at=claim.created_at,
            rank=_ARRIVED,
            what=pgettext("entry", "Recorded"),
            day=_day(today(claim.created_at)),
            happened=_other_day(claim.paid_at, today(claim.created_at)),
            came=amount,
            details=_lines(_joined(signed, viewer.mask(claim.seen_in))),
        )
    ]
    for entry in allocations:
        lines.extend(_of_allocation(entry, viewer, since=claim.created_at))
    if claim.ended_at is not None:
        is_confirmed = claim.status == ClaimStatus.CONFIRMED
        what = _("Safaricom confirmed it") if is_confirmed else pgettext("entry", "Withdrawn")
        day = _day(today(claim.ended_at))
        lines.append(Line(at=claim.ended_at, rank=_ENDED, what=what, day=day, out=amount))
    labels = (
        pgettext("label", "Recorded"),
        pgettext("label", "Counted for the order"),
        pgettext("label", "Ended"),
        pgettext("label", "Not counted after it"),
    )
    return _summed(lines, labels)


def _summed(lines: list[Line], labels: tuple[str, str, str, str]) -> Ledger:
    """Sort the lines, and write what is unmatched after each."""
    lines.sort(key=lambda each: (each.at, each.rank))
    unmatched = NOTHING
    for each in lines:
        unmatched += each.came - each.matched - each.out
        each.unmatched = unmatched
    came, matched, out = (sum((getattr(each, name) for each in lines), NOTHING) for name in ("came", "matched", "out"))
    return Ledger(lines=lines, labels=labels, came=came, matched=matched, out=out, unmatched=unmatched)


def _arrival(receipt: MpesaReceipt) -> Line:
    return Line(
        at=receipt.created_at,
        rank=_ARRIVED,
        what=pgettext("entry", "Arrived"),
        day=_day(receipt.posted_on),
        happened=_other_day(receipt.paid_at, receipt.posted_on),
        came=receipt.amount,
        details=[day_and_time(receipt.paid_at)],
    )


def _repetition(receipt: MpesaReceipt, lines: list[Line]) -> Iterator[Line]:
    """Yield the step that takes a row out of all sums that repeats another one."""
    if receipt.same_as_id is not None:
        url = reverse("dashboard:mpesa-receipt", args=[receipt.same_as_id])
        what = format_html('<a href="{}">{}</a>', url, _("The same money as another row, and counted there"))
        at, left = max(each.at for each in lines), sum((each.came - each.matched - each.out for each in lines), NOTHING)
        yield Line(at=at, rank=_ENDED, what=what, day="", out=left)


def _of_allocation(entry: MpesaAllocation, viewer: Viewer, *, since: datetime) -> Iterator[Line]:
    """Yield when an entry was reversed, and when it was made: with the money, if it was a recorded payment's before."""
    is_match = entry.order_id is not None
    matched, unmatched = pgettext("entry", "Matched to order"), pgettext("entry", "Unmatched from order")
    reason = entry.get_reason_display() if is_match else ""
    line = Line(
        at=max(entry.counted_at, since),
        rank=_MATCHED,
        what=_with_order(matched, entry, viewer) if is_match else _("Resolved with a note"),
        day=_day(entry.posted_on),
        matched=entry.amount,
        details=_lines(reason, _joined(_signed(entry.by_name, entry.created_at, viewer), viewer.mask(entry.note))),
    )
    if entry.error:
        line.details.append(_("The shop's own code failed to post it: %(error)s") % {"error": viewer.mask(entry.error)})
    if entry.reversed_at is not None:
        signed = _signed(entry.reversed_by_name, entry.reversed_at, viewer)
        reason = str(entry.get_reversal_reason_display()) if is_match else ""
        yield Line(
            at=entry.reversed_at,
            rank=_REVERSED,
            what=_with_order(unmatched, entry, viewer) if is_match else pgettext("entry", "Resolution undone"),
            day=_day(entry.reversed_on),
            matched=-entry.amount,
            details=_lines(reason, _joined(signed, viewer.mask(entry.reversal_note))),
        )
    yield line


def _of_refund(refund: MpesaRefund, entry: MpesaAllocation | None, viewer: Viewer) -> Iterator[Line]:
    """Yield when a refund was voided, and when it was recorded. One of matched money is matched no more."""
    counts = refund.status in {*COUNTING, RefundStatus.VOIDED}
    amount = refund.amount if counts else NOTHING
    of_entry = NOTHING if entry is None else amount
    label = pgettext("entry", "Refunded") if counts else pgettext("entry", "Refund")
    if refund.voided_at is not None:
        yield Line(
            at=refund.voided_at,
            rank=_REVERSED,
            what=pgettext("entry", "Refund voided"),
            day=_day(refund.voided_on),
            matched=of_entry,
            out=-amount,
            details=_lines(
                _joined(_signed(refund.voided_by_name, refund.voided_at, viewer), viewer.mask(refund.void_note))
            ),
        )
    posted_on = refund.posted_on or today(refund.requested_at)
    yield Line(
        at=refund.requested_at,
        rank=_REFUNDED,
        what=_with_order(_("Refunded of order"), entry, viewer) if entry is not None and entry.order_id else label,
        day=_day(posted_on),
        happened=_other_day(refund.happened_at, posted_on),
        matched=-of_entry,
        out=amount,
        details=_refund_details(refund, viewer),
    )


def _refund_details(refund: MpesaRefund, viewer: Viewer) -> list[str]:
    """Return the status of a refund that is not done, its code and purpose, and who recorded it."""
    is_done = refund.status in {RefundStatus.COMPLETED, RefundStatus.VOIDED}
    status = "" if is_done else _joined(refund.get_status_display(), ksh(refund.amount))
    signed = _signed(refund.requested_by_name, refund.requested_at, viewer)
    code = _joined(viewer.mask(refund.code), refund.get_purpose_display())
    return _lines(status, code, _joined(signed, viewer.mask(refund.note)))


def _corrections_of(entry: MpesaAllocation, receipt: MpesaReceipt) -> list[tuple[str, int, str]]:
    """Return the URL names, ids and labels of what can be done with an active entry."""
    if entry.order_id is None:
        return [("mpesa-entry-undo", entry.pk, _("Undo the resolution"))]
    unmatch = ("mpesa-entry-unmatch", entry.pk, pgettext("button", "Unmatch"))
    move = ("mpesa-entry-move", entry.pk, _("Move to another order"))
    return [move, unmatch] if can_pay_orders(receipt) else [unmatch]


def _offered(user: Any, corrections: list[tuple[str, int, str]]) -> list[tuple[str, str]]:
    """Return the URLs and labels of the pages that the user may open."""
    urls = [(link(user, f"dashboard:{name}", pk), label) for name, pk, label in corrections]
    return [(url, label) for url, label in urls if url]


def _with_order(label: Any, entry: MpesaAllocation, viewer: Viewer) -> str:
    return format_html("{} {}", label, viewer.order(entry.order))


def _lines(*parts: str) -> list[str]:
    return [str(each) for each in parts if each]


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, map(str, parts)))


def _signed(name: str, moment: datetime | None, viewer: Viewer) -> str:
    return ", ".join(filter(None, [viewer.mask(name), day_and_time(moment)]))


def _day(day: date | None) -> str:
    return "" if day is None else date_format(day, "j M Y")


def _other_day(moment: datetime | None, posted_on: date) -> str:
    """Return M-PESA's day of a step, if it is another one than the posting day."""
    return "" if moment is None or today(moment) == posted_on else _day(today(moment))
