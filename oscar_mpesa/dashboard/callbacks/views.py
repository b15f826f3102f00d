"""The inbox: what was posted to the shop, from where, and what became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View

from oscar_mpesa.access.client_address import is_allowed_address
from oscar_mpesa.access.staff_permissions import ACT
from oscar_mpesa.daraja.redaction import redact, redact_body
from oscar_mpesa.dashboard.callbacks.queries import MEANINGS, CallbackFilter, callback_page
from oscar_mpesa.dashboard.days import DayInput, FilterDayField
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.navigation import may_see_orders
from oscar_mpesa.models import MpesaCallback, Verdict
from oscar_mpesa.services.callbacks import UNFINISHED, ReprocessingRefused, reprocess_callback


class CallbackFilterForm(forms.Form):
    """By verdict and by day."""

    verdict = forms.ChoiceField(label=_("Verdict"), required=False, choices=[("", _("all of them")), *Verdict.choices])
    day = FilterDayField(label=_("Day"), widget=DayInput(attrs={"class": "form-control"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)


class CallbackListView(DashboardMixin, TemplateView):
    """Newest first, a page at a time."""

    template_name = "oscar_mpesa/dashboard/callbacks/list.html"
    tab = "mpesa-callbacks"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The page that the filter asks for; a filter that makes no sense shows why, and no rows."""
        form = CallbackFilterForm(self.request.GET)
        page = callback_page(CallbackFilter(**form.cleaned_data)) if form.is_valid() else None
        older = {**self.request.GET.dict(), "before": page.older} if page and page.older else None
        return super().get_context_data(
            form=form,
            page=page,
            older=urlencode(older) if older else "",
            shows_orders=may_see_orders(self.request.user),
            now=timezone.now(),
            **kwargs,
        )


class CallbackView(DashboardMixin, TemplateView):
    """One callback: the verdict in words, the facts, and the raw words, redacted and folded."""

    template_name = "oscar_mpesa/dashboard/callbacks/detail.html"
    tab = "mpesa-callbacks"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The callback; ``Http404`` for one that was forgotten."""
        callback = _callback(kwargs["pk"])
        user, context = self.request.user, super().get_context_data(**kwargs)
        shown = {
            "shows_phones": context["shows_phones"],
            "secret": callback.payment.secret if callback.payment else "",
        }
        return {
            **context,
            "callback": callback,
            "meaning": gettext(MEANINGS[Verdict(callback.verdict)]),
            "detail": redact(callback.detail, **shown),
            "body": redact_body(bytes(callback.body), **shown),
            "is_expected": is_allowed_address(callback.address),
            "shows_orders": may_see_orders(user),
            "is_unfinished": callback.verdict in UNFINISHED,
            "may_process": callback.verdict in UNFINISHED and user.has_perm(ACT),
            "now": timezone.now(),
        }


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class CallbackProcessView(View):
    """Have it worked through once more."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Back to the callback, with what came of it."""
        callback = _callback(pk)
        try:
            done = reprocess_callback(callback, by=request.user, now=timezone.now())
        except ReprocessingRefused as refused:
            messages.info(request, gettext(refused.sentence))
        else:
            self._tell(request, done=done)
        return redirect("dashboard:mpesa-callback", pk=pk)

    def _tell(self, request: HttpRequest, *, done: bool) -> None:
        if done:
            messages.success(request, gettext("The callback was worked through."))
        else:
            messages.error(request, gettext("It failed again. It is kept; the line below says why."))


def _callback(pk: int) -> MpesaCallback:
    found = MpesaCallback.objects.select_related("payment__mpesa_order__order")
    return get_object_or_404(found, pk=pk)
