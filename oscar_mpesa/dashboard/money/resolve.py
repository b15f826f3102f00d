"""Resolve a receipt with a note, and undo that."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from oscar_mpesa.dashboard.money.decision_forms import ResolveForm
from oscar_mpesa.dashboard.money.decisions import with_link
from oscar_mpesa.dashboard.money.match import EntryDecisionView, ReceiptDecisionView
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import resolve_receipt, reverse_allocation


class ResolveReceiptView(ReceiptDecisionView):
    """Resolve what is left of a receipt with a note."""

    form_class = ResolveForm
    heading = gettext_lazy("Resolve it with a note")
    button = gettext_lazy("Resolve it with this note")
    intro = gettext_lazy("For money that was settled in another way. It then counts for no order.")

    def typed(self, form: Any) -> list[tuple[str, Any]]:
        """Return the amount that is left, and the note."""
        return [
            (pgettext("label", "Amount"), ksh(self.money.unallocated)),
            (pgettext("label", "Note"), form.cleaned_data["note"]),
        ]

    def decide(self, form: Any, now: datetime) -> MpesaReceipt:
        """Resolve the money."""
        return resolve_receipt(self.money, note=form.cleaned_data["note"], by=self.request.user, now=now)

    def done(self, form: Any, result: MpesaReceipt) -> str:
        """Return what was resolved, with a link that undoes it."""
        entry = result.allocations.filter(order=None).latest("pk")
        url = reverse("dashboard:mpesa-entry-undo", args=[entry.pk])
        return with_link(_("The money was resolved with a note."), url, _("Undo the resolution"))


class UndoResolutionView(EntryDecisionView):
    """Undo that money was resolved with a note."""

    counts_for_order = False
    heading = gettext_lazy("Undo the resolution")
    button = gettext_lazy("Undo the resolution")
    intro = gettext_lazy("The money is unmatched again, and needs another decision.")

    def decide(self, form: Any, now: datetime) -> MpesaReceipt:
        """Reverse the entry."""
        return reverse_allocation(self.entry, by=self.request.user, note=form.cleaned_data["note"], now=now)

    def done(self, form: Any, result: MpesaReceipt) -> str:
        """Return that it was undone."""
        return _("The resolution of %(amount)s was undone.") % {"amount": ksh(self.entry.amount)}
