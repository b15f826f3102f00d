"""The list of receipts; those that need a decision come first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django_tables2 import SingleTableView

from oscar_mpesa.access.staff_permissions import EXPORT, RECORD
from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.forms import UNDECIDED, ReceiptFilterForm
from oscar_mpesa.dashboard.money.queries import filter_receipts, undecided_receipt_ids
from oscar_mpesa.dashboard.money.tables import ReceiptTable
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.reports.pagination import CappedPaginator

#: Until this day of a month, accountants still work on the month before.
FIRST_DAYS = 10


class ReceiptListView(DashboardMixin, SingleTableView):
    """Without a filter, the receipts that need a decision, or all receipts if none does."""

    template_name = "oscar_mpesa/dashboard/money/list.html"
    tab = "mpesa-receipts"
    table_class = ReceiptTable
    paginator_class = CappedPaginator
    table_pagination = {"per_page": 25}

    @cached_property
    def form(self) -> ReceiptFilterForm:
        """Return the filter with the values of the URL's query."""
        initial = UNDECIDED if self.undecided else ""
        return ReceiptFilterForm(self.request.GET or None, initial={"allocation": initial})

    @cached_property
    def undecided(self) -> list[int]:
        """Return the ids of the receipts that need a decision."""
        return undecided_receipt_ids()

    @property
    def filters(self) -> dict[str, Any]:
        """Return the filters that are set and valid."""
        if not self.form.is_bound:
            return {}
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    def get_queryset(self) -> QuerySet[MpesaReceipt]:
        """Return the newest payment first; of receipts that need a decision, the oldest first."""
        filters = self.filters
        if self.shows_only_undecided:
            return (
                filter_receipts({**filters, "allocation": ""}).filter(pk__in=self.undecided).order_by("paid_at", "pk")
            )
        return filter_receipts(filters)

    @property
    def shows_only_undecided(self) -> bool:
        """Whether the list is limited to receipts that need a decision, by filter or by default."""
        is_chosen = self.filters.get("allocation") == UNDECIDED
        return is_chosen or (not self.has_filters and bool(self.undecided))

    @property
    def has_filters(self) -> bool:
        """Whether the form was sent, even with empty fields."""
        return any(name in self.request.GET for name in self.form.fields)

    @property
    def all_receipts_query(self) -> str:
        """Return the URL query that repeats this search among all receipts; "" if it already does."""
        others = {name: value for name, value in self.request.GET.items() if value and name != "allocation"}
        return urlencode(others) if self.filters.get("allocation") == UNDECIDED else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form, the number of undecided receipts, and the links that the user may follow."""
        user, day = self.request.user, today(timezone.now())
        return super().get_context_data(
            form=self.form,
            waiting=len(self.undecided),
            shows_only_undecided=self.shows_only_undecided,
            has_filters=self.has_filters,
            all_receipts_query=self.all_receipts_query,
            may_export=user.has_perm(EXPORT),
            may_record=user.has_perm(RECORD),
            month=f"{month_to_export(day):%Y-%m}",
            **kwargs,
        )


def month_to_export(day: date) -> date:
    """Return a day of the month to export by default: in a month's first ten days, the month before."""
    return day - timedelta(days=FIRST_DAYS) if day.day <= FIRST_DAYS else day
