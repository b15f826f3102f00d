"""The page of one payment that staff recorded, and its withdrawal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView

from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.money.decision_forms import DecisionForm
from oscar_mpesa.dashboard.money.decisions import DecisionView, with_link
from oscar_mpesa.dashboard.money.entries import ledger_of_claim
from oscar_mpesa.dashboard.money.facts import claim_facts
from oscar_mpesa.dashboard.money.messages import describe_claim
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaAllocation, MpesaClaim
from oscar_mpesa.services.claims import withdraw_claim


class ClaimView(DashboardMixin, TemplateView):
    """One recorded payment, and what it counts for."""

    template_name = "oscar_mpesa/dashboard/money/claim.html"
    tab = "mpesa-receipts"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the recorded payment."""
        claim = get_object_or_404(claims(), pk=kwargs["pk"])
        url = link(request.user, "dashboard:mpesa-claim-withdraw", claim.pk) if claim.is_open else ""
        context = self.get_context_data(decisions=[(url, pgettext("button", "Withdraw it"))] if url else [])
        viewer = viewer_of(request.user)
        context |= _about(claim)
        context["facts"] = claim_facts(claim, viewer)
        context["ledger"] = ledger_of_claim(claim, claim.allocations.all(), viewer)
        return self.render_to_response(context)


class WithdrawClaimView(DecisionView):
    """Withdraw a payment that was recorded by mistake."""

    claim: MpesaClaim
    form_class = DecisionForm
    heading = gettext_lazy("Withdraw the recorded payment")
    button = gettext_lazy("Withdraw the recorded payment")
    intro = gettext_lazy(
        "If it was recorded by mistake, withdraw it. Then you can record its code again, such as for another order or "
        "with the right amount."
    )

    def load(self, **kwargs: Any) -> None:
        """Load the recorded payment of the URL."""
        self.claim = get_object_or_404(claims(), pk=kwargs["pk"])

    def about(self, *, shows_phones: bool) -> dict[str, Any]:
        """Return what the recorded payment is."""
        return _about(self.claim)

    def order_ids(self) -> list[int]:
        """Return the order that it was recorded for."""
        return [self.claim.order_id]

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the payment and the reason."""
        return [
            (_("M-PESA code"), self.claim.number),
            (pgettext("label", "Amount"), ksh(self.claim.amount)),
            (pgettext("noun", "Order"), self.claim.order.number),
            (pgettext("label", "Why"), form.cleaned_data["note"]),
        ]

    def decide(self, form: Any, now: datetime) -> MpesaClaim:
        """Withdraw it."""
        return withdraw_claim(self.claim, by=self.request.user, note=form.cleaned_data["note"], now=now)

    def done(self, form: Any, result: MpesaClaim) -> str:
        """Return what was withdrawn, with a link to the form with the same values."""
        local = result.paid_at.astimezone(NAIROBI)
        values = {
            "code": result.number,
            "amount": f"{result.amount:.2f}".removesuffix(".00"),
            "day": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "order": self.claim.order.number,
            "note": self.viewer.mask(self.claim.seen_in),
        }
        url = f"{reverse('dashboard:mpesa-record')}?{urlencode(values)}"
        return with_link(_("The recorded payment was withdrawn."), url, _("Record it again"))

    def back(self) -> str:
        """Return the page of the recorded payment."""
        return reverse("dashboard:mpesa-claim", args=[self.claim.pk])


def claims() -> QuerySet[MpesaClaim]:
    """Return recorded payments with their order, receipt and entries."""
    allocations = MpesaAllocation.objects.select_related("order").order_by("pk")
    related = MpesaClaim.objects.select_related("order", "receipt__meant_for")
    return related.prefetch_related(Prefetch("allocations", queryset=allocations))


def _about(claim: MpesaClaim) -> dict[str, Any]:
    """Return what each page about a recorded payment says of it."""
    active = [each for each in claim.allocations.all() if each.is_active]
    return {"claim": claim, "sentence": describe_claim(claim, active)}
