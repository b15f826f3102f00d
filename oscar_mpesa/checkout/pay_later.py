"""Pay later: the order is kept, and a link leads back to it, for the shopper or for whoever pays instead."""

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
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.order_tokens import TokenPurpose, read_token
from oscar_mpesa.services.pay_later import is_payable, pay_later


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class PayLaterView(PaymentActionView):
    """Keep the order's things, and mail a link."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Once an order, however often it was asked for."""
        order = own_payment(request, public_id).mpesa_order.order
        try:
            pay_later(order, now=timezone.now())
        except NotPayable as refusal:
            messages.info(request, gettext(refusal.sentence))
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator(never_cache, name="dispatch")
class PayLinkView(View):
    """A mailed or shared link: whoever opens it may pay that order, until it is paid or closed."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Keep the leave to pay in the session and go on to the clean address.

        Once the order waits for no money, a link is of use to nobody but who had that leave: they read how it ended.
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
