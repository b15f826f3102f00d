"""The shop's own chooser, and payment details that nobody needs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from oscar.apps.checkout import views


class ChooserForm(forms.Form):
    """The shop's methods."""

    method = forms.ChoiceField(choices=[("cash", "Cash on delivery"), ("mpesa", "M-PESA")])


class PaymentMethodView(views.PaymentMethodView):
    """Show the shop's own chooser, and go on to the preview."""

    template_name = "redirected_details/chooser.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self.render_to_response(self.get_context_data(form=ChooserForm()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = ChooserForm(request.POST)
        if form.is_valid():
            self.checkout_session.pay_by(form.cleaned_data["method"])
            return redirect("checkout:preview")
        return self.render_to_response(self.get_context_data(form=form))


class PaymentDetailsView(views.PaymentDetailsView):
    """Skip the payment details."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.preview:
            return redirect("checkout:preview")
        return super().get(request, *args, **kwargs)
