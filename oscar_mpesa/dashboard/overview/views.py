"""The first page of the desk: is M-Pesa offered, what needs somebody, and what came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from oscar_mpesa.alerts import rules
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.overview.charts import bars, share
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.reports.queries import count_open_items, waiting_customers
from oscar_mpesa.reports.statistics import Statistics, statistics
from oscar_mpesa.reports.success_rate import ResultCounts

#: What a link from a need says, by where it leads.
LINK_WORDS = {
    rules.SETUP: _("Go to the set-up"),
    rules.PAYMENTS: _("See the payments"),
    rules.PAYMENT: _("See the payment"),
    rules.CALLBACKS: _("See Safaricom's messages"),
    rules.RECEIPTS: _("See the money"),
    rules.RECEIPT: _("See the money"),
}

OFFERED = {"nobody": _("Off"), "staff": _("Staff only"), "everyone": _("Everyone")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One need as the page shows it; ``url`` is empty where there is no page to go to."""

    sentence: str
    is_urgent: bool
    url: str
    link_words: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason why requests were not paid, with the bar of its share."""

    words: str
    number: int
    percent: int
    bar: SafeString


class OverviewView(DashboardMixin, TemplateView):
    """What a shopkeeper looks at first; seven queries of its own."""

    template_name = "oscar_mpesa/dashboard/overview/overview.html"
    tab = "mpesa-overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What needs somebody, and the figures of the shop's own environment."""
        now, settings = timezone.now(), get_settings()
        open_items, numbers = count_open_items(now), statistics(now)
        ended = numbers.ended
        alerts = rules.active_alerts(now, results=ended, open_items=open_items)
        return {
            **super().get_context_data(**kwargs),
            "mpesa": settings,
            "offered": OFFERED[settings.available_to],
            "tasks": [_task(alert, self.request.user) for alert in alerts],
            "figures": numbers,
            "of_today": [
                *_facts(ended.today),
                (gettext("Customers waiting now"), f"{waiting_customers(open_items):,}"),
            ],
            "of_month": _facts_of_month(numbers),
            "chart": bars([day.taken for day in numbers.days], title=gettext("A bar for the money of each day")),
            "of_chart": _of_chart(numbers),
            "whys": _whys(numbers),
        }


def _task(need: rules.Alert, user: Any) -> Task:
    return Task(
        sentence=need.sentence,
        is_urgent=need.level is rules.Level.URGENT,
        url=link(user, need.url_name, *need.url_args),
        link_words=LINK_WORDS[need.url_name],
    )


def _facts(ended: ResultCounts) -> list[tuple[str, str]]:
    return [(gettext("Paid"), f"{ended.paid:,}"), (gettext("Not paid"), f"{ended.failed:,}")]


def _facts_of_month(numbers: Statistics) -> list[tuple[str, str]]:
    percent, seconds = numbers.ended.month.percent, numbers.seconds_to_pay
    rate = [] if percent is None else [(gettext("Went through"), f"{percent} %")]
    pace = [] if seconds is None else [(gettext("Time to pay (half take longer)"), _in_words(seconds))]
    return [*_facts(numbers.ended.month), *rate, *pace]


def _of_chart(numbers: Statistics) -> str:
    """What the picture shows, in words for everybody."""
    best = max(numbers.days, key=lambda day: day.taken)
    return gettext("From %(first)s to %(last)s; the most was %(amount)s on %(best)s.") % {
        "first": _short(numbers.days[0].day),
        "last": _short(numbers.days[-1].day),
        "amount": ksh(best.taken),
        "best": _short(best.day),
    }


def _whys(numbers: Statistics) -> list[Why]:
    return [
        Why(
            words=gettext(reason.meaning) if reason.meaning else gettext("other reasons"),
            number=reason.number,
            percent=reason.percent,
            bar=share(reason.percent),
        )
        for reason in numbers.reasons
    ]


def _short(day: date) -> str:
    return date_format(day, "j M")


def _in_words(seconds: int) -> str:
    if seconds < 120:
        return gettext("%(seconds)s seconds") % {"seconds": seconds}
    return gettext("%(minutes)s minutes") % {"minutes": round(seconds / 60)}
