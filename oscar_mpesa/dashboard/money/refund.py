"""Record a refund that staff sent by hand, and void one that was recorded by mistake."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from oscar_mpesa.dashboard.dates import today
from oscar_mpesa.dashboard.money.decision_forms import DecisionForm, RefundForm
from oscar_mpesa.dashboard.money.decisions import with_link
from oscar_mpesa.dashboard.money.facts import refundable, refundable_orders
from oscar_mpesa.dashboard.money.match import ReceiptDecisionView
from oscar_mpesa.dashboard.money.messages import completed_refunds
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaRefund, RefundMethod, RefundPurpose
from oscar_mpesa.services.ledger import NOTHING
from oscar_mpesa.services.refunds import default_purpose, record_refund, void_refund


class RefundReceiptView(ReceiptDecisionView):
    """Record a refund that staff sent by hand."""

    form_class = RefundForm
    template_name = "oscar_mpesa/dashboard/money/refund.html"
    heading = gettext_lazy("Record a refund")
    button = gettext_lazy("Record the refund")

    def make_form(self, *args: Any, **kwargs: Any) -> Any:
        """Return the form. Money that counts for no order needs no purpose."""
        form = super().make_form(*args, **kwargs)
        if refundable_orders(self.money):
            form.fields["purpose"].required = True
        else:
            del form.fields["purpose"]
        return form

    def initial(self) -> dict[str, Any]:
        """Return the form's values, with the receipt's state as staff see it now."""
        money = self.money
        return {
            "day": today(current_time()),
            "amount": f"{max(money.unallocated, NOTHING) or refundable(money):.2f}".removesuffix(".00"),
            "purpose": default_purpose(money),
            "refunded_before": sum((each.amount for each in completed_refunds(money)), NOTHING),
            "seen_as": money.status,
        }

    def about(self, *, shows_phones: bool) -> dict[str, Any]:
        """Add the orders whose money can be refunded."""
        numbers = ", ".join(each.order.number for each in refundable_orders(self.money) if each.order)
        return {**super().about(shows_phones=shows_phones), "matched_numbers": numbers}

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the amount, the day, the code, the answer about the order, and the note."""
        values = form.cleaned_data
        is_of_order = "purpose" in values and values["amount"] > self.money.unallocated
        return [
            (pgettext("label", "Amount"), ksh(values["amount"])),
            (pgettext("label", "Refunded on"), date_format(values["day"], "j M Y")),
            (_("M-PESA code of the refund, or how it was sent"), values["reference"]),
            (_("Does the customer keep the order?"), form.purpose_label if is_of_order else ""),
            (pgettext("label", "Note"), values["note"]),
        ]

    def losers(self, form: Any) -> set[int]:
        """Return the order that costs the same as before; with several orders, none is known to be the one."""
        values, orders = form.cleaned_data, refundable_orders(self.money)
        is_of_order = values.get("purpose") == RefundPurpose.PAYMENT_RETURNED
        is_of_order = is_of_order and values["amount"] > self.money.unallocated
        return {each.order_id for each in orders if each.order_id} if is_of_order and len(orders) == 1 else set()

    def decide(self, form: Any, now: datetime) -> list[MpesaRefund]:
        """Record the refund."""
        values = form.cleaned_data
        purpose = values.get("purpose")
        return record_refund(
            self.money,
            amount=values["amount"],
            code=values["reference"],
            purpose=RefundPurpose(purpose) if purpose else None,
            note=values["note"],
            by=self.request.user,
            happened_at=form.happened_at(self.money, now),
            refunded_before=values["refunded_before"],
            seen_as=values["seen_as"],
            now=now,
        )

    def done(self, form: Any, result: list[MpesaRefund]) -> str:
        """Return what was recorded, with a link that voids it if it is one row."""
        sentence = _("The refund of %(amount)s was recorded.") % {"amount": ksh(form.cleaned_data["amount"])}
        url = reverse("dashboard:mpesa-refund-void", args=[result[0].pk]) if len(result) == 1 else ""
        return with_link(sentence, url, pgettext("button", "Void it"))


class VoidRefundView(ReceiptDecisionView):
    """Void a refund that was recorded by hand, and by mistake."""

    refund: MpesaRefund
    form_class = DecisionForm
    heading = gettext_lazy("Void the refund")
    button = gettext_lazy("Void the refund")
    intro = gettext_lazy(
        "Do this only if the money was not sent, or was recorded here by mistake. Nothing is taken "
        "back from the customer."
    )

    def load(self, **kwargs: Any) -> None:
        """Load the refund of the URL and its receipt."""
        self.refund = get_object_or_404(MpesaRefund, pk=kwargs["pk"], method=RefundMethod.MANUAL)
        super().load(pk=self.refund.receipt_id)

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the refund's amount and code, and the reason."""
        return [
            (pgettext("label", "Refund"), ksh(self.refund.amount)),
            (_("M-PESA code of the refund, or how it was sent"), self.viewer.mask(self.refund.code)),
            (pgettext("label", "Why"), form.cleaned_data["note"]),
        ]

    def decide(self, form: Any, now: datetime) -> MpesaRefund:
        """Void the refund."""
        return void_refund(self.refund, by=self.request.user, note=form.cleaned_data["note"], now=now)

    def done(self, form: Any, result: MpesaRefund) -> str:
        """Return what was voided, with a link that records the right refund."""
        url = reverse("dashboard:mpesa-receipt-refund", args=[self.money.pk])
        sentence = _("The refund of %(amount)s was voided.") % {"amount": ksh(result.amount)}
        return with_link(sentence, url, _("Record the right refund"))
