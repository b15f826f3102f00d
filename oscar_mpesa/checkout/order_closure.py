"""Actions on unpaid orders: restore the basket, or choose another method."""

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

from oscar_mpesa.access import ownership
from oscar_mpesa.checkout.step_paths import name_of_chooser
from oscar_mpesa.checkout.views import PaymentActionView
from oscar_mpesa.models import CloseReason, MpesaOrder
from oscar_mpesa.oscar_adapter.basket_restore import restore_basket
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.order_closure import CloseRefused, MoneyArrived, NotRestorable, close_for_other_method

CheckoutSessionData = get_class("checkout.utils", "CheckoutSessionData")


class ClosedOrderView(PaymentActionView):
    """Base of actions that put an order's items back into the basket."""

    def restore_basket(self, request: HttpRequest, mpesa_order: MpesaOrder, actor: Actor) -> bool:
        """Restore the order's items into the basket, once, and add a message. Return False if it is not possible."""
        values, basket = {"number": mpesa_order.order.number}, request.basket  # type: ignore[attr-defined]
        try:
            missing = restore_basket(mpesa_order, basket, actor=actor, user=request.user, now=timezone.now())
        except NotRestorable as refusal:
            if MpesaOrder.objects.filter(pk=mpesa_order.pk, basket_restored_at__isnull=False).exists():
                return True  # the second of two clicks
            messages.error(request, gettext(refusal.sentence))
            return False
        if missing:
            sentence = gettext(
                "Sold out, or fewer left than you ordered: %(titles)s. The other items of order "
                "%(number)s are back in your basket."
            )
            messages.warning(request, sentence % {**values, "titles": ", ".join(missing)})
        else:
            messages.success(request, gettext("The items of order %(number)s are back in your basket.") % values)
        return True


@method_decorator(never_cache, name="dispatch")
class RestoreBasketView(ClosedOrderView):
    """Put the items of a closed order back into the basket."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Restore the basket once and redirect to it, also on a second click."""
        payment = latest_payment(public_id)
        actor = ownership.require_owner(request, payment)
        if self.restore_basket(request, payment.mpesa_order, actor):
            return redirect("basket:summary")
        return redirect("checkout:mpesa-payment", public_id)


@method_decorator([never_cache, transaction.non_atomic_requests], name="dispatch")
class OtherMethodView(ClosedOrderView):
    """Close the order to pay for its items with another method."""

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Close the order, restore its basket and redirect to the choice of a method."""
        payment = latest_payment(public_id)
        actor, mpesa_order = ownership.require_owner(request, payment), payment.mpesa_order
        if self._close(request, mpesa_order, actor) and self.restore_basket(request, mpesa_order, actor):
            CheckoutSessionData(request).pay_by(None)
            return redirect(name_of_chooser())
        return redirect("checkout:mpesa-payment", public_id)

    def _close(self, request: HttpRequest, mpesa_order: MpesaOrder, actor: Actor) -> bool:
        if not has_other_method():
            return False  # the page has no such button
        try:
            close_for_other_method(mpesa_order.order, actor=actor, now=timezone.now())
        except MoneyArrived:
            return False  # the payment page shows it
        except CloseRefused as refusal:
            chosen = MpesaOrder.objects.filter(pk=mpesa_order.pk, close_reason=CloseReason.OTHER_METHOD)
            if chosen.exists():
                return True  # the second of two clicks
            messages.warning(request, gettext(refusal.sentence))
            return False
        return True
