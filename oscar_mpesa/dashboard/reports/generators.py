"""The M-PESA report among Oscar's reports: paid orders of some days, as a page and as CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from oscar.core.loading import get_class

from oscar_mpesa.access.staff_permissions import EXPORT, VIEW, is_staff_with
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.csv_export import safe_cell
from oscar_mpesa.dashboard.money.queries import paid_between
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import Allocation, MpesaReceipt

ReportGenerator = get_class("dashboard.reports.reports", "ReportGenerator")
ReportCSVFormatter = get_class("dashboard.reports.reports", "ReportCSVFormatter")
ReportHTMLFormatter = get_class("dashboard.reports.reports", "ReportHTMLFormatter")


class MpesaReportCSVFormatter(ReportCSVFormatter):  # type: ignore[misc, valid-type]
    """The report as CSV, with a row for each receipt."""

    filename_template = "%smpesa-paid-%s-to-%s.csv"

    def generate_csv(self, response: Any, objects: QuerySet[MpesaReceipt]) -> None:
        """Write the header and the rows; times are in Nairobi."""
        writer = self.get_csv_writer(response)
        writer.writerow([str(each) for each in _HEADER])
        for receipt in objects.iterator(chunk_size=1_000):
            order: Any = receipt.order
            environment = receipt.get_environment_display()
            row = [receipt.number, receipt.paid_at, receipt.amount, receipt.returned_amount, order.number, environment]
            writer.writerow([safe_cell(cell) for cell in row])

    def filename(self, **kwargs: Any) -> str:
        """Return the file's name; in test mode it begins with TEST."""
        days = (kwargs.get("start_date") or "", kwargs.get("end_date") or "")
        return self.filename_template % ("TEST-" if get_settings().is_test else "", *days)


class MpesaReportHTMLFormatter(ReportHTMLFormatter):  # type: ignore[misc, valid-type]
    """The report as a table in Oscar's page."""

    filename_template = "oscar_mpesa/dashboard/reports/report.html"


class MpesaReportGenerator(ReportGenerator):  # type: ignore[misc, valid-type]
    """Receipts matched to orders, by the day in Nairobi on which they were paid.

    The report has only receipts of the shop's environment, so a production shop never counts a test. In test mode it
    says TEST. Fully refunded receipts are left out; a partial refund is a column of its own.
    """

    code = "mpesa_report"
    description = gettext_lazy("M-PESA: paid orders")
    date_range_field_name = "paid_at"
    model_class = MpesaReceipt
    formatters = {"CSV_formatter": MpesaReportCSVFormatter, "HTML_formatter": MpesaReportHTMLFormatter}

    def get_queryset(self) -> QuerySet[MpesaReceipt]:
        """Return the matched receipts with their orders, oldest first."""
        paid = MpesaReceipt.objects.filter(environment=get_settings().environment, allocation=Allocation.APPLIED)
        return paid.select_related("order").order_by("paid_at", "pk")

    def filter_with_date_range(self, queryset: QuerySet[MpesaReceipt]) -> QuerySet[MpesaReceipt]:
        """Limit the receipts to days in Nairobi, both included."""
        return paid_between(queryset, self.start_date, self.end_date)

    def generate(self) -> Any:
        """Return the CSV file or the rows of the page."""
        return self.formatter.generate_response(self.queryset, start_date=self.start_date, end_date=self.end_date)

    def report_description(self) -> str:
        """Return the report's title with its total."""
        sums = self.queryset.order_by().aggregate(
            count=Count("pk"), amount=Sum("amount", default=0), returned=Sum("returned_amount", default=0)
        )
        values = {"count": f"{sums['count']:,}", "amount": ksh(sums["amount"]), "returned": ksh(sums["returned"])}
        what = _("M-PESA: %(amount)s matched to orders (payments: %(count)s, refunded: %(returned)s)") % values
        test = _("TEST, no real money:") + " " if get_settings().is_test else ""
        return f"{test}{what}{_between(self.start_date, self.end_date)}"

    def is_available_to(self, user: Any) -> bool:
        """Whether a user may view M-PESA and, for the file, may export. Partner users may not."""
        is_file = isinstance(self.formatter, MpesaReportCSVFormatter)
        return is_staff_with(user, VIEW, *([EXPORT] if is_file else []))


_HEADER = (
    gettext_lazy("M-PESA code"),
    gettext_lazy("Paid at (Nairobi time)"),
    gettext_lazy("Amount in KSh"),
    pgettext_lazy("label", "Refunded amount"),
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
