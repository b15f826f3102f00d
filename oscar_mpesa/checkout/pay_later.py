"""Pay later: keep an unpaid order longer."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.views import PaymentActionView
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.exceptions import StartRefused
from oscar_mpesa.services.pay_later import pay_later


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PayLaterView(PaymentActionView):
    """Keep an unpaid order for paying later, and email its payment link."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Keep the order, once, and redirect to the payment page."""
        payment, now = latest_payment(public_id), timezone.now()
        actor = ownership.require_owner(request, payment)
        try:
            pay_later(payment.mpesa_order.order, actor=actor, now=now)
        except StartRefused as refusal:
            messages.info(request, refusal_message(refusal, now=now))
        return redirect("checkout:mpesa-payment", public_id)
