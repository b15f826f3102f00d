"""Links in emails to an order's owner: they open its payment page in any browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.no_access import no_access_page
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.order_links import read_token


@method_decorator(never_cache, name="dispatch")
class OrderLinkView(View):
    """Open the link of an email, which lets its reader act as the order's owner."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Let this session see the order and redirect to the payment page, whose URL has no token.

        Changes nothing but the session. A wrong or expired token gets the page of an order that does not exist, unless
        the request owns the order anyway.
        """
        mpesa_order = read_token(token) or _own_order(request, token)
        if mpesa_order is None:
            return no_access_page(request, is_link=False)
        if not ownership.owns(request, mpesa_order):
            ownership.grant_opened_order(request, mpesa_order)
        response = redirect("checkout:mpesa-payment", mpesa_order.public_id)
        response["Referrer-Policy"] = "no-referrer"
        return response


def _own_order(request: HttpRequest, token: str) -> MpesaOrder | None:
    """Return the order of an expired token to its owner. The page of an expired link offers to sign in, and returns."""
    mpesa_order = read_token(token, accepts_expired=True)
    return mpesa_order if mpesa_order is not None and ownership.owns(request, mpesa_order) else None
