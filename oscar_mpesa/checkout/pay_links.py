"""Payment links: anybody who opens one can pay the order, until its owner or staff revoke it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.no_access import no_access_page
from oscar_mpesa.checkout.views import PaymentActionView
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services import pay_links
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.pay_later import is_payable


@method_decorator(never_cache, name="dispatch")
class PayLinkView(View):
    """Open a payment link, which lets its reader pay the order until it is paid or closed."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Allow this session to pay and redirect to the payment page, whose URL has no token.

        Once the order awaits no payment, only sessions that opened the link before still reach the page. The owner
        reaches it by a revoked link too.
        """
        link = pay_links.find_link(token)
        may_pay = link is not None and ownership.may_pay(request, link.mpesa_order)
        if link is None or not (may_pay or (link.is_active(timezone.now()) and is_payable(link.mpesa_order))):
            return no_access_page(request, is_link=True)
        if not may_pay:
            ownership.grant_payment(request, link)
        response = redirect("checkout:mpesa-payment", link.mpesa_order.public_id)
        response["Referrer-Policy"] = "no-referrer"
        return response


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class RevokeLinkView(PaymentActionView):
    """Revoke the payment link, so that nobody can open or use it any more."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Revoke the link, once, and redirect to the payment page."""
        payment = latest_payment(public_id)
        actor = ownership.require_owner(request, payment)
        if pay_links.revoke_link(payment.mpesa_order.order, actor=actor, now=timezone.now()):
            messages.success(request, gettext("You revoked the payment link. Nobody can pay with it now."))
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class ReplaceLinkView(PaymentActionView):
    """Make a new payment link for an order that pays later, after the last one was revoked or expired."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Make the link, once, and redirect to the payment page, which shows it."""
        payment = latest_payment(public_id)
        actor = ownership.require_owner(request, payment)
        try:
            pay_links.replace_link(payment.mpesa_order.order, actor=actor, now=timezone.now())
        except NotPayable as refusal:
            messages.info(request, gettext(refusal.sentence))
        return redirect("checkout:mpesa-payment", public_id)
