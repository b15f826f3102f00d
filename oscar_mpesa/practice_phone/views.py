"""Show a simulated prompt as a phone does, and take its answer. The PIN never reaches the server."""

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

#: The query parameter right after an answer. The SMS appears with the next request, as it takes a moment in reality.
SENT = "sent"


@method_decorator([never_cache, transaction.non_atomic_requests, xframe_options_sameorigin], name="dispatch")
class PracticePhoneView(View):
    """Show one phone: its newest prompt on top, its messages below. The shop's own pages may show it in a frame."""

    def get(self, request: HttpRequest, payment_id: int | None = None) -> HttpResponse:
        """Show this payment's phone, or the phone of the newest payment. From now on its prompts wait for an answer."""
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
    """Take the answer to a prompt: ``right``, ``wrong`` or ``cancel``."""

    def get(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """Redirect to the phone without an answer."""
        get_object_or_404(visible_payments(request), pk=payment_id)
        return redirect("practice_phone:phone", payment_id)

    def post(self, request: HttpRequest, payment_id: int) -> HttpResponse:
        """Store the answer and redirect to the page it was given on. The next request gets the result."""
        payment = get_object_or_404(visible_payments(request), pk=payment_id)
        answer = request.POST.get("answer", "")
        try:
            practice_phone.answer_prompt(payment, word=answer)
        except ValueError:
            return HttpResponse(status=400)
        is_chosen = "stays" in request.POST
        page = reverse("practice_phone:phone", args=[payment_id]) if is_chosen else reverse("practice_phone:index")
        return redirect(page if answer == "cancel" else f"{page}?{SENT}=1")
