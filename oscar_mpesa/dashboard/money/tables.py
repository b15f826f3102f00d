"""The table of receipts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.dashboard.columns import WIDE_ONLY, WRAPS
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaReceipt

DashboardTable = get_class("dashboard.tables", "DashboardTable")

_HEAD = {"th": {"scope": "col"}}
_NUMBER = {"th": {"scope": "col", "class": "text-right"}, "td": {"class": "text-right text-nowrap"}}


class ReceiptTable(DashboardTable):  # type: ignore[misc, valid-type]
    """A row for each receipt. It cannot be sorted, because other orders would read the whole table."""

    paid_at = tables.Column(verbose_name=pgettext_lazy("label", "Paid at"), attrs=WRAPS)
    number = tables.Column(verbose_name=gettext_lazy("M-PESA code"), attrs=WRAPS, empty_values=())
    amount = tables.Column(verbose_name=pgettext_lazy("label", "Amount"), attrs=_NUMBER)
    allocation = tables.Column(verbose_name=pgettext_lazy("label", "Status"), attrs=WRAPS)
    order = tables.Column(verbose_name=pgettext_lazy("noun", "Order"), attrs=WIDE_ONLY)

    caption = pgettext_lazy("label", "Money received")

    class Meta(DashboardTable.Meta):  # type: ignore[name-defined]
        model = MpesaReceipt
        fields = ()
        sequence = ("paid_at", "number", "amount", "allocation", "order")
        orderable = False
        empty_text = gettext_lazy("No money matches this.")

    def render_paid_at(self, value: datetime) -> str:
        """Return the day and time in Nairobi."""
        return day_and_time(value)

    def render_number(self, value: str | None, record: MpesaReceipt) -> str:
        """Link to the receipt. Its code is missing until Safaricom sends it."""
        href = reverse("dashboard:mpesa-receipt", args=[record.pk])
        link = format_html(
            '<a href="{}">{}</a>{}', href, value or pgettext("label", "code missing"), badge_of(record.environment)
        )
        # Narrow screens hide the order's column.
        number = record.order.number if record.order else ""
        return format_html('{} <small class="d-block d-md-none">{}</small>', link, number) if number else link

    def render_amount(self, value: Decimal) -> str:
        """Return the amount in shillings."""
        return ksh(value)

    def render_order(self, value: Any) -> str:
        """Link to Oscar's page of the order."""
        return format_html('<a href="{}">{}</a>', reverse("dashboard:order-detail", args=[value.number]), value.number)

    def render_allocation(self, record: MpesaReceipt) -> str:
        """Return the allocation, the refunded part, and a badge if the receipt needs a decision."""
        label = record.get_allocation_display()
        if record.rest and record.returned_amount is not None:
            refunded = pgettext("label", "%(amount)s refunded") % {"amount": ksh(record.returned_amount)}
            label = f"{label} · {refunded}"
        if not record.needs_decision:
            return label
        return format_html(
            '{} <span class="badge mpesa-badge-action">{}</span>', label, pgettext("label", "needs attention")
        )


def badge_of(environment: str) -> str:
    """TEST, unless the row is real money."""
    if environment == PRODUCTION:
        return ""
    return format_html(' <span class="badge mpesa-badge-test">{}</span>', _("TEST"))
