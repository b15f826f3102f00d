"""Views that send the shopper to the gateway with a frozen basket, and place the order on the way back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from oscar.apps.checkout.views import PaymentDetailsView
from oscar.core.loading import get_class, get_model

from tests.stores.stripe import gateway

Basket = get_model("basket", "Basket")


class ToGatewayView(PaymentDetailsView):
    """Open a session at the gateway whenever the page is built. Its template sends the browser on."""

    template_name = "stripe/to_gateway.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        basket = context["basket"]
        urls = {
            "success_url": self.request.build_absolute_uri(reverse("checkout:stripe-preview", args=[basket.pk])),
            "cancel_url": self.request.build_absolute_uri(reverse("checkout:stripe-cancel", args=[basket.pk])),
        }
        opened = gateway.begin(basket, context["order_total"].incl_tax, **urls)
        self.request.session["stripe_session_id"] = opened["id"]
        self.request.session["stripe_payment_intent_id"] = opened["payment_intent"]
        context["stripe_session"] = opened
        return context


class CaptureView(PaymentDetailsView):
    """Show a preview of the frozen basket, and take the money when the shopper places the order."""

    preview = True
    template_name_preview = "stripe/preview.html"

    @property
    def pre_conditions(self) -> list[str]:
        return []

    @method_decorator(csrf_exempt)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if context["order_total"] is None:
            raise PermissionDenied
        context["cents"] = (context["order_total"].incl_tax * 100).to_integral_value()
        return context

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kwargs["basket"] = self.load_frozen_basket(kwargs["basket_id"])
        if kwargs["basket"] is None:
            return redirect("basket:summary")
        page: HttpResponse = super().get(request, *args, **kwargs)
        return page

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        basket = self.load_frozen_basket(kwargs["basket_id"])
        if basket is None:
            return redirect("basket:summary")
        answer: HttpResponse = self.submit(**self.build_submission(basket=basket))
        return answer

    def load_frozen_basket(self, basket_id: int) -> Any:
        basket = Basket.objects.filter(pk=basket_id, status=Basket.FROZEN).first()
        if basket is not None:
            basket.strategy = get_class("partner.strategy", "Selector")().strategy(self.request)
            get_class("offer.applicator", "Applicator")().apply(basket, self.request.user, request=self.request)
        return basket

    def handle_payment(self, order_number: str, order_total: Any, **kwargs: Any) -> None:
        payment = self.request.session["stripe_payment_intent_id"]
        gateway.capture(payment, order_number=str(order_number))
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(name="Stripe")
        amounts = {"amount_allocated": order_total.incl_tax, "amount_debited": order_total.incl_tax}
        source = get_model("payment", "Source")
        self.add_payment_source(source(source_type=kind, currency=order_total.currency, reference=payment, **amounts))
        self.add_payment_event("Purchase", order_total.incl_tax, reference=payment)
        del self.request.session["stripe_session_id"], self.request.session["stripe_payment_intent_id"]


class CancelView(RedirectView):
    """Give the shopper the basket back."""

    pattern_name = "basket:summary"

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str | None:
        get_object_or_404(Basket, pk=kwargs["basket_id"], status=Basket.FROZEN).thaw()
        return reverse("basket:summary")
