"""The overview: to whom M-PESA is offered, the alerts, and the statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from oscar_mpesa.access.staff_permissions import may_see_turnover
from oscar_mpesa.alerts import rules
from oscar_mpesa.alerts.readiness import readiness
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.months import period_title
from oscar_mpesa.dashboard.overview.cards import cards, duration
from oscar_mpesa.dashboard.overview.charts import bars, share
from oscar_mpesa.dashboard.overview.periods import CHOICES, chosen_period, days_form
from oscar_mpesa.dashboard.readiness import readiness_line
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.reports.comparison import figures_of_days
from oscar_mpesa.reports.queries import count_open_items, waiting_customers
from oscar_mpesa.reports.statistics import Statistics, statistics
from oscar_mpesa.reports.success_rate import ResultCounts
from oscar_mpesa.setup_check.pauses import pause_findings

#: Labels of the alerts' links, by URL name.
LINK_LABELS = {
    rules.SETUP: _("Go to the set-up"),
    rules.PAYMENTS: _("See the payments"),
    rules.PAYMENT: _("See the payment"),
    rules.CALLBACKS: _("See the callbacks"),
    rules.CALLBACK: _("See the callback"),
    rules.RECEIPTS: _("See the money"),
    rules.RECEIPT: _("See the money"),
    rules.CLAIM: _("See the recorded payment"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertItem:
    """An alert on the page; ``url`` is empty if the user may not open the page."""

    sentence: str
    is_urgent: bool
    url: str
    link_label: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReason:
    """A reason why payments failed, with its share."""

    label: str
    number: int
    percent: int
    bar: SafeString


class OverviewView(DashboardMixin, TemplateView):
    """The first page of the dashboard; up to fifteen queries of its own."""

    template_name = "oscar_mpesa/dashboard/overview/overview.html"
    tab = "mpesa-overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the alerts, and the statistics of the shop's environment."""
        now = timezone.now()
        state = readiness(now)
        open_items, numbers = count_open_items(now), statistics(now)
        ended, user = numbers.ended, self.request.user
        alerts = rules.active_alerts(now, state=state, results=ended, open_items=open_items)
        return {
            **super().get_context_data(**kwargs),
            "mpesa": get_settings(),
            "readiness": readiness_line(state, now),
            "pauses": pause_findings(now),
            "alerts": [_alert_item(alert, user) for alert in alerts],
            "figures": numbers,
            "waiting": waiting_customers(open_items),
            **_compared(self.request.GET, user, now),
            "of_month": _facts_of_month(numbers),
            "chart": bars([day.taken for day in numbers.days], title=gettext("Money per day, one bar for each day")),
            "of_chart": _of_chart(numbers),
            "reasons": _reasons(numbers),
        }


def _compared(asked: Any, user: Any, now: datetime) -> dict[str, Any]:
    """Return the figures of the period that the URL asks for, beside those of the days before. Makes six queries."""
    form = days_form(asked)
    period = chosen_period(asked, form, today(now))
    figures = figures_of_days(period.first, period.last, now=now)
    before = figures_of_days(period.before_first, period.before_last, now=now)
    return {
        "period": period,
        "period_title": period_title(period.first, period.last),
        "before_title": period_title(period.before_first, period.before_last),
        "periods": CHOICES.items(),
        "days_form": form,
        "cards": cards(figures, before, shows_turnover=may_see_turnover(user)),
    }


def _alert_item(alert: rules.Alert, user: Any) -> AlertItem:
    return AlertItem(
        sentence=alert.sentence,
        is_urgent=alert.level is rules.Level.URGENT,
        url=link(user, alert.url_name, *alert.url_args),
        link_label=LINK_LABELS[alert.url_name],
    )


def _facts(ended: ResultCounts) -> list[tuple[str, str]]:
    return [(pgettext("label", "Paid"), f"{ended.paid:,}"), (pgettext("label", "Not paid"), f"{ended.failed:,}")]


def _facts_of_month(numbers: Statistics) -> list[tuple[str, str]]:
    percent, seconds = numbers.ended.month.percent, numbers.seconds_to_pay
    rate = [] if percent is None else [(pgettext("label", "Success rate"), f"{percent} %")]
    pace = [] if seconds is None else [(gettext("Typical time to pay"), duration(seconds))]
    return [*_facts(numbers.ended.month), *rate, *pace]


def _of_chart(numbers: Statistics) -> str:
    """Return the chart's content as a sentence."""
    best = max(numbers.days, key=lambda day: day.taken)
    return gettext("From %(first)s to %(last)s; the most was %(amount)s on %(best)s.") % {
        "first": _short(numbers.days[0].day),
        "last": _short(numbers.days[-1].day),
        "amount": ksh(best.taken),
        "best": _short(best.day),
    }


def _reasons(numbers: Statistics) -> list[FailureReason]:
    return [
        FailureReason(
            label=gettext(reason.meaning) if reason.meaning else pgettext("label", "other reasons"),
            number=reason.number,
            percent=reason.percent,
            bar=share(reason.percent),
        )
        for reason in numbers.reasons
    ]


def _short(day: date) -> str:
    return date_format(day, "j M")
