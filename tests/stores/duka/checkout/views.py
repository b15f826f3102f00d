"""The shop's own chooser, card payments as in Oscar's documentation, and cash on delivery."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from oscar.apps.checkout import views

from tests.stores import gateway
from tests.stores.duka.checkout.forms import CardForm, ChooserForm
from tests.stores.payment_sources import add_source


class PaymentMethodView(views.PaymentMethodView):
    """Show the shop's own chooser."""

    template_name = "duka/chooser.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.ask(ChooserForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ChooserForm(request.POST)
        if not form.is_valid():
            return self.ask(form)
        self.checkout_session.pay_by(form.cleaned_data["pay_with"])
        if form.cleaned_data["pay_with"] == "cash":
            return redirect("checkout:preview")
        answer: HttpResponse = self.get_success_response()
        return answer

    def ask(self, form: ChooserForm) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return page


class PaymentDetailsView(views.PaymentDetailsView):
    """Take a card, carry it through the preview, and charge it before the order is placed. Cash needs no details."""

    template_name = "duka/card.html"
    template_name_preview = "duka/preview.html"

    @property
    def takes_cash(self) -> bool:
        return bool(self.checkout_session.payment_method() == "cash")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not self.takes_cash:
            kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        form = CardForm(request.POST)
        render = self.render_preview if form.is_valid() else self.render_payment_details
        page: HttpResponse = render(request, card_form=form)
        return page

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        if self.takes_cash:
            answer: HttpResponse = self.submit(**self.build_submission())
            return answer
        form = CardForm(request.POST)
        if form.is_valid():
            answer = self.submit(**self.build_submission(payment_kwargs={"card_form": form}))
        else:
            answer = self.render_payment_details(request, card_form=form)
        return answer

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        if self.takes_cash:
            return
        reference = gateway.charge(order_number, total.incl_tax, card=kwargs["card_form"].cleaned_data["number"])
        add_source(self, "card", total, reference)
