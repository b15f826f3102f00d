"""PayPal's views. The one that places the order is built on the shop's own payment view, whatever that is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views import generic
from oscar.apps.shipping.methods import FixedPrice
from oscar.core.loading import get_class, get_model

from tests.stores.paypal.express import gateway

PaymentDetailsView: Any = get_class("checkout.views", "PaymentDetailsView")
CheckoutSessionMixin: Any = get_class("checkout.session", "CheckoutSessionMixin")
Basket = get_model("basket", "Basket")


class RedirectView(CheckoutSessionMixin, generic.RedirectView):
    """Begin a payment at PayPal, from the basket's page or from the checkout, and freeze the basket."""

    as_payment_method = False

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        submission = self.build_submission()
        basket = submission["basket"]
        if basket.is_empty:
            return reverse("basket:summary")
        if self.as_payment_method and not submission["shipping_address"]:
            return reverse("checkout:shipping-address")
        amount = submission["order_total"].incl_tax if self.as_payment_method else basket.total_incl_tax
        back, cancel = (
            self.request.build_absolute_uri(reverse(name, args=[basket.pk]))
            for name in ("paypal-success-response", "paypal-cancel-response")
        )
        url = gateway.set_express_checkout(amount, return_url=back, cancel_url=cancel)
        basket.freeze()
        return url


class CancelResponseView(generic.RedirectView):
    """Give the shopper the basket back."""

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        get_object_or_404(Basket, pk=kwargs["basket_id"], status=Basket.FROZEN).thaw()
        return reverse("basket:summary")


class SuccessResponseView(PaymentDetailsView):
    """Show a preview with PayPal's address, and take the money when the shopper places the order."""

    template_name_preview = "paypal/preview.html"
    preview = True

    @property
    def pre_conditions(self) -> list[str]:
        return []

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kwargs["basket"] = self.load(request.GET, kwargs["basket_id"])
        if kwargs["basket"] is None:
            return redirect("basket:summary")
        page: HttpResponse = super().get(request, *args, **kwargs)
        return page

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        basket = self.load(request.POST, kwargs["basket_id"])
        if basket is None:
            return redirect("basket:summary")
        answer: HttpResponse = self.submit(**self.build_submission(basket=basket))
        return answer

    def load(self, sent: Any, basket_id: int) -> Any:
        """Ask PayPal about the payment, and return the frozen basket or None."""
        try:
            self.payer_id, self.token = sent["PayerID"], sent["token"]
            self.payment = gateway.get_express_checkout(self.token)
        except KeyError:
            messages.error(self.request, "PayPal did not answer.")
            return None
        basket = Basket.objects.filter(pk=basket_id, status=Basket.FROZEN).first()
        if basket is not None:
            basket.strategy = get_class("partner.strategy", "Selector")().strategy(self.request)
            get_class("offer.applicator", "Applicator")().apply(basket, self.request.user, request=self.request)
        return basket

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context.update(payer_id=self.payer_id, token=self.token, paypal_amount=Decimal(self.payment["AMT"]))
        return context

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        submission: dict[str, Any] = super().build_submission(**kwargs)
        submission["order_kwargs"]["guest_email"] = self.payment["EMAIL"]
        submission["payment_kwargs"].update(payer_id=self.payer_id, token=self.token, payment=self.payment)
        return submission

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        reference = gateway.do_express_checkout(kwargs["token"], kwargs["payer_id"], order_number=str(order_number))
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(name="PayPal")
        paid = Decimal(kwargs["payment"]["AMT"])
        source = get_model("payment", "Source")
        self.add_payment_source(
            source(source_type=kind, currency=total.currency, amount_allocated=paid, amount_debited=paid)
        )
        self.add_payment_event("Settled", paid, reference=reference)

    def get_shipping_address(self, basket: Any) -> Any:
        first, _, last = self.payment["PAYMENTREQUEST_0_SHIPTONAME"].partition(" ")
        return get_model("order", "ShippingAddress")(
            first_name=first,
            last_name=last,
            line1=self.payment["PAYMENTREQUEST_0_SHIPTOSTREET"],
            postcode=self.payment["PAYMENTREQUEST_0_SHIPTOZIP"],
            country_id=self.payment["PAYMENTREQUEST_0_SHIPTOCOUNTRYCODE"],
        )

    def get_shipping_method(self, basket: Any, shipping_address: Any = None, **kwargs: Any) -> Any:
        charge = Decimal(self.payment["PAYMENTREQUEST_0_SHIPPINGAMT"])
        chosen = super().get_shipping_method(basket, shipping_address, **kwargs)
        return chosen or FixedPrice(charge, charge)
