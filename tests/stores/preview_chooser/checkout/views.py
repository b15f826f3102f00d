"""One page to look at the order, to choose a method and to pay."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from oscar.apps.checkout import views
from oscar.apps.payment.forms import BankcardNumberField

from tests.stores import gateway
from tests.stores.payment_sources import add_source


class PayForm(forms.Form):
    """The method, and a card's number if the method is a card."""

    pay_with = forms.ChoiceField(
        choices=[("cash", "Cash"), ("card", "Card"), ("mpesa", "M-PESA")], widget=forms.RadioSelect
    )
    number = BankcardNumberField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("pay_with") == "card" and not cleaned.get("number"):
            self.add_error("number", "Enter the number of your card.")
        return cleaned


class PaymentDetailsView(views.PaymentDetailsView):
    """Place the order with the method that was chosen beside the button."""

    template_name_preview = "preview_chooser/preview.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.preview:
            return redirect("checkout:preview")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("pay_form", PayForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_place_order_submission(self, request: HttpRequest) -> Any:
        form = PayForm(request.POST)
        if not form.is_valid():
            return self.render_preview(request, pay_form=form)
        self.checkout_session.pay_by(form.cleaned_data["pay_with"])
        return self.submit(**self.build_submission(payment_kwargs={"pay_form": form}))

    def render_payment_details(self, request: HttpRequest, **kwargs: Any) -> Any:
        return self.render_preview(request, **kwargs)

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        data = kwargs["pay_form"].cleaned_data
        if data["pay_with"] == "card":
            add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=data["number"]))
