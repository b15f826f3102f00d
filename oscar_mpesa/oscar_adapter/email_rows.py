"""The rows of an email: what its payment is, as a label and a value each, in the active language."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaOutboxMessage, MpesaReceipt, MpesaRefund
from oscar_mpesa.oscar_adapter import order_messages

#: The name of the rows in the context of every email. A shop's own template can show them where it likes.
NAME = "mpesa_rows"

#: The templates that show the rows.
HTML, TEXT = "oscar_mpesa/email_rows.html", "oscar_mpesa/email_rows.txt"


class Row(NamedTuple):
    """One line of an email's table."""

    label: str
    value: str


def render_html(rows: list[Row]) -> str:
    """Return the rows as an HTML table."""
    return render_to_string(HTML, {NAME: rows}).strip()


def render_text(rows: list[Row]) -> str:
    """Return the rows as lines of text."""
    return render_to_string(TEXT, {NAME: rows}).strip()


def environment_rows(*, is_test: bool) -> list[Row]:
    """Return the row that says that no real money moves, or nothing."""
    return [Row("TEST", _("No real money moves."))] if is_test else []


def order_rows(message: MpesaOutboxMessage) -> list[Row]:
    """Return the order's number."""
    return [Row(pgettext("email", "Order"), message.mpesa_order.order.number)]


def due_rows(mpesa_order: MpesaOrder) -> list[Row]:
    """Return what is left to pay, and until when."""
    return [
        Row(pgettext("email", "To pay"), ksh(mpesa_order.amount_due)),
        Row(pgettext("email", "Reserved until"), order_messages.day_and_time(mpesa_order.pay_before)),
    ]


def closed_rows(mpesa_order: MpesaOrder, closed_at: datetime) -> list[Row]:
    """Return what an order that closed unpaid asked for, and when it was closed."""
    return [
        Row(pgettext("email", "Amount"), ksh(mpesa_order.order.total_incl_tax)),
        Row(pgettext("email", "Closed"), order_messages.day_and_time(closed_at)),
    ]


def allocation_rows(entry: MpesaAllocation) -> list[Row]:
    """Return the amount, M-PESA code and date of money that counts for an order. A claim's code is marked."""
    label = _("M-PESA code, entered by the shop") if entry.claim is not None else _("M-PESA code")
    paid_at = entry.receipt.paid_at if entry.receipt is not None else entry.created_at
    return _money_rows(entry.amount, label, order_messages.visible_number(entry), paid_at)


def receipt_rows(receipt: MpesaReceipt, amount: Decimal) -> list[Row]:
    """Return an amount of a receipt, with its M-PESA code and date."""
    return _money_rows(amount, _("M-PESA code"), receipt.number or "", receipt.paid_at)


def refund_rows(receipt: MpesaReceipt, refund: MpesaRefund, amount: Decimal) -> list[Row]:
    """Return a refunded amount, the refund's code and date, and the M-PESA code of the payment."""
    rows = [
        Row(pgettext("email", "Refunded"), ksh(amount)),
        Row(_("Code of the refund"), refund.code),
        Row(pgettext("email", "Date"), order_messages.day_and_time(refund.happened_at or refund.requested_at)),
        Row(_("M-PESA code of your payment"), receipt.number or ""),
    ]
    return [row for row in rows if row.value]


def _money_rows(amount: Decimal, label: str, code: str, paid_at: datetime) -> list[Row]:
    rows = [Row(pgettext("email", "Received"), ksh(amount)), Row(label, code)]
    rows.append(Row(pgettext("email", "Date"), order_messages.day_and_time(paid_at)))
    return [row for row in rows if row.value]
