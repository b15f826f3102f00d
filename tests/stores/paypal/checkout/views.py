"""A payment view that overrides ``post`` itself, as in the sandbox of django-oscar-paypal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from oscar.apps.checkout import views
from oscar.apps.payment.forms import BankcardNumberField
from oscar.core.loading import get_model

from tests.stores import gateway


class CardForm(forms.Form):
    """A card's number, which the preview carries in a hidden field."""

    number = BankcardNumberField()


class PaymentDetailsView(views.PaymentDetailsView):
    """Ask for a card beside the link to PayPal, show it hidden in the preview, and charge it."""

    template_name = "paypal/payment_details.html"
    template_name_preview = "paypal/card_preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["card_form"] = kwargs.get("card_form", CardForm())
        return context

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action", "") == "place_order":
            return self.do_place_order(request)
        form = CardForm(request.POST)
        render = self.render_preview if form.is_valid() else self.render_payment_details
        page: HttpResponse = render(request, card_form=form)
        return page

    def do_place_order(self, request: HttpRequest) -> HttpResponse:
        form = CardForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Invalid submission")
            return redirect("checkout:payment-details")
        card = form.cleaned_data["number"]
        answer: HttpResponse = self.submit(**self.build_submission(payment_kwargs={"card": card}))
        return answer

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        gateway.charge(str(order_number), total.incl_tax, card=kwargs["card"])
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(name="PayPal")
        source = get_model("payment", "Source")
        self.add_payment_source(source(source_type=kind, currency=total.currency, amount_allocated=total.incl_tax))
        self.add_payment_event("Authorised", total.incl_tax)
