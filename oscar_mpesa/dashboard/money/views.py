"""The list of receipts; those that need a decision come first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django_tables2 import SingleTableView

from oscar_mpesa.access.staff_permissions import EXPORT, RECORD, may_see_turnover
from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.export import formats
from oscar_mpesa.dashboard.money.forms import UNDECIDED, ReceiptFilterForm
from oscar_mpesa.dashboard.money.queries import MOST_SUMMED, Sums, filter_claims, filter_receipts, sums_of
from oscar_mpesa.dashboard.money.tables import ReceiptTable
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaClaim, MpesaReceipt
from oscar_mpesa.models.receipts import NEEDS_DECISION
from oscar_mpesa.reports.open_money import claims_needing_attention
from oscar_mpesa.reports.pagination import CappedPaginator

#: Until this day of a month, accountants still work on the month before.
FIRST_DAYS = 10

#: The most recorded payments that the list shows, and the limit to which undecided receipts are counted.
MOST_CLAIMS, MOST_COUNTED = 10, 1_000


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
        initial = UNDECIDED if self.waiting else ""
        return ReceiptFilterForm(self.request.GET or None, initial={"status": initial})

    @cached_property
    def waiting(self) -> int:
        """Return how many receipts need a decision, counted to a limit."""
        return MpesaReceipt.objects.needing_decision().order_by()[:MOST_COUNTED].count()

    @property
    def filters(self) -> dict[str, Any]:
        """Return the filters that are set and valid."""
        if not self.form.is_bound:
            return {}
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    def get_queryset(self) -> QuerySet[MpesaReceipt]:
        """Return the newest payment first; of receipts that need a decision, the oldest first."""
        receipts = filter_receipts(self.filters)
        if self.shows_only_undecided:
            return receipts.filter(status__in=NEEDS_DECISION).order_by("paid_at", "pk")
        status = self.filters.get("status")
        return receipts.filter(status=status) if status and not self.was_widened else receipts

    @cached_property
    def claims(self) -> list[MpesaClaim]:
        """Return the newest recorded payments that match the filters, one more than the page shows.

        They have no receipt, so a status of receipts leaves them out.
        """
        if self.filters.get("status") not in {None, UNDECIDED}:
            return []
        return list(filter_claims(self.filters)[: MOST_CLAIMS + 1])

    @cached_property
    def was_widened(self) -> bool:
        """Whether a search of receipts that need a decision found none, so that all receipts were searched."""
        if self.filters.get("status") != UNDECIDED or len(self.filters) == 1:
            return False
        return not filter_receipts(self.filters).filter(status__in=NEEDS_DECISION).exists()

    @property
    def shows_only_undecided(self) -> bool:
        """Whether the list is limited to receipts that need a decision, by filter or by default."""
        is_chosen = self.filters.get("status") == UNDECIDED
        return (is_chosen and not self.was_widened) or (not self.has_filters and bool(self.waiting))

    @property
    def unknown_code(self) -> str:
        """Return the M-PESA code that was searched for; "" if money has it."""
        code: str = self.filters.get("code", "")
        return "" if code and (self.object_list.exists() or self.claims) else code

    @property
    def has_filters(self) -> bool:
        """Whether the form was sent, even with empty fields."""
        return any(name in self.request.GET for name in self.form.fields)

    def get_table_kwargs(self) -> dict[str, Any]:
        """Add what the user may see."""
        return {**super().get_table_kwargs(), "viewer": viewer_of(self.request.user)}

    @property
    def sums(self) -> list[str]:
        """Return how many payments match, what they brought, and how much of it is unmatched; test money apart.

        Empty for users who may not see the turnover.
        """
        if not may_see_turnover(self.request.user):
            return []
        sums = sums_of(self.object_list)
        if sums is None:
            most = f"{MOST_SUMMED:,}"
            return [_("More than %(count)s payments match: narrow the dates to see their sums.") % {"count": most}]
        return [_sentence_of(each, is_real=is_real) for is_real, each in sums.items() if each.number]

    @property
    def all_receipts_query(self) -> str:
        """Return the URL query that repeats this search among all receipts; "" if it already does."""
        others = {name: value for name, value in self.request.GET.items() if value and name != "status"}
        return urlencode(others) if self.filters.get("status") == UNDECIDED and not self.was_widened else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form, the number of undecided receipts, and the links that the user may follow."""
        user, day = self.request.user, today(timezone.now())
        return super().get_context_data(
            form=self.form,
            waiting=self.waiting,
            claims_need_attention=claims_needing_attention(timezone.now()).exists(),
            claims=self.claims[:MOST_CLAIMS],
            all_open=all(claim.is_open for claim in self.claims),
            has_more_claims=len(self.claims) > MOST_CLAIMS,
            shows_only_undecided=self.shows_only_undecided,
            has_filters=self.has_filters,
            all_receipts_query=self.all_receipts_query,
            was_widened=self.was_widened,
            sums=self.sums,
            may_export=user.has_perm(EXPORT) and may_see_turnover(user),
            export_formats=formats().items(),
            may_record=user.has_perm(RECORD),
            unknown_code=self.unknown_code,
            month=f"{month_to_export(day):%Y-%m}",
            **kwargs,
        )


def _sentence_of(sums: Sums, *, is_real: bool) -> str:
    """Return the sums in one line."""
    parts = [
        "" if is_real else _("TEST"),
        pgettext("label", "Payments: %(count)s") % {"count": f"{sums.number:,}"},
        pgettext("label", "%(amount)s received") % {"amount": ksh(sums.received)},
    ]
    if sums.unmatched:
        parts.append(pgettext("label", "%(amount)s of it unmatched") % {"amount": ksh(sums.unmatched)})
    return " · ".join(filter(None, parts))


def month_to_export(day: date) -> date:
    """Return a day of the month to export by default: in a month's first ten days, the month before."""
    return day - timedelta(days=FIRST_DAYS) if day.day <= FIRST_DAYS else day
