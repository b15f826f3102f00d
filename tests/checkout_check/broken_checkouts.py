"""Checkouts in which something stands in the way of M-PESA, as shops write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template import engines
from django.urls import reverse
from oscar.apps.checkout import views
from oscar.apps.checkout.exceptions import FailedPreCondition
from oscar.core.loading import get_model

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin, MpesaPaymentMethodMixin


class NoMixin(views.PaymentDetailsView):
    """A view without our mixin, in a shop that adds it by hand."""


class MixinLast(views.PaymentDetailsView, MpesaPaymentDetailsMixin):
    """Our mixin behind Oscar's view."""


class ByHand(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
    """Our mixin as its documentation says."""


class MethodByHand(MpesaPaymentMethodMixin, views.PaymentMethodView):
    """Our mixin as its documentation says."""


class ShowsOwnPage(ByHand):
    """A ``get`` before our mixin."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page: HttpResponse = self.render_to_response({"card": True})
        return page

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return HttpResponse("<form method='post'><input name='card' required></form>")


class OwnTemplates(ByHand):
    """A ``get_template_names`` that does not ask ours."""

    def get_template_names(self) -> list[str]:
        return ["oscar/checkout/preview.html" if self.preview else "oscar/checkout/payment_details.html"]


class LeadsInACircle(ByHand):
    """A ``dispatch`` that leads from the preview to the details, and one that leads back."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("checkout:payment-details" if self.preview else "checkout:preview")


class NeedsCardInContext(views.PaymentDetailsView):
    """A ``get_context_data`` that needs a card."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "last_digits": self.request.session["card"][-4:]}


class SendsAway(ByHand):
    """A condition before our mixin that leads shoppers without a card elsewhere."""

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        raise FailedPreCondition(url="/cards/new/")


class SubmitsItself(ByHand):
    """A ``submit`` that places the order in its own way."""

    def submit(self, user: Any, basket: Any, order_total: Any, **kwargs: Any) -> HttpResponse:
        number = self.generate_order_number(basket)
        kwargs = {name: kwargs[name] for name in ("shipping_address", "shipping_method", "shipping_charge")}
        order = self.place_order(order_number=number, user=user, basket=basket, order_total=order_total, **kwargs)
        basket.submit()
        self.request.session["checkout_order_id"] = order.pk
        return redirect("checkout:thank-you")


class ThanksItself(ByHand):
    """A ``handle_successful_order`` before our mixin that does not call it."""

    def handle_successful_order(self, order: Any) -> HttpResponse:
        self.request.session["checkout_order_id"] = order.pk
        return redirect("checkout:thank-you")


class PlacesItself(ByHand):
    """A ``handle_order_placement`` that places the order without the next step."""

    def handle_order_placement(self, order_number: Any, user: Any, basket: Any, *args: Any, **kwargs: Any) -> Any:
        address, method, charge, _billing, total = args
        self.place_order(order_number, user, basket, address, method, charge, total)
        basket.submit()
        return redirect("checkout:thank-you")


class ForgetsTheHook(ByHand):
    """A ``handle_successful_order`` that drops what follows the commit."""

    def handle_successful_order(self, order: Any) -> HttpResponse:
        response: HttpResponse = super().handle_successful_order(order)
        connection.run_on_commit.clear()
        return response


class ThanksAfterwards(ByHand):
    """A ``post`` that leads to another page than the payment page."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        return redirect("checkout:thank-you") if request.POST.get("action") == "place_order" else response


class RaisesInPlacement(views.PaymentDetailsView):
    """A ``place_order`` that fails without a card."""

    def place_order(self, *args: Any, **kwargs: Any) -> Any:
        order = super().place_order(*args, **kwargs)
        get_model("order", "OrderNote").objects.create(order=order, message=self.request.session["card"])
        return order


class OwnPreview(views.PaymentDetailsView):
    """A preview without the form that places the order."""

    template_name_preview = "broken/preview.html"


class PreviewWithoutBlock(views.PaymentDetailsView):
    """A preview whose template has no block for the payment method."""

    template_name_preview = "broken/preview_without_block.html"


TEMPLATES = {
    "broken/preview.html": "<h1>Your order</h1><button onclick='place()'>Order</button>",
    "broken/preview_without_block.html": (
        "<form method='post' action='/checkout/preview/' id='place_order_form'>"
        "<button name='action' value='place_order'>Order</button></form>"
    ),
}


class Chooser(views.PaymentMethodView):
    """A form of payment methods with a template of its own."""

    codes = ("card", "mpesa")
    label = "M-PESA"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        choices = [(code, self.label if "pesa" in code else code.title()) for code in self.codes]
        field = forms.ChoiceField(choices=choices, widget=forms.RadioSelect)
        form = type("MethodForm", (forms.Form,), {"pay_with": field})()
        page = engines["django"].from_string("<form method='post'>{{ form.as_p }}<button>Continue</button></form>")
        return HttpResponse(page.render({"form": form}))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.store(request.POST.get("pay_with", ""))
        response: HttpResponse = self.get_success_response()
        return response

    def store(self, code: str) -> None:
        self.checkout_session.pay_by(code)


class WithoutMpesa(Chooser):
    """A form without M-PESA."""

    codes = ("card", "cash")


class WithAnotherCode(Chooser):
    """A form with another code."""

    codes = ("card", "lipa-na-mpesa")


class OverwritesChoice(Chooser):
    """A form that stores another method at the end."""

    def store(self, code: str) -> None:
        super().store(code)
        self.checkout_session.pay_by("card")


class StoresElsewhere(Chooser):
    """A form that stores the choice elsewhere."""

    def store(self, code: str) -> None:
        self.request.session["method"] = code


class FlushesSession(Chooser):
    """A form that forgets what it stored."""

    def get_success_response(self) -> HttpResponse:
        self.checkout_session._flush_namespace("payment")
        return redirect("checkout:payment-details")


class LeadsElsewhere(Chooser):
    """A form that leads to a page of the shop."""

    def get_success_response(self) -> HttpResponse:
        return HttpResponseRedirect("/hurray/")


class AsksForTerms(views.PaymentMethodView):
    """A page of the shop's own before the payment step."""

    pre_conditions = (*views.PaymentMethodView.pre_conditions, "check_terms")

    def check_terms(self, request: HttpRequest) -> None:
        raise FailedPreCondition(url="/terms/")


class ClosedShop:
    """A middleware that leads shoppers away from the payment details."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == reverse("checkout:payment-details"):
            return HttpResponseRedirect("/closed/")
        return self.get_response(request)


class Witness(ClosedShop):
    """A middleware that keeps the paths of all requests."""

    opened: ClassVar[list[str]] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.opened.append(request.path)
        return self.get_response(request)


class ForgetfulSession(ClosedShop):
    """A middleware that keeps no choice of payment method."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        request.session.get("checkout_data", {}).pop("payment", None)
        request.session.modified = True
        return response


class RefusingFirewall(ClosedShop):
    """A middleware that refuses posts to the preview."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_refused = request.method == "POST" and request.path == reverse("checkout:preview")
        return HttpResponse("no", status=403) if is_refused else self.get_response(request)


class PayLink(Chooser):
    """Links instead of a form."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "by" not in request.GET:
            return HttpResponse("<a href='?by=card'>Card</a> <a href='?by=mpesa'>M-PESA</a>")
        self.store(request.GET["by"])
        return redirect("checkout:payment-details")


def packs_at_once(sender: Any, order: Any, **kwargs: Any) -> None:
    """Receive ``order_placed`` as if each order were paid."""
    type(order).objects.filter(pk=order.pk).update(status="Complete")


def needs_card(sender: Any, order: Any, **kwargs: Any) -> None:
    """Receive ``order_placed`` as if each order had a payment source."""
    order.set_status(order.sources.all()[0].reference)
