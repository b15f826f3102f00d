"""The form that records a payment found in the M-PESA portal: type, review, confirm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.money.decision_forms import RecordPaymentForm
from oscar_mpesa.dashboard.money.decisions import DecisionView, with_link
from oscar_mpesa.dashboard.money.effects import effects_of_claim
from oscar_mpesa.dashboard.money.facts import open_prompts
from oscar_mpesa.dashboard.money.typed_order import TypedOrderMixin
from oscar_mpesa.domain.money import MAXIMUM, ksh
from oscar_mpesa.domain.receipt_number import is_probable_typo
from oscar_mpesa.models import MpesaClaim, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.claims import open_claims_of, record_claim
from oscar_mpesa.services.exceptions import ClaimKnown, DecisionRefused, ReceiptKnown
from oscar_mpesa.services.preview import Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMoney:
    """Money that arrived or was recorded for the order, and those of its codes that look almost like the typed one."""

    receipts: list[MpesaReceipt]
    claims: list[MpesaClaim]
    similar_codes: list[str]


class RecordPaymentView(TypedOrderMixin, DecisionView):
    """Record a payment. The URL's query can fill in the form."""

    template_name = "oscar_mpesa/dashboard/money/record.html"
    tab = "mpesa-record"
    form_class = RecordPaymentForm
    heading = gettext_lazy("Record a payment found in the M-PESA portal")
    button = gettext_lazy("Record the payment")

    def initial(self) -> dict[str, Any]:
        """Return the values of the URL's query."""
        return {name: self.request.GET[name] for name in RecordPaymentForm.base_fields if name in self.request.GET}

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the typed values."""
        values = form.cleaned_data
        return [
            (_("M-PESA code"), values["code"]),
            (pgettext("label", "Amount"), ksh(values["amount"])),
            (pgettext("label", "Paid at"), day_and_time(form.paid_at)),
            (_("Where you saw it"), values["note"]),
        ]

    def effects(self, form: Any, seen: Preview) -> list[str]:
        """Return what recording the payment does."""
        return [*effects_of_claim(seen), _("You can withdraw it until Safaricom confirms it.")]

    def cautions(self, form: Any) -> list[str]:
        """Return warnings about values that are probably typing errors, and about prompts."""
        cautions = []
        if form.paid_at + timedelta(minutes=1) <= self.order.date_placed:
            values = {"moment": day_and_time(self.order.date_placed)}
            sentence = _("The order was placed later, on %(moment)s. Are the day and the order right?")
            cautions.append(sentence % values)
        if form.cleaned_data["amount"] > MAXIMUM:
            cautions.append(_("M-PESA takes at most KSh 250,000 in one payment."))
        return [*cautions, *open_prompts(self.order)]

    def other_money(self, form: Any) -> OtherMoney:
        """Return the order's other money."""
        receipts = list(MpesaReceipt.objects.of_order(self.order.pk))
        claims = open_claims_of(MpesaOrder(pk=self.order.pk))
        numbers = [each.number for each in receipts if each.number] + [each.number for each in claims]
        similar = [each for each in numbers if is_probable_typo(form.cleaned_data["code"], each)]
        return OtherMoney(receipts=receipts, claims=claims, similar_codes=similar)

    def decide(self, form: Any, now: datetime) -> MpesaClaim:
        """Record the payment."""
        values = form.cleaned_data
        return record_claim(
            values["code"],
            values["amount"],
            order=self.order,
            paid_at=form.paid_at,
            by=self.request.user,
            note=values["note"],
            now=now,
        )

    def done(self, form: Any, result: MpesaClaim) -> str:
        """Return what was recorded, with a link that withdraws it."""
        values = {"amount": ksh(result.amount), "code": result.number}
        url = reverse("dashboard:mpesa-claim-withdraw", args=[result.pk])
        sentence = _("%(amount)s, M-PESA code %(code)s, was recorded.") % values
        return with_link(sentence, url, pgettext("button", "Withdraw it"))

    def refused(self, form: Any, refusal: DecisionRefused) -> HttpResponse:
        """Show the form with the refusal, and a link to the money that has its code."""
        form.add_error(None, _(refusal.sentence))
        is_known = isinstance(refusal, (ReceiptKnown, ClaimKnown))
        return self.page(form, known_code=form.cleaned_data["code"] if is_known else "")

    def back(self) -> str:
        """Return the list of receipts."""
        return reverse("dashboard:mpesa-receipts")

    def after(self, result: MpesaClaim) -> str:
        """Return the page of the recorded payment."""
        return reverse("dashboard:mpesa-claim", args=[result.pk])
