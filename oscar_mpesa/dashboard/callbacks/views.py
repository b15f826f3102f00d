"""The callbacks that the shop received, with their addresses and verdicts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.generic import TemplateView, View

from oscar_mpesa.access.client_address import is_allowed_address
from oscar_mpesa.access.staff_permissions import ACT
from oscar_mpesa.daraja.redaction import redact, redact_body
from oscar_mpesa.dashboard.callbacks.forms import CallbackFilterForm
from oscar_mpesa.dashboard.callbacks.queries import MEANINGS, CallbackFilter, callback_page
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.models import MpesaCallback, Verdict
from oscar_mpesa.services.callbacks import (
    UNFINISHED,
    BeingProcessed,
    ReprocessingRefused,
    is_being_processed,
    reprocess_callback,
)


class CallbackListView(DashboardMixin, TemplateView):
    """The list of callbacks, newest first."""

    template_name = "oscar_mpesa/dashboard/callbacks/list.html"
    tab = "mpesa-callbacks"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the filtered page; an invalid filter shows its errors and no rows."""
        form = CallbackFilterForm(self.request.GET)
        page = callback_page(CallbackFilter(**form.cleaned_data)) if form.is_valid() else None
        older = {**self.request.GET.dict(), "before": page.older} if page and page.older else None
        return super().get_context_data(
            form=form,
            page=page,
            older=urlencode(older) if older else "",
            now=timezone.now(),
            **kwargs,
        )


class CallbackView(DashboardMixin, TemplateView):
    """One callback: its verdict, its facts and its redacted body."""

    template_name = "oscar_mpesa/dashboard/callbacks/detail.html"
    tab = "mpesa-callbacks"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the callback; raises ``Http404`` if it does not exist."""
        callback = _callback(kwargs["pk"])
        user, now, context = self.request.user, timezone.now(), super().get_context_data(**kwargs)
        is_unfinished = callback.verdict in UNFINISHED
        is_waiting = is_being_processed(callback, now)
        redaction = {
            "shows_phones": context["shows_phones"],
            "secret": callback.payment.secret if callback.payment else "",
        }
        return {
            **context,
            "callback": callback,
            "meaning": gettext(MEANINGS[Verdict(callback.verdict)]),
            "detail": redact(callback.detail, **redaction),
            "body": redact_body(bytes(callback.body), **redaction),
            "is_expected": is_allowed_address(callback.address),
            "is_unfinished": is_unfinished,
            "waiting": gettext(BeingProcessed.sentence) if is_waiting else "",
            "may_process": is_unfinished and not is_waiting and callback.payment is not None and user.has_perm(ACT),
            "now": now,
        }


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class CallbackProcessView(View):
    """Process a callback again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Process the callback and redirect to it with the result."""
        callback = _callback(pk)
        try:
            is_processed = reprocess_callback(callback, by=request.user, now=timezone.now())
        except ReprocessingRefused as refusal:
            messages.info(request, gettext(refusal.sentence))
        else:
            if is_processed:
                messages.success(request, gettext("The callback was processed."))
            else:
                messages.error(request, gettext("It failed again. It is stored; the line below says why."))
        return redirect("dashboard:mpesa-callback", pk=pk)


def _callback(pk: int) -> MpesaCallback:
    return get_object_or_404(MpesaCallback.objects.select_related("payment__mpesa_order__order"), pk=pk)
