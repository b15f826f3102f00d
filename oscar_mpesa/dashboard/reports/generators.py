"""The M-PESA report among Oscar's reports: the income of some days, as a page and as CSV."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from oscar.core.loading import get_class

from oscar_mpesa.access.staff_permissions import EXPORT, TURNOVER, VIEW, is_staff_with
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.reports.csv_lines import safe_cell
from oscar_mpesa.reports.entries import EntryKind, PostedEntries
from oscar_mpesa.reports.entry_kinds import INCOME

ReportGenerator = get_class("dashboard.reports.reports", "ReportGenerator")
ReportCSVFormatter = get_class("dashboard.reports.reports", "ReportCSVFormatter")
ReportHTMLFormatter = get_class("dashboard.reports.reports", "ReportHTMLFormatter")


class MpesaReportCSVFormatter(ReportCSVFormatter):  # type: ignore[misc, valid-type]
    """The report as CSV, with a row for each entry."""

    filename_template = "%smpesa-paid-%s-to-%s.csv"

    def generate_csv(self, response: Any, objects: PostedEntries) -> None:
        """Write the header and the rows; times are in Nairobi."""
        writer = self.get_csv_writer(response)
        writer.writerow([str(each) for each in _HEADER])
        environment = dict(EnvironmentField.CHOICES)[get_settings().environment]
        for row in objects:
            values = [row.posted_on, row.happened_at, row.number, row.kind.label, row.income, row.order_number]
            writer.writerow([safe_cell(value) for value in [*values, environment]])

    def filename(self, **kwargs: Any) -> str:
        """Return the file's name; in test mode it begins with TEST."""
        days = (kwargs.get("start_date") or "", kwargs.get("end_date") or "")
        return self.filename_template % ("TEST-" if get_settings().is_test else "", *days)


class MpesaReportHTMLFormatter(ReportHTMLFormatter):  # type: ignore[misc, valid-type]
    """The report as a table in Oscar's page."""

    filename_template = "oscar_mpesa/dashboard/reports/report.html"


class MpesaReportGenerator(ReportGenerator):  # type: ignore[misc, valid-type]
    """Money matched to orders, unmatched and refunded, by the Nairobi day on which each entry was posted.

    The report has only money of the shop's environment, so a production shop never counts a test. In test mode it says
    TEST. What is done today does not change the report of a past day.
    """

    code = "mpesa_report"
    description = gettext_lazy("M-PESA: income by day")
    date_range_field_name = "posted_on"
    model_class = MpesaReceipt
    formatters = {"CSV_formatter": MpesaReportCSVFormatter, "HTML_formatter": MpesaReportHTMLFormatter}

    def get_queryset(self) -> PostedEntries:
        """Return the entries of the report's days, both included."""
        return PostedEntries(get_settings().environment, self.start_date, self.end_date, kinds=INCOME)

    def filter_with_date_range(self, queryset: PostedEntries) -> PostedEntries:
        """Return the entries, which are already limited to the days."""
        return queryset

    def generate(self) -> Any:
        """Return the CSV file or the rows of the page."""
        return self.formatter.generate_response(self.queryset, start_date=self.start_date, end_date=self.end_date)

    def report_description(self) -> str:
        """Return the report's title with its totals."""
        totals = self.queryset.totals()
        values = {
            "net": ksh(sum((kind.income_sign * total for kind, total in totals.items()), Decimal(0))),
            "matched": ksh(totals[EntryKind.MATCHED] - totals[EntryKind.UNMATCHED]),
            "refunded": ksh(totals[EntryKind.REFUNDED] - totals[EntryKind.VOIDED]),
        }
        what = _("M-PESA: %(net)s (matched to orders: %(matched)s, refunded: %(refunded)s)") % values
        test = _("TEST, no real money:") + " " if get_settings().is_test else ""
        return f"{test}{what}{_between(self.start_date, self.end_date)}"

    def is_available_to(self, user: Any) -> bool:
        """Whether a user may see M-PESA's turnover and, for the file, may export. Partner users may not."""
        is_file = isinstance(self.formatter, MpesaReportCSVFormatter)
        return is_staff_with(user, VIEW, TURNOVER, *([EXPORT] if is_file else []))


_HEADER = (
    pgettext_lazy("label", "Posted on"),
    gettext_lazy("M-PESA time (Nairobi)"),
    gettext_lazy("M-PESA code"),
    pgettext_lazy("label", "What"),
    gettext_lazy("Amount in KSh"),
    pgettext_lazy("noun", "Order"),
    pgettext_lazy("label", "Environment"),
)


def install() -> None:
    """Register the report with Oscar once, and add it to the form, whose choices Oscar builds at import."""
    repository = get_class("dashboard.reports.utils", "GeneratorRepository")
    form = get_class("dashboard.reports.forms", "ReportForm")
    if MpesaReportGenerator not in repository.generators:
        repository.generators.append(MpesaReportGenerator)
    field = form.base_fields["report_type"]
    choice = (MpesaReportGenerator.code, MpesaReportGenerator.description)
    if choice[0] not in {code for code, _label in field.choices}:
        field.choices = [*field.choices, choice]


def _between(first: date | None, last: date | None) -> str:
    values = {"first": date_format(first, "j M Y") if first else "", "last": date_format(last, "j M Y") if last else ""}
    if first and last:
        return ": " + _("%(first)s to %(last)s") % values
    if first or last:
        return ": " + (pgettext("label", "from %(first)s") if first else pgettext("label", "until %(last)s")) % values
    return ""
