"""Show a simulated prompt as the phone would, and take the owner's answer. No PIN ever reaches the server."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import View

from oscar_mpesa.practice_phone.phones import open_phone, refresh_payments, visible_payments, visible_phones
from oscar_mpesa.services import practice_phone

#: Said in the address right after an answer: the SMS comes with the next look, as it takes a moment on a real phone.
SENT = "sent"


@method_decorator([never_cache, transaction.non_atomic_requests, xframe_options_sameorigin], name="dispatch")
class PracticePhoneView(View):
    """A phone: its newest prompt on top, its messages below. A shop may show it beside its own pages."""

    def get(self, request: HttpRequest, payment_id: int | None = None) -> HttpResponse:
        """Show the phone that this payment asked, or the one that was asked last; from now on its prompts wait."""
        now = timezone.now()
        visible = visible_payments(request)
        msisdn = get_object_or_404(visible, pk=payment_id).phone if payment_id else None
        if msisdn is None:
            msisdn = visible.values_list("phone", flat=True).first()
        payments = visible.filter(phone=msisdn)
        if SENT not in request.GET:
            refresh_payments(payments, now=now)
        phones = visible_phones(request)
        context: dict[str, Any] = {
            "screen": open_phone(payments, now=now),
            "phones": phones,
            "phone": next((phone for phone in phones if phone.msisdn == msisdn), None),
            "payment_id": payment_id,
            "now": now,
        }
        return render(request, "oscar_mpesa/practice_phone.html", context)


@method_decorator([never_cache, transaction.non_atomic_requests, xframe_options_sameorigin], name="dispatch")
class PracticeAnswerView(View):
    """What the phone's owner did: ``right``, ``wrong`` or ``cancel``."""

    def get(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """A GET answers nothing."""
        get_object_or_404(visible_payments(request), pk=payment_id)
        return redirect("handset:phone", payment_id)

    def post(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """Keep the answer, and go back to the page it was given on: the simulator tells it at the next look."""
        payment = get_object_or_404(visible_payments(request), pk=payment_id)
        word = request.POST.get("answer", "")
        try:
            practice_phone.answer_prompt(payment, word=word)
        except ValueError:
            return HttpResponse(status=400)
        stays = "stays" in request.POST
        page = reverse("handset:phone", args=[payment_id]) if stays else reverse("handset:index")
        return redirect(page if word == "cancel" else f"{page}?{SENT}=1")
