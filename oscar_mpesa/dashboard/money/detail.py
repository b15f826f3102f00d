"""The page of one receipt: what it is, its entries, and the decisions that the user may make."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.entries import ledger_of_receipt
from oscar_mpesa.dashboard.money.facts import facts_of, phone_of, refundable
from oscar_mpesa.dashboard.money.messages import describe
from oscar_mpesa.dashboard.money.queries import with_entries
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import can_pay_orders


class ReceiptView(DashboardMixin, TemplateView):
    """One receipt, and links to the decisions that it needs and the user may make."""

    template_name = "oscar_mpesa/dashboard/money/detail.html"
    tab = "mpesa-receipts"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the receipt."""
        receipt = get_object_or_404(receipts(), pk=kwargs["pk"])
        context = self.get_context_data(decisions=self.decisions(receipt))
        shows_phones = context["shows_phones"]
        context |= about_receipt(receipt, shows_phones=shows_phones)
        viewer = viewer_of(request.user)
        context["facts"] = facts_of(receipt, viewer)
        context["ledger"] = ledger_of_receipt(receipt, viewer)
        context["is_undecidable"] = receipt.unallocated > 0 and not context["decisions"]
        return self.render_to_response(context)

    def decisions(self, receipt: MpesaReceipt) -> list[tuple[str, str]]:
        """Return URLs and labels of the decisions that the receipt needs and the user may make."""
        offered = []
        if receipt.unallocated > 0 and can_pay_orders(receipt):
            offered.append(("mpesa-receipt-allocate", _("Match it to an order")))
        if refundable(receipt) > 0:
            offered.append(("mpesa-receipt-refund", _("Record a refund")))
        if receipt.unallocated > 0:
            offered.append(("mpesa-receipt-resolve", _("Resolve it with a note")))
        urls = [(link(self.request.user, f"dashboard:{name}", receipt.pk), label) for name, label in offered]
        return [(url, label) for url, label in urls if url]


def receipts() -> QuerySet[MpesaReceipt]:
    """Return receipts with their orders, payments, entries and claims."""
    return with_entries(MpesaReceipt.objects.all()).prefetch_related("claims")


def about_receipt(receipt: MpesaReceipt, *, shows_phones: bool) -> dict[str, Any]:
    """Return what each page about a receipt says of it."""
    return {
        "receipt": receipt,
        "sentence": describe(receipt),
        "payer_phone": phone_of(receipt, shows_phones=shows_phones),
    }
