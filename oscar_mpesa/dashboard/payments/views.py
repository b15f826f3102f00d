"""The list of payments."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from django_tables2 import SingleTableView
from oscar.views.decorators import check_permissions

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.payments.forms import PaymentFilterForm
from oscar_mpesa.dashboard.payments.queries import with_customers, with_receipts
from oscar_mpesa.dashboard.payments.tables import PaymentTable
from oscar_mpesa.dashboard.permissions import PERMISSIONS
from oscar_mpesa.dashboard.search.payments import SearchResult
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.reports.pagination import CappedPaginator


@method_decorator(never_cache, name="dispatch")
class PaymentListView(DashboardMixin, SingleTableView):
    """All payments, newest first, with a filter."""

    template_name = "oscar_mpesa/dashboard/payments/list.html"
    table_class = PaymentTable
    table_pagination = {"per_page": 25, "paginator_class": CappedPaginator}
    tab = "mpesa-payments"

    @cached_property
    def form(self) -> PaymentFilterForm:
        """Return the filter with the values of the URL's query."""
        return PaymentFilterForm(self.request.GET, shows_phones=may_see_full_phones(self.request.user))

    @cached_property
    def results(self) -> SearchResult:
        """Return the payments that match the filter."""
        return self.form.results()

    def get_queryset(self) -> QuerySet[MpesaPayment]:
        """Return the matching payments with everything that a row shows."""
        return with_customers(with_receipts(self.results.payments))

    def get_table_kwargs(self) -> dict[str, Any]:
        """Return what the user is allowed to see in the table."""
        user = self.request.user
        return {"viewer": viewer_of(user), "shows_customers": may_see_orders(user)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the filter, the limits of the search, and the export's URL if the user may export."""
        may_export = check_permissions(self.request.user, PERMISSIONS["mpesa-payments-export"])
        export = f"{reverse('dashboard:mpesa-payments-export')}?{self.request.GET.urlencode()}" if may_export else ""
        is_filtered = any(self.request.GET.get(name) for name in self.form.fields)
        context = {"form": self.form, "results": self.results, "export_url": export, "is_filtered": is_filtered}
        return {**super().get_context_data(**kwargs), **context}
