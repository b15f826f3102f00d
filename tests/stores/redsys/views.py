"""The bank's three views: to its page, from its server, and back from its page. None is a view of the checkout."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView
from oscar.core.loading import get_model

from tests.stores.redsys import signature
from tests.stores.redsys.signals import payment_confirmed

Order = get_model("order", "Order")


class PaymentRedirectView(TemplateView):
    """Show a form that posts the signed order to the bank. Subclasses name its number, amount and data."""

    template_name = "redsys/to_bank.html"

    def get_order_number(self) -> str:
        raise NotImplementedError

    def get_amount(self) -> Decimal:
        raise NotImplementedError

    def get_merchant_data(self) -> dict[str, Any]:
        return {}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        parameters = {
            "Ds_Order": self.get_order_number(),
            "Ds_Amount": str(int(self.get_amount() * 100)),
            "Ds_MerchantData": self.get_merchant_data(),
        }
        return super().get_context_data(fields=signature.pack(parameters), **kwargs)


@method_decorator(csrf_exempt, name="dispatch")
class NotificationView(View):
    """Believe the bank's server alone, and once for each order."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        parameters = signature.unpack(request.POST)
        if parameters is None:
            return HttpResponse("signature invalid")
        if int(parameters["Ds_Response"]) < 100 and not Order.objects.filter(number=parameters["Ds_Order"]).exists():
            payment_confirmed.send(type(self), order_number=parameters["Ds_Order"], parameters=parameters)
        return HttpResponse("OK")


class ReturnView(TemplateView):
    """Show what the bank's server reported, however the browser came back, and let it see the order."""

    template_name = "redsys/back.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        order = Order.objects.filter(number=self.request.GET.get("order_number", "")).first()
        if order is not None:
            self.request.session["checkout_order_id"] = order.pk
        return super().get_context_data(order=order, **kwargs)
