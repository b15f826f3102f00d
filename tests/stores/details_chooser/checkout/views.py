"""Payment details with the choice of the method, carried through the preview as in Oscar's guide."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from oscar.apps.checkout import views

from tests.stores import gateway
from tests.stores.details_chooser.checkout.forms import PaymentForm
from tests.stores.payment_sources import add_source


class PaymentDetailsView(views.PaymentDetailsView):
    """Ask how to pay, show the preview, and charge a card when the order is placed."""

    template_name = "details_chooser/details.html"
    template_name_preview = "details_chooser/preview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("payment_form", PaymentForm())
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    def handle_payment_details_submission(self, request: HttpRequest) -> Any:
        form = PaymentForm(request.POST)
        if not form.is_valid():
            return self.render_payment_details(request, payment_form=form)
        self.checkout_session.pay_by(form.cleaned_data["pay_with"])
        return self.render_preview(request, payment_form=form)

    def handle_place_order_submission(self, request: HttpRequest) -> Any:
        form = PaymentForm(request.POST)
        if not form.is_valid():
            return self.render_payment_details(request, payment_form=form)
        return self.submit(**self.build_submission(payment_kwargs={"payment_form": form}))

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        data = kwargs["payment_form"].cleaned_data
        if data["pay_with"] == "card":
            add_source(self, "card", total, gateway.charge(order_number, total.incl_tax, card=data["number"]))
