"""All entries of some days for the accountant, as CSV or Excel: a row for each entry, by its posting day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views import View

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.csv_export import streamed_csv
from oscar_mpesa.dashboard.dates import FIRST_DAY, LAST_DAY, month_of, today
from oscar_mpesa.dashboard.money import export_totals
from oscar_mpesa.dashboard.xlsx_export import MOST_ROWS, Sheet, has_xlsx, xlsx_response
from oscar_mpesa.reports.entries import PostedEntries
from oscar_mpesa.reports.entry_rows import WIDTHS, ExportRows

CSV, XLSX = "csv", "xlsx"


class EntriesExportView(View):
    """A file of ``?month=2026-11``, of ``?from=…&to=…``, or of the current month in Nairobi.

    It is CSV, or Excel with ``?format=xlsx``.
    The file has only entries of the shop's environment, so a production shop never exports a test as income. In test
    mode the file's name and each row say TEST.
    """

    http_method_names = ["get", "head", "options"]

    #: The most entries of an Excel file.
    most_rows = MOST_ROWS

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file, or a sentence for days that can't be exported."""
        form = request.GET.get("format", CSV)
        if form not in formats():
            raise Http404
        try:
            first, last = days_of(request)
        except (ValueError, OverflowError):
            return HttpResponseBadRequest(_("Choose a month such as 2026-11, or two days such as 2026-11-01."))
        user: Any = request.user
        entries = PostedEntries(get_settings().environment, first, last)
        rows = ExportRows(entries=entries, shows_phones=may_see_full_phones(user), language=get_language())
        if form == CSV:
            return streamed_csv(_filename(first, last, form), rows.header(), (row for row in rows))
        if entries.count() > self.most_rows:
            return HttpResponseBadRequest(
                _("An Excel sheet cannot hold that many rows. Choose fewer days, or the CSV file.")
            )
        return xlsx_response(_filename(first, last, form), _sheets(rows))


def formats() -> dict[str, str]:
    """Return the formats of the file with their names. Excel needs openpyxl."""
    excel = {XLSX: pgettext("file", "Excel (XLSX)")} if has_xlsx() else {}
    return {CSV: "CSV", **excel}


def days_of(request: HttpRequest) -> tuple[date, date]:
    """Return the first and the last day that a request asks for. Raises ``ValueError`` or ``OverflowError``."""
    if "from" in request.GET or "to" in request.GET:
        first, last = (date.fromisoformat(request.GET.get(name, "")) for name in ("from", "to"))
    else:
        month = request.GET.get("month") or f"{today(timezone.now()):%Y-%m}"
        first, last = month_of(date.fromisoformat(f"{month}-01"))
    if not FIRST_DAY <= first <= last <= LAST_DAY:
        raise ValueError
    return first, last


def _filename(first: date, last: date, form: str) -> str:
    test = "TEST-" if get_settings().is_test else ""
    end = min(last, max(first, today(timezone.now())))  # the current month ends today
    return f"{test}mpesa-money-{first}-{end}.{form}"


def _sheets(rows: ExportRows) -> Iterator[Sheet]:
    """Yield the entries, then the totals of just these entries."""
    yield Sheet(title=pgettext("sheet", "Entries"), header=rows.header(), rows=rows, widths=WIDTHS)
    totals = export_totals.total_rows(rows.entries, rows.sums)
    yield Sheet(
        title=pgettext("sheet", "Totals"), header=export_totals.header(), rows=totals, widths=export_totals.WIDTHS
    )
