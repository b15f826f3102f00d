"""The table of payments."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.dashboard.columns import WIDE_ONLY, WRAPS
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaPayment, ReceiptStatus
from oscar_mpesa.reports.customers import name_of

DashboardTable: Any = get_class("dashboard.tables", "DashboardTable")


class PaymentTable(DashboardTable):
    """A row for each payment. Without permission phones are masked, and the order is no link."""

    when = tables.Column(
        verbose_name=pgettext_lazy("label", "When"), accessor="created_at", order_by=("created_at", "pk"), attrs=WRAPS
    )
    order = tables.Column(
        verbose_name=pgettext_lazy("noun", "Order"), accessor="mpesa_order__order__number", orderable=False, attrs=WRAPS
    )
    amount = tables.Column(verbose_name=pgettext_lazy("label", "Amount"), order_by=("amount", "created_at", "pk"))
    status = tables.Column(verbose_name=pgettext_lazy("label", "Status"), orderable=False, attrs=WRAPS)
    phone = tables.Column(verbose_name=pgettext_lazy("label", "Phone"), orderable=False, attrs=WIDE_ONLY)
    receipts = tables.Column(verbose_name=_("M-PESA code"), orderable=False, empty_values=(), attrs=WIDE_ONLY)
    environment = tables.Column(verbose_name=pgettext_lazy("label", "Environment"), orderable=False, attrs=WIDE_ONLY)

    class Meta(DashboardTable.Meta):
        template_name = "oscar_mpesa/dashboard/table.html"
        attrs = {**DashboardTable.Meta.attrs, "th": {"scope": "col"}}
        empty_text = _("No payment matches.")
        order_by = "-when"

    def __init__(self, *args: Any, viewer: Viewer, shows_customers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer, self.shows_customers = viewer, shows_customers

    def get_caption_display(self) -> str:
        """Return the number of payments, up to the paginator's limit."""
        if self.paginator.is_capped:
            return gettext("More than %(count)s payments") % {"count": f"{self.paginator.counted:,}"}
        return pgettext("label", "Payments: %(count)s") % {"count": f"{self.paginator.found:,}"}

    def render_when(self, record: MpesaPayment) -> str:
        """Link to the payment's page."""
        url = reverse("dashboard:mpesa-payment", args=[record.pk])
        return format_html('<a href="{}">{}</a>', url, day_and_time(record.created_at))

    def render_order(self, value: str, record: MpesaPayment) -> str:
        """Return the order's number; for users who may see orders, a link with the customer's name."""
        if not self.shows_customers:
            return value
        order = record.mpesa_order.order
        return format_html("{}<br><small>{}</small>", self.viewer.order(order), self.viewer.mask(name_of(order)))

    def render_amount(self, value: int) -> str:
        """Return the amount in shillings."""
        return ksh(value)

    def render_phone(self, record: MpesaPayment) -> str:
        """Return the phone, masked if necessary."""
        return record.phone_number.grouped if self.viewer.shows_phones else record.phone_number.masked

    def render_status(self, record: MpesaPayment) -> str:
        """Return the status with the reason of a failure, or of its receipt if that is not matched."""
        label = _badge(record)
        if record.status == PaymentStatus.FAILED.value:
            return format_html("{}<br><small>{}</small>", label, gettext(record.outcome.meaning))
        others = [
            (each.get_status_display(),) for each in record.receipts.all() if each.status != ReceiptStatus.MATCHED
        ]
        return format_html("{}{}", label, format_html_join("", "<br><small>{}</small>", others))

    def render_receipts(self, record: MpesaPayment) -> str:
        """Return the payment's M-PESA code; if it has none, the codes of what counts for its order in brackets."""
        own = [(each.number,) for each in record.receipts.all() if each.number]
        others = [(each.number,) for each in record.mpesa_order.order.mpesa_allocations.all() if each.number]
        codes = format_html_join(", ", "<code>{}</code>", own) or format_html_join(", ", "(<code>{}</code>)", others)
        return codes or "–"

    def render_environment(self, record: MpesaPayment) -> str:
        """Return a badge that warns about environments without real money."""
        color = "secondary" if record.environment == PRODUCTION else "warning"
        return format_html('<span class="badge badge-{}">{}</span>', color, record.get_environment_display())


#: The color of each status; every badge has words too.
_COLORS = {
    PaymentStatus.PENDING.value: "waiting",
    PaymentStatus.PROCESSING.value: "waiting",
    PaymentStatus.COMPLETED.value: "paid",
    PaymentStatus.FAILED.value: "failed",
    PaymentStatus.CANCELLED.value: "neutral",
    PaymentStatus.EXPIRED.value: "neutral",
}


def _badge(payment: MpesaPayment) -> str:
    color, label = _COLORS.get(payment.status, "neutral"), payment.get_status_display()
    return format_html('<span class="mpesa-status mpesa-status-{}">{}</span>', color, label)
