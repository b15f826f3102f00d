"""The month report: what was posted in a month or on other days, and every entry."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from oscar_mpesa.access.staff_permissions import EXPORT, may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import FIRST_DAY, LAST_DAY, day_after, midnight, month_of, today
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.export import formats
from oscar_mpesa.dashboard.money.month_form import DaysForm, MonthForm
from oscar_mpesa.dashboard.money.views import month_to_export
from oscar_mpesa.dashboard.navigation import may_see_reports
from oscar_mpesa.domain.timezone import DAY_CLOSES_AT
from oscar_mpesa.reports.entries import PostedEntries, PostedEntry
from oscar_mpesa.reports.entry_kinds import EntryColumn
from oscar_mpesa.reports.pagination import CappedPaginator
from oscar_mpesa.reports.period import PeriodFigures, period_figures
from oscar_mpesa.reports.period_lines import other_currencies, period_sections

PER_PAGE = 50


class EntryPaginator(CappedPaginator):
    """Paginate entries whose number is known."""

    def __init__(self, rows: PostedEntries, per_page: int, *, found: int) -> None:
        super().__init__(rows, per_page)
        self.__dict__["found"] = found


class MonthView(DashboardMixin, TemplateView):
    """The figures of ``?month=2026-11``, or of ``?from=2026-11-01&to=2026-11-15``, and their entries, oldest first.

    A new month shows the month before at first, which accountants still work on. Days that are not valid get an error,
    and show nothing else.
    """

    template_name = "oscar_mpesa/dashboard/money/months.html"
    tab = "mpesa-month"

    @cached_property
    def month_form(self) -> MonthForm:
        """Return the choice of a month."""
        asked = None if self.asks_for_days else self.request.GET
        day = self.days_form.first_day or month_to_export(today(timezone.now()))
        return MonthForm(asked if asked and "month" in asked else None, initial={"month": f"{day:%Y-%m}"})

    @cached_property
    def days_form(self) -> DaysForm:
        """Return the choice of two days."""
        return DaysForm(self.request.GET if self.asks_for_days else None)

    @property
    def asks_for_days(self) -> bool:
        """Return whether the URL names two days, and not a month."""
        return "from" in self.request.GET or "to" in self.request.GET

    @property
    def days(self) -> tuple[date, date] | None:
        """Return the first and the last day that the page is about; None if they are not valid."""
        if self.asks_for_days:
            return self.days_form.days
        if not self.month_form.is_bound:
            return month_of(month_to_export(today(timezone.now())))
        return self.month_form.days

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the forms, and the figures and entries of the days."""
        context = super().get_context_data(month_form=self.month_form, days_form=self.days_form, **kwargs)
        days = self.days
        if days is None:
            return context
        figures = period_figures(get_settings().environment, *days)
        return {**context, **self._period(figures), **self._entries(figures)}

    def _period(self, figures: PeriodFigures) -> dict[str, Any]:
        first, last = figures.first, figures.last
        closes_at = midnight(day_after(last)) + timedelta(hours=DAY_CLOSES_AT.hour)
        return {
            "figures": figures,
            "title": period_title(first, last),
            "sections": period_sections(figures),
            "other_currencies": other_currencies(figures),
            "is_open": timezone.now() < closes_at,
            "previous_month": month_link(first.replace(day=1) - timedelta(days=1)),
            "next_month": month_link(month_of(last)[1] + timedelta(days=1)),
            "files": self._files(first, last),
            "shop": settings.OSCAR_SHOP_NAME,
            "printed_at": timezone.now(),
            "oscars_report": self._oscars_report(first, last),
        }

    def _files(self, first: date, last: date) -> list[tuple[str, str]]:
        """Return the address and the label of each file that the user may download."""
        if not self.request.user.has_perm(EXPORT):
            return []
        url, days = reverse("dashboard:mpesa-receipts-export"), {"from": first, "to": last}
        return [(f"{url}?{urlencode({**days, 'format': each})}", label) for each, label in formats().items()]

    def _oscars_report(self, first: date, last: date) -> str:
        """Return the address of Oscar's own list of the orders placed; "" if the user may not open it."""
        if not may_see_reports(self.request.user):
            return ""
        asked = {"report_type": "order_report", "date_from": first, "date_to": last}
        return f"{reverse('dashboard:reports-index')}?{urlencode(asked)}"

    def _entries(self, figures: PeriodFigures) -> dict[str, Any]:
        entries = PostedEntries(figures.environment, figures.first, figures.last)
        paginator = EntryPaginator(entries, PER_PAGE, found=figures.count())
        page: Page[Any] = paginator.get_page(self.request.GET.get("page"))
        query = self.request.GET.copy()
        query.pop("page", None)
        shows_phones = may_see_full_phones(self.request.user)
        rows = [(each, _signed(each), redact(each.by, shows_phones=shows_phones)) for each in page]
        return {"page_obj": page, "rows": rows, "query": f"{query.urlencode()}&" if query else ""}


def _signed(entry: PostedEntry) -> Decimal:
    """Return the amount as the sums of the page add it up: what was sent out is below zero."""
    sign = -entry.kind.sign if entry.kind.column == EntryColumn.OUT else entry.kind.sign
    return sign * entry.amount


def period_title(first: date, last: date) -> str:
    """Return ``November 2026`` for a whole month, else the day or both days."""
    if (first, last) == month_of(first):
        return date_format(first, "F Y")
    if first == last:
        return date_format(first, "j M Y")
    return _("%(first)s to %(last)s") % {"first": date_format(first, "j M Y"), "last": date_format(last, "j M Y")}


def month_link(day: date) -> dict[str, str] | None:
    """Return the URL query and the name of a day's month; None for a month to come, or out of range."""
    if not FIRST_DAY <= day <= min(today(timezone.now()), LAST_DAY):
        return None
    return {"query": f"month={day:%Y-%m}", "name": date_format(day, "F Y")}
