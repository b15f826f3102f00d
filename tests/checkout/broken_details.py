"""Payment details views that a developer wrote for cards, and that leave no place for M-PESA."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from oscar.apps.checkout import views
from oscar.apps.checkout.exceptions import FailedPreCondition

from oscar_mpesa.checkout.mixins import MpesaPaymentDetailsMixin

TEMPLATES = {"card": "oscar/checkout/preview.html", "cod": "oscar/checkout/preview.html"}


class LastBase(views.PaymentDetailsView, MpesaPaymentDetailsMixin):
    """Add the mixin by hand, but behind Oscar's view, so that none of its methods is called."""


class WithMixin(MpesaPaymentDetailsMixin, views.PaymentDetailsView):
    """Add the mixin by hand, as the docs say."""


class ForbiddenWithoutCard(views.PaymentDetailsView):
    """Keep people without a card out of the payment step."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "card" not in request.session:
            raise PermissionDenied
        page: HttpResponse = super().dispatch(request, *args, **kwargs)
        return page


class WalletFirst(views.PaymentDetailsView):
    """Send shoppers without a saved card to the page where they save one."""

    def get_pre_conditions(self, request: HttpRequest) -> list[str]:
        return [*super().get_pre_conditions(request), "check_wallet"]

    def check_wallet(self, request: HttpRequest) -> None:
        if "wallet" not in request.session:
            raise FailedPreCondition(url=reverse("terms"), message="Save a card first.")


class CardInSubmission(views.PaymentDetailsView):
    """Hand the card to ``handle_payment``."""

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        submission: dict[str, Any] = super().build_submission(**kwargs)
        submission["payment_kwargs"]["card"] = self.request.session["card"]
        return submission


class PlainTotal(views.PaymentDetailsView):
    """Show the total as a number, because the gateway's form wants one."""

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        submission: dict[str, Any] = super().build_submission(**kwargs)
        submission["order_total"] = submission["order_total"].incl_tax
        return submission


class NeedsCardForm(views.PaymentDetailsView):
    """Render the card's form, which its own ``post`` and ``get`` always pass."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page: HttpResponse = self.render_payment_details(request, card_form="<input name='card'>")
        return page

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["hidden_card"] = kwargs["card_form"]
        return context


class AnswersInJson(views.PaymentDetailsView):
    """Serve a frontend of its own, which renders the checkout in the browser."""

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return JsonResponse({"total": str(context["order_total"].incl_tax), "preview": self.preview})


class ShownOnly(views.PaymentDetailsView):
    """Show the gateway's form, which posts to the gateway."""

    http_method_names = ("get", "head", "options")


class TemplatePerMethod(views.PaymentDetailsView):
    """Have one preview for each payment method."""

    def get_template_names(self) -> list[str]:
        if not self.preview:
            return [self.template_name]
        return [f"checkout/preview_{self.checkout_session.payment_method()}.html"]


class TemplateFromTable(views.PaymentDetailsView):
    """Look the preview up in a table of the shop's own methods."""

    def get_template_names(self) -> list[str]:
        return [TEMPLATES[self.checkout_session.payment_method()]] if self.preview else [self.template_name]


class TemplateAsText(views.PaymentDetailsView):
    """Name the template as text instead of in a list, which Django's own code accepts."""

    def get_template_names(self) -> Any:
        return self.template_name_preview if self.preview else self.template_name


class OwnPreviewTemplate(views.PaymentDetailsView):
    """Use a preview of its own design."""

    template_name_preview = "shop/preview.html"


class ChargesInSubmit(views.PaymentDetailsView):
    """Charge the card before Oscar places the order."""

    def submit(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.checkout_session._set("payment", "charged", self.request.POST["card_token"])
        page: HttpResponse = super().submit(*args, **kwargs)
        return page


class SubmitsToGateway(views.PaymentDetailsView):
    """Send the shopper to the gateway's page instead of calling Oscar's ``submit``."""

    def submit(self, user: Any, basket: Any, order_total: Any, **kwargs: Any) -> HttpResponse:
        self.freeze_basket(basket)
        self.checkout_session.set_submitted_basket(basket)
        return redirect("terms")


class ChargesWhilePlacing(views.PaymentDetailsView):
    """Charge the card in the moment the order is placed."""

    def handle_order_placement(self, *args: Any, **kwargs: Any) -> HttpResponse:
        self.checkout_session._set("payment", "charged", self.request.session["card"])
        page: HttpResponse = super().handle_order_placement(*args, **kwargs)
        return page


class NeedsAuthorization(views.PaymentDetailsView):
    """Store the card's authorization with the order."""

    def place_order(self, *args: Any, **kwargs: Any) -> Any:
        authorization = self.request.session["authorization"]
        order = super().place_order(*args, **kwargs)
        order.notes.create(note_type="System", message=authorization)
        return order


class NeedsSource(views.PaymentDetailsView):
    """Refuse orders that no one has paid."""

    def save_payment_details(self, order: Any) -> None:
        if not self._payment_sources:
            raise ValueError("An order without a payment source.")
        super().save_payment_details(order)


class NumberOfGateway(views.PaymentDetailsView):
    """Give the order the number under which the gateway knows it."""

    def generate_order_number(self, basket: Any) -> str:
        return str(self.request.session["gateway"]["number"])


class UndoneWithoutCard(views.PaymentDetailsView):
    """Undo all that a request did, unless the gateway has confirmed the charge by its end."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with transaction.atomic():
            page: HttpResponse = super().dispatch(request, *args, **kwargs)
            if request.method == "POST" and "charged" not in request.session:
                transaction.set_rollback(True)
        return page


class AddsTaxWhenPlacing(views.PaymentDetailsView):
    """Add the tax in the last moment, because the tax service costs money for each question."""

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        for line in request.basket.all_lines():  # type: ignore[attr-defined]
            line.purchase_info.price.tax = 0
        page: HttpResponse = super().handle_place_order_submission(request)
        return page
