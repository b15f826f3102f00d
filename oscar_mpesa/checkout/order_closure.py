"""What can be done with an order that nobody paid: take its things back, or pay in another way."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from oscar.core.loading import get_class

from oscar_mpesa.checkout.views import PaymentActionView, own_payment
from oscar_mpesa.models import CloseReason, MpesaOrder
from oscar_mpesa.oscar_adapter.basket_restore import restore_basket
from oscar_mpesa.services.order_closure import CloseRefused, MoneyArrived, NotRestorable, close_for_other_method

CheckoutSessionData = get_class("checkout.utils", "CheckoutSessionData")


class ClosedOrderView(PaymentActionView):
    """A wish about an order's end."""

    def put_back(self, request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
        """Put the order's things into the shopper's basket, once, and say so; False where they cannot be there."""
        told = {"number": mpesa_order.order.number}
        try:
            missing = restore_basket(mpesa_order, request.basket, user=request.user, now=timezone.now())  # type: ignore[attr-defined]
        except NotRestorable as refusal:
            if MpesaOrder.objects.filter(pk=mpesa_order.pk, basket_restored_at__isnull=False).exists():
                return True  # the second of two clicks
            messages.error(request, gettext(refusal.sentence))
            return False
        if missing:
            sentence = gettext(
                "Sold out, or fewer left than you ordered: %(titles)s. Whatever else order %(number)s had is in your "
                "basket again."
            )
            messages.warning(request, sentence % {**told, "titles": ", ".join(missing)})
        else:
            messages.success(request, gettext("The things of order %(number)s are in your basket again.") % told)
        return True


@method_decorator(never_cache, name="dispatch")
class RestoreBasketView(ClosedOrderView):
    """Put the things of a closed order back into the basket."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """To the basket, however often it was asked for."""
        if self.put_back(request, own_payment(request, public_id).mpesa_order):
            return redirect("basket:summary")
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class OtherMethodView(ClosedOrderView):
    """Give up the order to pay for its things in another way."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Back to the choice of a method, the things in the basket, the address still known."""
        mpesa_order = own_payment(request, public_id).mpesa_order
        if self._close(request, mpesa_order) and self.put_back(request, mpesa_order):
            CheckoutSessionData(request).pay_by(None)
            return redirect("checkout:payment-method")
        return redirect("checkout:mpesa-payment", public_id)

    def _close(self, request: HttpRequest, mpesa_order: MpesaOrder) -> bool:
        try:
            close_for_other_method(mpesa_order.order, now=timezone.now())
        except MoneyArrived:
            return False  # the page tells of it
        except CloseRefused as refusal:
            chosen = MpesaOrder.objects.filter(pk=mpesa_order.pk, close_reason=CloseReason.OTHER_METHOD)
            if chosen.exists():
                return True  # the second of two clicks
            messages.warning(request, gettext(refusal.sentence))
            return False
        return True
