"""The list of money received, what waits for a person first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django_tables2 import SingleTableView
from oscar.core.loading import get_model

from oscar_mpesa.access.staff_permissions import EXPORT, RECORD
from oscar_mpesa.dashboard.dates import day_after, midnight, month_of, today
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.forms import TO_SORT_OUT, ReceiptFilterForm
from oscar_mpesa.dashboard.money.tables import ReceiptTable
from oscar_mpesa.dashboard.orders import spellings
from oscar_mpesa.models import EventType, MpesaEvent, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.receipts import NEEDS_DECISION as ALLOCATIONS_TO_SORT_OUT
from oscar_mpesa.reports.pagination import CappedPaginator

Order = get_model("order", "Order")

#: So long into a month the books of the month before are made.
FIRST_DAYS = 10

#: More than anybody sorts out at one sitting.
_MOST_TO_SORT_OUT = 1_000

#: The unique index of codes begins with it.
_ENVIRONMENTS = [value for value, _ in EnvironmentField.CHOICES]


class ReceiptListView(DashboardMixin, SingleTableView):
    """All money; without a filter, what is to sort out, and all of it where there is nothing."""

    template_name = "oscar_mpesa/dashboard/money/list.html"
    tab = "mpesa-receipts"
    table_class = ReceiptTable
    paginator_class = CappedPaginator
    table_pagination = {"per_page": 25}

    @cached_property
    def form(self) -> ReceiptFilterForm:
        """The filters as they were typed."""
        shown = TO_SORT_OUT if self.waiting else ""
        return ReceiptFilterForm(self.request.GET or None, initial={"allocation": shown})

    @cached_property
    def waiting(self) -> list[int]:
        """Ids of the money that waits for a person."""
        return ids_to_sort_out()

    @property
    def asked(self) -> dict[str, Any]:
        """The filters that were understood."""
        if not self.form.is_bound:
            return {}
        self.form.is_valid()
        return {name: value for name, value in self.form.cleaned_data.items() if value}

    def get_queryset(self) -> QuerySet[MpesaReceipt]:
        """Newest payment first; what waits for a person, oldest first."""
        asked = self.asked
        if self.shows_only_waiting:
            return receipts_by({**asked, "allocation": ""}).filter(pk__in=self.waiting).order_by("paid_at", "pk")
        return receipts_by(asked)

    @property
    def shows_only_waiting(self) -> bool:
        """Asked for, or because nothing was asked for."""
        asked_for = self.asked.get("allocation") == TO_SORT_OUT
        return asked_for or (not self.has_filters and bool(self.waiting))

    @property
    def has_filters(self) -> bool:
        """Somebody used the form, be it to see all money."""
        return any(name in self.request.GET for name in self.form.fields)

    @property
    def among_all(self) -> str:
        """What was looked for in the money to sort out alone, as a question about all money; else empty."""
        others = {name: value for name, value in self.request.GET.items() if value and name != "allocation"}
        return urlencode(others) if self.asked.get("allocation") == TO_SORT_OUT else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, what waits, and what this person may do from here."""
        user, day = self.request.user, today(timezone.now())
        return super().get_context_data(
            form=self.form,
            waiting=len(self.waiting),
            shows_only_waiting=self.shows_only_waiting,
            has_filters=self.has_filters,
            among_all=self.among_all,
            may_export=user.has_perm(EXPORT),
            may_record=user.has_perm(RECORD),
            month=f"{month_to_export(day):%Y-%m}",
            **kwargs,
        )


def ids_to_sort_out() -> list[int]:
    """The oldest of the money that waits for a person; two queries.

    In two halves, because no database finds its way through an "or" of two tables by its indexes. The second half
    goes by the notes that cancelling a paid order leaves, which are few: no index knows the orders that are cancelled.
    """
    receipts = MpesaReceipt.objects.order_by()
    waiting = receipts.filter(allocation__in=ALLOCATIONS_TO_SORT_OUT).order_by("paid_at", "pk")
    noted = MpesaEvent.objects.order_by().filter(type=EventType.ORDER_CANCELED_PAID).values("mpesa_order_id")
    of_cancelled = receipts.filter(order_id__in=noted).select_related("order")
    to_return = [receipt.pk for receipt in of_cancelled if receipt.is_of_cancelled_order]
    return [*waiting.values_list("pk", flat=True)[:_MOST_TO_SORT_OUT], *to_return[:_MOST_TO_SORT_OUT]]


def receipts_by(asked: dict[str, Any]) -> QuerySet[MpesaReceipt]:
    """Money that fits all that is asked for, newest payment first, with its order."""
    receipts = MpesaReceipt.objects.select_related("order").order_by("-paid_at", "-pk")
    if asked.get("allocation"):
        receipts = receipts.filter(allocation=asked["allocation"])
    if asked.get("code"):
        receipts = receipts.filter(environment__in=_ENVIRONMENTS, number=asked["code"])
    if asked.get("amount"):
        receipts = receipts.filter(amount=asked["amount"])
    if asked.get("order"):
        receipts = receipts.filter(pk__in=_ids_of_order(asked["order"]))
    return within(receipts, asked.get("since"), asked.get("until"))


def _ids_of_order(number: str) -> QuerySet[Any]:
    """Of money that is its own, that its requests brought, or that came for it and was used for another."""
    orders = Order.objects.order_by().filter(number__in=spellings(number)).values("pk")
    receipts, events = MpesaReceipt.objects.order_by(), MpesaEvent.objects.order_by()
    # In parts, because no database finds its way through an "or" of several tables by its indexes.
    return (
        receipts.filter(order_id__in=orders)
        .values("pk")
        .union(
            receipts.filter(payment__mpesa_order_id__in=orders).values("pk"),
            events.filter(mpesa_order_id__in=orders, receipt__isnull=False).values("receipt_id"),
        )
    )


def within(receipts: QuerySet[MpesaReceipt], first: date | None, last: date | None) -> QuerySet[MpesaReceipt]:
    """Those that were paid on these days, by the Nairobi clock, both included; None is no limit."""
    if first:
        receipts = receipts.filter(paid_at__gte=midnight(first))
    if last:
        receipts = receipts.filter(paid_at__lt=midnight(day_after(last)))
    return receipts


def month_to_export(day: date) -> date:
    """A day of the month that an accountant wants: in a month's first days the one before, which is complete."""
    return day - timedelta(days=FIRST_DAYS) if day.day <= FIRST_DAYS else day


def month_named(text: str) -> tuple[date, date]:
    """First and last day of ``2026-11``; raises ``ValueError``."""
    return month_of(date.fromisoformat(f"{text}-01"))
