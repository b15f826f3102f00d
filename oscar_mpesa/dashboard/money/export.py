"""Receipts for the accountant as CSV: a row for each receipt, and totals at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from oscar.core.loading import get_model

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.csv_export import streamed_csv
from oscar_mpesa.dashboard.dates import FIRST_DAY, LAST_DAY, month_of, today
from oscar_mpesa.dashboard.money.messages import accepted_difference
from oscar_mpesa.dashboard.money.queries import paid_between
from oscar_mpesa.domain.money import ROUNDING_CODE
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import Allocation, MpesaReceipt

Surcharge = get_model("order", "Surcharge")

_CENT = Decimal("0.01")

#: Receipts held in memory at a time.
_CHUNK = 1_000


@require_safe
def export_receipts(request: HttpRequest) -> HttpResponseBase:
    """Return a CSV file of ``?month=2026-11``, of ``?from=…&to=…``, or of the current month in Nairobi.

    The file has only receipts of the shop's environment, so a production shop never exports a test as income. In test
    mode the file's name, each row and each total say TEST.
    """
    try:
        first, last = _days(request)
    except (ValueError, OverflowError):
        return HttpResponseBadRequest(_("Choose a month such as 2026-11, or two days such as 2026-11-01."))
    user: Any = request.user
    test = "TEST-" if get_settings().is_test else ""
    rows = _rows(receipts_to_export(first, last), shows_phones=may_see_full_phones(user), language=get_language())
    end = min(last, max(first, today(timezone.now())))  # the current month ends today
    return streamed_csv(f"{test}mpesa-money-{first}-{end}.csv", _header(), rows)


def receipts_to_export(first: date, last: date) -> QuerySet[MpesaReceipt]:
    """Return each receipt of these days once, oldest first, with its order's rounding."""
    surcharge = Surcharge.objects.filter(order=OuterRef("order_id"), code=ROUNDING_CODE).values("incl_tax")[:1]
    receipts = MpesaReceipt.objects.counted().filter(environment=get_settings().environment)
    return (
        paid_between(receipts, first, last)
        .select_related("order", "payment")
        .annotate(surcharge=Subquery(surcharge))
        .order_by("paid_at", "pk")
    )


def _days(request: HttpRequest) -> tuple[date, date]:
    if "from" in request.GET or "to" in request.GET:
        first, last = (date.fromisoformat(request.GET.get(name, "")) for name in ("from", "to"))
    else:
        month = request.GET.get("month") or f"{today(timezone.now()):%Y-%m}"
        first, last = month_of(date.fromisoformat(f"{month}-01"))
    if not FIRST_DAY <= first <= last <= LAST_DAY:
        raise ValueError
    return first, last


def _header() -> list[str]:
    return [
        _("M-PESA code"),
        _("Paid at (Nairobi time)"),
        _("Amount in KSh"),
        pgettext("noun", "Order"),
        pgettext("label", "Order total"),
        pgettext("label", "Rounding included"),
        pgettext("label", "Accepted difference"),
        pgettext("label", "Status"),
        _("Name on M-PESA"),
        pgettext("label", "Source"),
        pgettext("label", "Refunded on"),
        pgettext("label", "Refunded amount"),
        pgettext("label", "Refund reference"),
        pgettext("label", "Note"),
        pgettext("label", "Environment"),
    ]


def _rows(receipts: QuerySet[MpesaReceipt], *, shows_phones: bool, language: str | None) -> Iterator[list[Any]]:
    # The rows are read after the request, when another language can be active.
    totals = _Totals()
    for receipt in receipts.iterator(chunk_size=_CHUNK):
        totals.add(receipt)
        with override(language):
            row = _row(receipt, shows_phones=shows_phones)
        yield row
    with override(language):
        last_rows = list(totals.rows())
    yield from last_rows


def _row(receipt: Any, *, shows_phones: bool) -> list[Any]:
    order, payment = receipt.order, receipt.payment
    rounding: Decimal = receipt.surcharge or (payment.rounding if payment else Decimal(0))
    return [
        receipt.number or "",
        receipt.paid_at,
        receipt.amount,
        order and order.number,
        order and order.total_incl_tax,
        rounding.quantize(_CENT),
        accepted_difference(receipt, receipt.order, receipt.payment) or "",
        receipt.get_allocation_display(),
        redact(receipt.payer, shows_phones=shows_phones),
        receipt.get_source_display(),
        receipt.returned_at and receipt.returned_at.astimezone(NAIROBI).date(),
        receipt.returned_amount,
        redact(receipt.returned_reference, shows_phones=shows_phones),
        redact(receipt.note, shows_phones=shows_phones),
        _("TEST") if get_settings().is_test else receipt.get_environment_display(),
    ]


class _Totals:
    """Totals by allocation, added up row by row."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.amounts: dict[str, Decimal] = defaultdict(Decimal)
        self.returned = self.undecided = Decimal(0)

    def add(self, receipt: MpesaReceipt) -> None:
        """Add a receipt to the totals."""
        self.counts[receipt.allocation] += 1
        self.amounts[receipt.allocation] += receipt.amount
        self.returned += receipt.returned_amount or 0
        self.undecided += receipt.rest if receipt.needs_decision else 0

    def rows(self) -> Iterator[list[Any]]:
        """Yield the last rows of the file, with each total in the column of amounts."""
        arrived = sum(self.amounts.values(), Decimal(0))
        test = _("TEST, no real money:") + " " if get_settings().is_test else ""
        yield []
        for allocation in Allocation:
            is_refunded = allocation == Allocation.RETURNED
            label = _("refunded in full") if is_refunded else allocation.label
            values = {"what": label, "count": self.counts[allocation]}
            yield _total(test + _("Total %(what)s (payments: %(count)s)") % values, self.amounts[allocation])
        values = {"count": sum(self.counts.values())}
        yield _total(test + _("Total received (payments: %(count)s)") % values, arrived)
        yield _total(test + _("Refunded before this file was made, in full or in part"), self.returned)
        yield _total(test + _("Received, less refunds"), arrived - self.returned)
        yield _total(test + _("Of that unmatched, so perhaps not the shop's"), self.undecided)
        yield [_("All amounts are before Safaricom's charges. Days and times are Nairobi's.")]


def _total(label: str, amount: Decimal) -> list[Any]:
    return [label, "", amount]
