"""Pay later: keep an unpaid order longer, and let anybody with its link pay."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.views import PaymentActionView, own_payment
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.exceptions import NotPayable, PaymentUnconfirmed
from oscar_mpesa.services.order_tokens import TokenPurpose, read_token
from oscar_mpesa.services.pay_later import is_payable, pay_later


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


@method_decorator(never_cache, name="dispatch")
class PayLinkView(View):
    """Open a payment link, which lets its reader pay the order until it is paid or closed."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Allow this session to pay and redirect to the payment page, whose URL has no token.

        Once the order awaits no payment, only sessions that opened the link before still reach the page.
        """
        mpesa_order = MpesaOrder.objects.select_related("order").filter(pk=read_token(token, TokenPurpose.PAY)).first()
        may_pay = mpesa_order is not None and ownership.may_pay(request, mpesa_order)
        if mpesa_order is None or not (may_pay or is_payable(mpesa_order)):
            return render(request, "oscar_mpesa/pay_link_expired.html", status=404)
        if not may_pay:
            ownership.grant_payment(request, mpesa_order)
        response = redirect("checkout:mpesa-payment", mpesa_order.public_id)
        response["Referrer-Policy"] = "no-referrer"
        return response
