"""The payment confirmation of an order, to print or to save as PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from oscar_mpesa.access.order_pages import may_see_orders
from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger, order_ledger
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter.order_summary import order_summary
from oscar_mpesa.reports.customers import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedMoney:
    """Money that counts for the order; ``is_confirmed`` is false if only staff reported it."""

    number: str
    amount: str
    paid_at: str
    is_confirmed: bool


@method_decorator(never_cache, name="dispatch")
class ConfirmationView(DashboardMixin, TemplateView):
    """What arrived for the order of a payment. Shows no phone number, because the paper leaves the shop."""

    template_name = "oscar_mpesa/dashboard/payments/confirmation.html"
    tab = "mpesa-payments"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the order and its money. Raises ``Http404`` without a payment, or if nothing counts for the order."""
        payments = MpesaPayment.objects.select_related(
            "mpesa_order__order__user", "mpesa_order__order__shipping_address", "mpesa_order__order__billing_address"
        )
        payment = payments.filter(pk=kwargs["pk"]).first()
        ledger = order_ledger(payment.mpesa_order) if payment is not None else None
        if payment is None or ledger is None or ledger.kept_amount <= 0:
            raise Http404
        order = payment.mpesa_order.order
        return {
            **super().get_context_data(**kwargs),
            "payment": payment,
            "order": order,
            "shop": settings.OSCAR_SHOP_NAME,
            "customer": redact(name_of(order)) if may_see_orders(self.request.user) else "",
            "summary": order_summary(order),
            "money": [_row(ledger, entry) for entry in ledger.active],
            "ledger": ledger,
            "is_test": payment.mpesa_order.environment != PRODUCTION,
        }


def _row(ledger: OrderLedger, entry: Any) -> ConfirmedMoney:
    source: Any = entry.receipt if entry.receipt_id is not None else entry.claim
    return ConfirmedMoney(
        number=source.number or "",
        amount=ksh(ledger.worth_of([entry])),
        paid_at=day_and_time(source.paid_at),
        is_confirmed=entry.receipt_id is not None,
    )
