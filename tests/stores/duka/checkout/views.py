"""The shop's own chooser, and card payments as in Oscar's documentation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from oscar.apps.checkout import views
from oscar.core.loading import get_model

from tests.stores.duka import gateway
from tests.stores.duka.checkout.forms import CardForm, ChooserForm


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
        answer: HttpResponse = self.get_success_response()
        return answer

    def ask(self, form: ChooserForm) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form))
        return page


class PaymentDetailsView(views.PaymentDetailsView):
    """Take a card, carry it through the preview, and charge it before the order is placed."""

    template_name = "duka/card.html"
    template_name_preview = "duka/preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("card_form", CardForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        form = CardForm(request.POST)
        render = self.render_preview if form.is_valid() else self.render_payment_details
        page: HttpResponse = render(request, card_form=form)
        return page

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        form = CardForm(request.POST)
        if form.is_valid():
            answer: HttpResponse = self.submit(**self.build_submission(payment_kwargs={"card_form": form}))
        else:
            answer = self.render_payment_details(request, card_form=form)
        return answer

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        card = kwargs["card_form"].cleaned_data["number"]
        reference = gateway.charge(str(order_number), total.incl_tax, card=card)
        kind, _ = get_model("payment", "SourceType").objects.get_or_create(code="card", defaults={"name": "Card"})
        amounts = {"amount_allocated": total.incl_tax, "amount_debited": total.incl_tax}
        source = get_model("payment", "Source")(
            source_type=kind, currency=total.currency, reference=reference, **amounts
        )
        self.add_payment_source(source)
        self.add_payment_event("Settled", total.incl_tax, reference=reference)
