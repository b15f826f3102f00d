"""Show a simulated prompt as the phone would, and take the owner's answer. No PIN ever reaches the server."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.access import ownership
from oscar_mpesa.access.story import tellable
from oscar_mpesa.conf import SIMULATED, get_settings
from oscar_mpesa.lifecycle import practice
from oscar_mpesa.lifecycle.asking import attend
from oscar_mpesa.models import MpesaPayment

#: How many messages a phone shows.
SHOWN = 6


def visible_payments(request: HttpRequest) -> QuerySet[MpesaPayment]:
    """The simulated payments of this session; staff, and everybody under ``DEBUG``, see all of them."""
    ours = get_settings()
    if not ours.is_simulated or ours.faults:
        raise Http404
    simulated = tellable().filter(environment=SIMULATED).exclude(prompted_at=None)
    if settings.DEBUG or getattr(request.user, "is_staff", False):
        return simulated
    return simulated.filter(mpesa_order__public_id__in=ownership.own_public_ids(request))


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class HandsetView(View):
    """The phone: its newest prompt on top, its messages below."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the phone; that its page is open makes the simulator wait for an answer."""
        now = timezone.now()
        payments = self._payments(request)
        prompt = next((payment for payment in payments if payment.status == "processing"), None)
        if prompt is not None:
            practice.see(prompt, now=now)
        context: dict[str, Any] = {
            "prompt": prompt,
            "number": payments[0].phone_number if payments else None,
            "messages_shown": [payment for payment in payments if payment.is_final],
            "name": get_settings().NAME_ON_PROMPT or settings.OSCAR_SHOP_NAME.upper(),
            "now": now,
        }
        return render(request, "oscar_mpesa/handset.html", context)

    def _payments(self, request: HttpRequest) -> list[MpesaPayment]:
        visible = visible_payments(request)
        for payment in visible.filter(status="processing", handset_seen_at__isnull=False)[:SHOWN]:
            attend(payment, now=timezone.now())
        return list(visible[:SHOWN])


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class AnswerView(View):
    """What the phone's owner did: ``right``, ``wrong`` or ``cancel``."""

    def get(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """A GET answers nothing."""
        return redirect("handset:index")

    def post(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """Keep the answer and let the simulator tell it."""
        payment = get_object_or_404(visible_payments(request), pk=payment_id)
        try:
            answered = practice.answer(payment, word=request.POST.get("answer", ""))
        except ValueError:
            return HttpResponse(status=400)
        if answered:
            payment.refresh_from_db()
            attend(payment, now=timezone.now())
        return redirect("handset:index")
