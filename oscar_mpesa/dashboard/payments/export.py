"""The list of payments as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from oscar_mpesa.access.staff_permissions import may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.dashboard.csv_export import streamed_csv
from oscar_mpesa.dashboard.payments.forms import PaymentFilterForm
from oscar_mpesa.dashboard.payments.queries import with_receipts
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.fields import EnvironmentField
from oscar_mpesa.models.payments import STATUS_CHOICES

#: Payments held in memory at a time.
CHUNK = 1_000


class PaymentExportView(View):
    """All payments that match the list's filter, as CSV."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Return the file. Redirect to the list, which shows the errors, if the filter is invalid."""
        shows_phones = may_see_full_phones(request.user)
        form = PaymentFilterForm(request.GET, shows_phones=shows_phones)
        if not form.is_valid():
            return redirect(f"{reverse('dashboard:mpesa-payments')}?{request.GET.urlencode()}")
        payments = with_receipts(form.results().payments).order_by("-created_at", "-pk")
        test = "TEST-" if get_settings().is_test else ""
        return streamed_csv(f"{test}m-pesa-payments.csv", _header(), _rows(payments, shows_phones=shows_phones))


def _header() -> list[str]:
    return [
        pgettext("label", "Payment"),
        pgettext("label", "When"),
        pgettext("noun", "Order"),
        _("Amount in KSh"),
        pgettext("label", "Phone"),
        pgettext("label", "Status"),
        pgettext("label", "What happened"),
        pgettext("label", "Ended"),
        _("M-PESA code"),
        pgettext("label", "Environment"),
    ]


def _rows(payments: QuerySet[MpesaPayment], *, shows_phones: bool) -> Iterator[list[Any]]:
    """Return the rows lazily; their labels are translated now, in the request's language."""
    row_of = _row_builder(shows_phones=shows_phones)
    return (row_of(payment) for payment in payments.iterator(chunk_size=CHUNK))


def _row_builder(*, shows_phones: bool) -> Callable[[MpesaPayment], list[Any]]:
    statuses = {value: str(label) for value, label in STATUS_CHOICES}
    environments = {value: str(label) for value, label in EnvironmentField.CHOICES}

    def row_of(payment: MpesaPayment) -> list[Any]:
        phone = payment.phone_number
        return [
            payment.pk,
            payment.created_at,
            payment.mpesa_order.order.number,
            payment.amount,
            phone.grouped if shows_phones else phone.masked,
            statuses.get(payment.status, payment.status),
            _(payment.outcome.meaning),
            payment.ended_at,
            ", ".join(receipt.number for receipt in payment.receipts.all() if receipt.number),
            environments.get(payment.environment, payment.environment),
        ]

    return row_of
