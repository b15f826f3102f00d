"""The shop's chooser, and its subclass of the bank's view."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from oscar.apps.checkout import views
from oscar.core.loading import get_class

from tests.stores.redsys.views import PaymentRedirectView

CheckoutSessionMixin: Any = get_class("checkout.session", "CheckoutSessionMixin")


class ChooserForm(forms.Form):
    """The shop's methods. The second choice is the line from the README."""

    choices = [("card", "Card"), ("mpesa", "M-PESA")]
    way = forms.ChoiceField(choices=choices, widget=forms.RadioSelect)


class PaymentMethodView(views.PaymentMethodView):
    """Show the shop's own chooser. Cards leave Oscar's checkout here."""

    template_name = "redsys/chooser.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.ask(ChooserForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ChooserForm(request.POST)
        if not form.is_valid():
            return self.ask(form)
        self.checkout_session.pay_by(form.cleaned_data["way"])
        if form.cleaned_data["way"] == "card":
            return redirect("checkout:pay-by-card")
        answer: HttpResponse = self.get_success_response()
        return answer

    def ask(self, form: ChooserForm) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return page


class PayByCardView(CheckoutSessionMixin, PaymentRedirectView):
    """Freeze the basket, and sign what the bank needs to report later. The basket's number starts with four digits."""

    pre_conditions = ["check_basket_is_not_empty", "check_basket_is_valid", "check_shipping_data_is_captured"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.submission = self.build_submission()
        page: HttpResponse = super().get(request, *args, **kwargs)
        self.submission["basket"].freeze()
        return page

    def get_order_number(self) -> str:
        return f"{self.submission['basket'].pk:04d}R"

    def get_amount(self) -> Decimal:
        amount: Decimal = self.submission["order_total"].incl_tax
        return amount

    def get_merchant_data(self) -> dict[str, Any]:
        return {
            "basket": self.submission["basket"].pk,
            "email": self.submission["order_kwargs"].get("guest_email", ""),
            "address": self.checkout_session.new_shipping_address_fields(),
        }
