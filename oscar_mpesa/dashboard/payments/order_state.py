"""Whether an order is paid, at a glance: one word for each state of its money."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger
from oscar_mpesa.models import ReceiptStatus


class OrderMoney(models.TextChoices):
    """The state of an order's money. Only ``paid`` is green."""

    PAID = "paid", pgettext_lazy("money", "Paid")
    PARTLY_REFUNDED = "partly-refunded", pgettext_lazy("money", "Paid, partly refunded")
    PARTLY_PAID = "partly-paid", pgettext_lazy("money", "Partly paid")
    UNCONFIRMED = "unconfirmed", pgettext_lazy("money", "Unconfirmed")
    REFUNDED = "refunded", pgettext_lazy("money", "Refunded")
    WAITS = "waits", pgettext_lazy("money", "Waits for a decision")
    UNPAID = "unpaid", pgettext_lazy("money", "Not paid")


def state_of(ledger: OrderLedger) -> OrderMoney:
    """Return the state. What needs a person comes first."""
    if ledger.undecided or ledger.uncounted_claims:
        return OrderMoney.WAITS
    if ledger.kept_amount <= 0:
        is_refunded = ledger.refunded_amount or any(each.status == ReceiptStatus.REFUNDED for each in ledger.receipts)
        return OrderMoney.REFUNDED if is_refunded else OrderMoney.UNPAID
    if not ledger.mpesa_order.is_paid:
        return OrderMoney.PARTLY_PAID
    if ledger.unconfirmed:
        return OrderMoney.UNCONFIRMED
    return OrderMoney.PARTLY_REFUNDED if ledger.refunded_amount else OrderMoney.PAID


def needs_person(ledger: OrderLedger, state: OrderMoney) -> bool:
    """Return whether somebody must act. A refunded order is done once it does not go on."""
    if state is OrderMoney.REFUNDED:
        return ledger.mpesa_order.is_paid or ledger.mpesa_order.unpaid_since is not None
    return state not in {OrderMoney.PAID, OrderMoney.PARTLY_REFUNDED}
