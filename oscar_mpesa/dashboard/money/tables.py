"""The table of receipts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from oscar.core.loading import get_class

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.dashboard.columns import WIDE_ONLY, WRAPS
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.money.messages import completed_refunds, matched_entries
from oscar_mpesa.dashboard.viewer import Viewer
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaReceipt, ReceiptStatus
from oscar_mpesa.reports.customers import name_or_email_of
from oscar_mpesa.services.ledger import NOTHING

DashboardTable = get_class("dashboard.tables", "DashboardTable")

_HEAD = {"th": {"scope": "col"}}
_NUMBER = {"th": {"scope": "col", "class": "text-right"}, "td": {"class": "text-right text-nowrap"}}


class ReceiptTable(DashboardTable):  # type: ignore[misc, valid-type]
    """A row for each receipt. It cannot be sorted, because other orders would read the whole table."""

    paid_at = tables.Column(verbose_name=pgettext_lazy("label", "Paid at"), attrs=WRAPS)
    number = tables.Column(verbose_name=gettext_lazy("M-PESA code"), attrs=WRAPS, empty_values=())
    amount = tables.Column(verbose_name=pgettext_lazy("label", "Amount"), attrs=_NUMBER)
    status = tables.Column(verbose_name=pgettext_lazy("label", "Status"), attrs=WRAPS)
    order = tables.Column(verbose_name=pgettext_lazy("noun", "Order"), attrs=WIDE_ONLY, accessor="pk", empty_values=())
    customer = tables.Column(
        verbose_name=pgettext_lazy("label", "Customer"), attrs=WIDE_ONLY, accessor="pk", empty_values=()
    )

    caption = pgettext_lazy("label", "Money received")

    class Meta(DashboardTable.Meta):  # type: ignore[name-defined]
        model = MpesaReceipt
        fields = ()
        sequence = ("paid_at", "number", "amount", "status", "order", "customer")
        orderable = False
        empty_text = gettext_lazy("No money matches this.")

    def __init__(self, *args: Any, viewer: Viewer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def render_paid_at(self, value: datetime) -> str:
        """Return the day and time in Nairobi."""
        return day_and_time(value)

    def render_number(self, value: str | None, record: MpesaReceipt) -> str:
        """Link to the receipt. Its code is missing until Safaricom sends it."""
        href = reverse("dashboard:mpesa-receipt", args=[record.pk])
        link = format_html(
            '<a href="{}">{}</a>{}', href, value or pgettext("label", "code missing"), badge_of(record.environment)
        )
        # Narrow screens hide the columns of the order and its customer.
        numbers = ", ".join(order.number for order in orders_of(record))
        about = " · ".join(filter(None, [numbers, self.render_customer(record)]))
        return format_html('{} <small class="d-block d-md-none">{}</small>', link, about) if about else link

    def render_amount(self, value: Decimal) -> str:
        """Return the amount in shillings."""
        return ksh(value)

    def render_order(self, record: MpesaReceipt) -> str:
        """Link to Oscar's pages of the orders."""
        return format_html_join(", ", "{}", [(self.viewer.order(order),) for order in orders_of(record)])

    def render_customer(self, record: MpesaReceipt) -> str:
        """Return the names of the orders' customers, each once."""
        names = dict.fromkeys(name_or_email_of(order) for order in orders_of(record))
        return self.viewer.mask(", ".join(filter(None, names)))

    def render_status(self, record: MpesaReceipt) -> str:
        """Return the status, the amounts that differ, and a badge if the receipt needs a decision."""
        label = " · ".join([record.get_status_display(), *_parts(record)])
        if not record.needs_decision:
            return label
        return format_html(
            '{} <span class="badge mpesa-badge-action">{}</span>', label, pgettext("label", "needs attention")
        )


def orders_of(receipt: MpesaReceipt) -> list[Any]:
    """Return the orders that a receipt counts for, or the one it is meant for if it counts for none."""
    matched = {each.order_id: each.order for each in matched_entries(receipt)}
    return list(matched.values()) or list(filter(None, [receipt.meant_for]))


def badge_of(environment: str) -> str:
    """TEST, unless the row is real money."""
    if environment == PRODUCTION:
        return ""
    return format_html(' <span class="badge mpesa-badge-test">{}</span>', _("TEST"))


def _parts(receipt: MpesaReceipt) -> list[str]:
    """Return the unmatched and the refunded amount where they are a part of the money."""
    refunded = sum((each.amount for each in completed_refunds(receipt)), NOTHING)
    parts = []
    if receipt.unallocated not in {NOTHING, receipt.amount}:
        parts.append(pgettext("label", "%(amount)s unmatched") % {"amount": ksh(receipt.unallocated)})
    if refunded and receipt.status != ReceiptStatus.REFUNDED:
        parts.append(pgettext("label", "%(amount)s refunded") % {"amount": ksh(refunded)})
    return parts
