"""The figures of a period as cards, each with the figure of the days before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.reports.comparison import DaysFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure, what it was in the days before, and a change in percent as text; "" if there is none to name."""

    label: str
    figure: str
    before: str
    change: str = ""


def cards(now: DaysFigures, before: DaysFigures, *, shows_turnover: bool) -> list[Card]:
    """Return the cards; those with money only for users who may see the turnover."""
    money = [
        _card(pgettext("label", "Taken before refunds"), now.taken, before.taken, ksh),
        _card(pgettext("label", "Refunded"), now.refunded, before.refunded, ksh),
        _card(pgettext("label", "Taken, net"), now.net, before.net, ksh),
    ]
    return [
        *(money if shows_turnover else []),
        _card(pgettext("label", "Paid"), now.results.paid, before.results.paid, _number),
        _card(pgettext("label", "Not paid"), now.results.failed, before.results.failed, _number),
        Card(
            label=pgettext("label", "Success rate"),
            figure=_percent(now.results.percent),
            before=_percent(before.results.percent),
        ),
        Card(
            label=_("Typical time to pay"),
            figure=duration(now.seconds_to_pay),
            before=duration(before.seconds_to_pay),
        ),
    ]


def duration(seconds: int | None) -> str:
    """Return a time in seconds or minutes; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 120:
        return pgettext("label", "%(seconds)s seconds") % {"seconds": seconds}
    return pgettext("label", "%(minutes)s minutes") % {"minutes": round(seconds / 60)}


def _card(label: str, now: Any, before: Any, formatted: Any) -> Card:
    return Card(label=label, figure=formatted(now), before=formatted(before), change=_change(now, before))


def _change(now: Any, before: Any) -> str:
    """Return by how much a figure rose or fell; "" without a figure above zero before."""
    if before <= 0 or now == before:
        return ""
    percent = round(abs(100 * (now - before) / before))
    return (_("up %(percent)s %%") if now > before else _("down %(percent)s %%")) % {"percent": f"{percent:,}"}


def _number(count: int) -> str:
    return f"{count:,}"


def _percent(percent: int | None) -> str:
    return "–" if percent is None else f"{percent} %"
