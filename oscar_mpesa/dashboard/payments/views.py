"""The list of payments, and the same as a file for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.generic import View
from django_tables2 import SingleTableView
from oscar.views.decorators import check_permissions

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.csv_export import streamed_csv
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.navigation import may_see_orders
from oscar_mpesa.dashboard.payments.filters import PaymentFilter
from oscar_mpesa.dashboard.payments.tables import PaymentTable
from oscar_mpesa.dashboard.permissions import PERMISSIONS
from oscar_mpesa.dashboard.search import Found
from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.payments import STATUS_CHOICES
from oscar_mpesa.reports.pagination import CappedPaginator

#: Payments that are in memory at once while they are exported.
CHUNK = 1_000


@method_decorator(never_cache, name="dispatch")
class PaymentListView(DashboardMixin, SingleTableView):
    """Every attempt there ever was, newest first."""

    template_name = "oscar_mpesa/dashboard/payments/list.html"
    table_class = PaymentTable
    table_pagination = {"per_page": 25, "paginator_class": CappedPaginator}
    tab = "mpesa-payments"

    @cached_property
    def form(self) -> PaymentFilter:
        """What the address asks for."""
        return PaymentFilter(self.request.GET)

    @cached_property
    def found(self) -> Found:
        """What fits."""
        return self.form.found()

    def get_queryset(self) -> QuerySet[MpesaPayment]:
        """With all that a line needs."""
        return _with_orders(_with_lines(self.found.payments))

    def get_table_kwargs(self) -> dict[str, Any]:
        """What this person may see."""
        user = self.request.user
        return {"shows_phones": may_see_full_phones(user), "shows_orders": may_see_orders(user)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The filter above the table, and the way to the same as a file."""
        may_export = check_permissions(self.request.user, PERMISSIONS["mpesa-payments-export"])
        export = f"{reverse('dashboard:mpesa-payments-export')}?{self.request.GET.urlencode()}" if may_export else ""
        here = {"form": self.form, "searched_since": self.found.since, "export_url": export}
        return {**super().get_context_data(**kwargs), **here}


class PaymentExportView(View):
    """The payments that the list's filter finds, all of them, as CSV."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """A download; back to the list, which says why, where the filter is not understood."""
        form = PaymentFilter(request.GET)
        if not form.is_valid():
            return redirect(f"{reverse('dashboard:mpesa-payments')}?{request.GET.urlencode()}")
        payments = _with_lines(form.found().payments).order_by("-created_at", "-pk")
        shows_phones = may_see_full_phones(request.user)
        test = "TEST-" if get_settings().is_test else ""
        return streamed_csv(f"{test}m-pesa-payments.csv", _header(), _rows(payments, shows_phones=shows_phones))


def _with_lines(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    receipts = MpesaReceipt.objects.order_by("pk").only("number", "allocation", "payment")
    with_order = payments.select_related("mpesa_order__order").only(*COLUMNS)
    return with_order.prefetch_related(Prefetch("receipts", queryset=receipts))


def _with_orders(payments: QuerySet[MpesaPayment]) -> QuerySet[MpesaPayment]:
    """With the money of each order, and whose it is."""
    receipts = MpesaReceipt.objects.order_by("pk").only("number", "allocation", "order")
    named = payments.select_related(*CUSTOMERS).only(
        *COLUMNS, *(f"{whose}__{part}" for whose in CUSTOMERS for part in ("first_name", "last_name"))
    )
    return named.prefetch_related(Prefetch("mpesa_order__order__mpesa_receipts", queryset=receipts))


#: Of three wide tables; a forked order may have any number more.
COLUMNS = (
    "phone",
    "amount",
    "status",
    "on_hold",
    "environment",
    "result_code",
    "created_at",
    "ended_at",
    "mpesa_order__order__number",
)


#: Where a customer's name stands.
CUSTOMERS = tuple(f"mpesa_order__order__{whose}" for whose in ("user", "shipping_address", "billing_address"))


def _header() -> list[str]:
    return [
        _("Payment"),
        _("When"),
        pgettext("noun", "Order"),
        _("Amount in KSh"),
        _("Phone"),
        _("Status"),
        _("What happened"),
        _("Ended"),
        _("M-PESA code"),
        _("Environment"),
    ]


def _rows(payments: QuerySet[MpesaPayment], *, shows_phones: bool) -> Iterator[list[Any]]:
    """Words are chosen once, in the language of the request; payments are read as the file is sent."""
    line = _line(shows_phones=shows_phones)
    return (line(payment) for payment in payments.iterator(chunk_size=CHUNK))


def _line(*, shows_phones: bool) -> Callable[[MpesaPayment], list[Any]]:
    statuses = {value: str(words) for value, words in STATUS_CHOICES}
    environments = {value: str(words) for value, words in EnvironmentField.CHOICES}
    on_hold = _("held for a person's decision")

    def line(payment: MpesaPayment) -> list[Any]:
        phone = payment.phone_number
        return [
            payment.pk,
            payment.created_at,
            payment.mpesa_order.order.number,
            payment.amount,
            phone.grouped if shows_phones else phone.masked,
            on_hold if payment.on_hold else statuses.get(payment.status, payment.status),
            "" if payment.on_hold else _(payment.outcome.meaning),
            payment.ended_at,
            ", ".join(receipt.number for receipt in payment.receipts.all() if receipt.number),
            environments.get(payment.environment, payment.environment),
        ]

    return line
