"""Word the figures of some days as sums that a bookkeeper can check. The month report and its file show these lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.reports.bridge import Part
from oscar_mpesa.reports.entry_kinds import EntryKind
from oscar_mpesa.reports.period import PeriodFigures

_OF_SETTLED = (EntryKind.RESOLVED_RETURNED, EntryKind.RESOLVED_RETURN_VOIDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A signed amount in shillings, and how many entries or orders it has, if somebody counts them.

    One that ``is_total`` is the sum of the lines before it.
    """

    label: str
    amount: Decimal
    count: int | None = None
    is_total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under a title. ``key`` names them for programs, and ``counted`` says what their numbers count."""

    key: str
    title: str
    counted: str
    lines: tuple[Line, ...]
    note: str = ""


def period_sections(figures: PeriodFigures) -> tuple[Section, ...]:
    """Return the sections of the report, in the active language."""
    return (_in_and_out(figures), _taken(figures), _unmatched(figures), _recorded(figures), _bridge(figures))


def _in_and_out(figures: PeriodFigures) -> Section:
    lines = [
        _entries(figures, pgettext("sum", "Money in"), EntryKind.RECEIVED),
        *_sent(figures, _("Refunds of orders' money"), EntryKind.REFUNDED, EntryKind.VOIDED),
        *_optional(_sent(figures, _("Refunds of unmatched money"), EntryKind.RETURNED, EntryKind.RETURN_VOIDED)),
        *_optional(_sent(figures, _("Refunds of settled money"), *_OF_SETTLED)),
    ]
    return Section(
        key="in_and_out",
        title=pgettext("sum", "Money in and out"),
        counted=pgettext("label", "Entries"),
        lines=(*lines, _total(pgettext("sum", "In, less what was sent out"), lines)),
        note=_("Compare these lines with your M-PESA statement. They are before Safaricom's charges."),
    )


def _taken(figures: PeriodFigures) -> Section:
    lines = [
        _entries(figures, pgettext("sum", "Matched to orders"), EntryKind.MATCHED),
        _entries(figures, pgettext("sum", "Unmatched from orders"), EntryKind.UNMATCHED),
        *_sent(figures, _("Refunds of orders' money"), EntryKind.REFUNDED, EntryKind.VOIDED),
    ]
    return Section(
        key="taken",
        title=pgettext("sum", "Taken"),
        counted=pgettext("label", "Entries"),
        lines=(*lines, Line(label=pgettext("sum", "Taken"), amount=figures.taken, is_total=True)),
        note=_("This is the income of these days. Past days do not change."),
    )


def _unmatched(figures: PeriodFigures) -> Section:
    beginning = Line(label=pgettext("sum", "Unmatched at the beginning"), amount=figures.opening)
    moved = [
        _moved(figures, pgettext("sum", "Money in"), EntryKind.RECEIVED),
        _moved(figures, pgettext("sum", "Matched to orders"), EntryKind.MATCHED),
    ]
    others = [
        _moved(figures, pgettext("sum", "Unmatched from orders"), EntryKind.UNMATCHED),
        _moved(figures, pgettext("sum", "Settled without an order"), EntryKind.RESOLVED),
        _moved(figures, pgettext("sum", "Settlements undone"), EntryKind.UNRESOLVED),
        *_sent(figures, _("Refunds of unmatched money"), EntryKind.RETURNED, EntryKind.RETURN_VOIDED),
    ]
    lines = [beginning, *moved, *_optional(others)]
    return Section(
        key="unmatched",
        title=pgettext("sum", "Unmatched money"),
        counted=pgettext("label", "Entries"),
        lines=(*lines, Line(label=pgettext("sum", "Unmatched at the end"), amount=figures.closing, is_total=True)),
        note=_("This money arrived, and counts for no order yet. It may not be the shop's."),
    )


def _recorded(figures: PeriodFigures) -> Section:
    lines = (
        _entries(figures, pgettext("sum", "Recorded by staff"), EntryKind.RECORDED),
        _entries(figures, pgettext("sum", "Ended: confirmed or withdrawn"), EntryKind.RECORD_ENDED),
    )
    return Section(
        key="recorded",
        title=pgettext("sum", "Recorded, not confirmed"),
        counted=pgettext("label", "Entries"),
        lines=(*lines, _total(pgettext("sum", "Change"), list(lines))),
        note=_("Safaricom has not confirmed these payments. They are in none of the other sums."),
    )


def _bridge(figures: PeriodFigures) -> Section:
    bridge = figures.bridge
    these = [
        Line(label=_("Orders placed, as Oscar counts them"), amount=bridge.placed.amount, count=bridge.placed.count),
        _less(_("Orders without M-PESA"), bridge.without_mpesa),
        *_optional([_less(_other_environment(figures.environment), bridge.other_environment)]),
        _less(_("Paid by other methods"), bridge.other_payments),
        _less(_("Not paid, order still open"), bridge.unpaid_open),
        _less(_("Not paid, order closed or canceled"), bridge.unpaid_ended),
        *_optional([_less(_("Recorded by staff, not confirmed"), bridge.recorded)]),
        _less(_("Credits: refunds after which the orders owe less"), bridge.credits),
        _less(_("Rounding and other differences"), bridge.differences),
    ]
    total = _total(_("Taken for these orders"), these)
    others = [Line(label=_("Taken on these days for orders of other days"), amount=bridge.for_other_orders)]
    if bridge.on_other_days:
        others.append(Line(label=_("Taken for these orders on other days"), amount=-bridge.on_other_days))
    taken = _total(pgettext("sum", "Taken"), [total, *others])
    return Section(
        key="bridge",
        title=_("From Oscar's orders to the money taken"),
        counted=pgettext("label", "Orders"),
        lines=(*these, total, *others, taken),
        note=_("Oscar's total revenue counts every order placed, whether it was paid, canceled or paid in another way.")
        + " "
        + _("Totals, statuses and other payments are as of today."),
    )


def other_currencies(figures: PeriodFigures) -> list[str]:
    """Return a sentence for each currency whose orders the bridge leaves out."""
    return [
        _("Orders in %(currency)s are left out: %(count)s, together %(amount)s.")
        % {"count": part.count, "currency": currency, "amount": f"{part.amount:,.2f}"}
        for currency, part in figures.bridge.other_currencies.items()
    ]


def _other_environment(environment: str) -> str:
    if environment == PRODUCTION:
        return _("Orders of test mode")
    return _("Orders of another environment")


def _entries(figures: PeriodFigures, label: str, kind: EntryKind) -> Line:
    """Return what was posted of a kind, with the sign that it has in its column."""
    return Line(label=label, amount=kind.sign * figures.amount(kind), count=figures.count(kind))


def _moved(figures: PeriodFigures, label: str, kind: EntryKind) -> Line:
    """Return what a kind adds to the unmatched money."""
    return Line(label=label, amount=kind.unmatched_sign * figures.amount(kind), count=figures.count(kind))


def _sent(figures: PeriodFigures, label: str, refunded: EntryKind, voided: EntryKind) -> list[Line]:
    """Return what was sent out, and what of it was voided if anything was."""
    sent = Line(label=label, amount=-figures.amount(refunded), count=figures.count(refunded))
    label = pgettext("sum", "Voided: %(what)s") % {"what": label}
    return [sent, *_optional([Line(label=label, amount=figures.amount(voided), count=figures.count(voided))])]


def _less(label: str, part: Part) -> Line:
    return Line(label=label, amount=-part.amount, count=part.count)


def _optional(lines: Iterable[Line]) -> list[Line]:
    """Return the lines that count something."""
    return [each for each in lines if each.count]


def _total(label: str, lines: list[Line]) -> Line:
    return Line(label=label, amount=sum((each.amount for each in lines), Decimal(0)), is_total=True)
