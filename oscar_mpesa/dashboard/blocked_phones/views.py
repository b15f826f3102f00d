"""The list of blocked phones, and the action that unblocks one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView, View

from oscar_mpesa.access.staff_permissions import BLOCK
from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.blocked_phones.forms import BlockPhoneForm
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.models import MpesaBlockedPhone
from oscar_mpesa.services.blocked_phones import unblock_phone


class BlockedPhoneListView(DashboardMixin, ListView):  # type: ignore[type-arg]
    """Blocked phones with who blocked them, when and why; newest first."""

    model = MpesaBlockedPhone
    template_name = "oscar_mpesa/dashboard/blocked_phones/list.html"
    context_object_name = "blocked"
    paginate_by = 50
    tab = "mpesa-payments"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add each phone, masked if necessary, with its form."""
        context = super().get_context_data(**kwargs)
        for each in context["blocked"]:
            number = each.phone_number
            each.shown_note = redact(each.note, shows_phones=context["shows_phones"])
            each.shown_name = redact(each.by_name, shows_phones=context["shows_phones"])
            each.shown = number.grouped if context["shows_phones"] else number.masked
            each.form = BlockPhoneForm(auto_id=f"id-{each.pk}-%s")
        return {**context, "may_unblock": self.request.user.has_perm(BLOCK)}


class UnblockPhoneView(View):
    """Unblock a phone with a required note."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Unblock the phone and redirect to the list; a second click changes nothing."""
        blocked, form = MpesaBlockedPhone.objects.filter(pk=pk).first(), BlockPhoneForm(request.POST)
        if form.is_valid():
            if blocked is not None:
                note = form.cleaned_data["note"]
                unblock_phone(blocked.phone_number, by=request.user, note=note, now=timezone.now())
            messages.success(request, _("Prompts can be sent to this number again."))
        else:
            messages.warning(request, _("Write a note: why prompts may be sent again."))
        return redirect("dashboard:mpesa-blocked-phones")
