"""Pay later: keep an unpaid order longer."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from oscar_mpesa.checkout.views import PaymentActionView, own_payment
from oscar_mpesa.services.exceptions import NotPayable, PaymentUnconfirmed
from oscar_mpesa.services.pay_later import pay_later


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PayLaterView(PaymentActionView):
    """Keep an unpaid order for paying later, and email its payment link."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Keep the order, once, and redirect to the payment page."""
        order = own_payment(request, public_id).mpesa_order.order
        try:
            pay_later(order, now=timezone.now())
        except (NotPayable, PaymentUnconfirmed) as refusal:
            messages.info(request, gettext(refusal.sentence))
        return redirect("checkout:mpesa-payment", public_id)
