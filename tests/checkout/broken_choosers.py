"""Choices of a payment method, and URLs of a checkout, that a developer wrote without M-PESA in mind."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.cache import cache_control
from django.views.generic import FormView, View
from oscar.apps.checkout import apps as oscar_checkout_apps
from oscar.apps.checkout import views
from oscar.apps.checkout.exceptions import FailedPreCondition
from oscar.apps.checkout.utils import CheckoutSessionData

from oscar_mpesa.checkout.mixins import MpesaPaymentMethodMixin


def choice_page(request: HttpRequest, codes: tuple[str, ...], action: str) -> HttpResponse:
    """Return a form with a radio button for each code. The first code is picked already."""
    options = "".join(
        f'<label><input type="radio" name="pay_with" value="{code}" checked>{code.replace("-", "")}</label>'
        for code in reversed(codes)
    )
    token = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(f'<form method="post" action="{action}">{token}{options}<button>Go on</button></form>')


class Chooser(views.PaymentMethodView):
    """Ask for the method on the shop's own page."""

    codes: tuple[str, ...] = ("card", "mpesa")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return choice_page(request, self.codes, reverse("checkout:payment-method"))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.checkout_session.pay_by(request.POST["pay_with"])
        page: HttpResponse = self.get_success_response()
        return page


class CardOrCash(Chooser):
    """Offer the methods that the shop had before it installed M-PESA."""

    codes = ("card", "cash")


class CapitalCode(Chooser):
    """Offer M-PESA under a code of the developer's own taste."""

    codes = ("card", "MPESA")


class HyphenCode(Chooser):
    """Offer M-PESA as people write it."""

    codes = ("card", "m-pesa")


class ForgetsTheChoice(Chooser):
    """Clear what an earlier payment left in the session, once the shopper goes on."""

    def get_success_response(self) -> HttpResponse:
        self.checkout_session._flush_namespace("payment")
        page: HttpResponse = super().get_success_response()
        return page


class PrefersCard(Chooser):
    """Take cards for all that is no cash."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = super().post(request, *args, **kwargs)
        if self.checkout_session.payment_method() != "cash":
            self.checkout_session.pay_by("card")
        return page


class CardOnly(views.PaymentMethodView):
    """Name the shop's only method, and ask nothing."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.checkout_session.pay_by("card")
        page: HttpResponse = self.get_success_response()
        return page


class GoesToCards(Chooser):
    """Go on to the page for cards, whatever the method is."""

    success_url = "/terms/"


class NextByTable(views.PaymentMethodView):
    """Look the next page up in a table of the shop's own methods."""

    def get_success_url(self) -> str:
        pages = {None: "payment-details", "card": "payment-details", "cod": "preview"}
        return reverse(f"checkout:{pages[self.checkout_session.payment_method()]}")


class NextIsCard(views.PaymentMethodView):
    """Go on to the page for cards."""

    success_url = "/terms/"


class WithMixin(MpesaPaymentMethodMixin, views.PaymentMethodView):
    """Add the mixin by hand, as the docs say."""


class PostOnly(views.PaymentMethodView):
    """Take the choice from a form that stands on another page of the shop."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.checkout_session.pay_by(request.POST["pay_with"])
        page: HttpResponse = self.get_success_response()
        return page


class HowToPay(View):
    """Ask for the method on a page of its own, before Oscar's payment step."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return choice_page(request, ("card", "mpesa"), reverse("checkout:payment-method"))


class Leads(views.ShippingMethodView):
    """Go from the delivery to the shop's own page."""

    success_url = "/checkout/how-to-pay/"


class JumpsToDetails(views.ShippingMethodView):
    """Leave out Oscar's payment-method page, which is empty in a shop with one method."""

    def get_success_url(self) -> str:
        return reverse("checkout:payment-details")


class PlainCheckout(oscar_checkout_apps.CheckoutConfig):
    """Use Oscar's own views."""

    def ready(self) -> None:
        super().ready()
        self.payment_method_view, self.payment_details_view = views.PaymentMethodView, views.PaymentDetailsView

    def replaced_urls(self, **changes: Any) -> list[Any]:
        """Return Oscar's URLs with other views behind some of them, or with more of them."""
        others = [each for each in super().get_urls() if each.name not in changes]
        new = [path(f"{name}/", view, name=name) for name, view in changes.items()]
        urls: list[Any] = self.post_process_urls(new)
        return [*others, *urls]


def card_page(request: HttpRequest) -> HttpResponse:
    """Take the card in a function, because classes are too much for one page."""
    if request.method == "POST":
        return redirect("checkout:preview")
    return choice_page(request, ("visa", "mastercard"), reverse("checkout:payment-details"))


class FunctionCheckout(PlainCheckout):
    """Put a function behind the payment details."""

    def get_urls(self) -> list[Any]:
        return self.replaced_urls(**{"payment-details": card_page})


class DecoratedCheckout(PlainCheckout):
    """Keep the payment step out of caches, by a decorator."""

    def get_urls(self) -> list[Any]:
        private, view = cache_control(private=True), views.PaymentDetailsView
        return self.replaced_urls(
            **{"payment-details": private(view.as_view()), "preview": private(view.as_view(preview=True))}
        )


class DecoratedPreviewCheckout(PlainCheckout):
    """Keep the preview out of caches, by a decorator."""

    def get_urls(self) -> list[Any]:
        preview = cache_control(private=True)(views.PaymentDetailsView.as_view(preview=True))
        return self.replaced_urls(preview=preview)


class JumpingCheckout(PlainCheckout):
    """Go from the delivery to the payment details."""

    def ready(self) -> None:
        super().ready()
        self.shipping_method_view = JumpsToDetails


class PostOnlyCheckout(PlainCheckout):
    """Ask for the method on a page of the shop's own, whose form posts to Oscar's payment-method page."""

    def ready(self) -> None:
        super().ready()
        self.shipping_method_view, self.payment_method_view = Leads, PostOnly

    def get_urls(self) -> list[Any]:
        return self.replaced_urls(**{"how-to-pay": HowToPay.as_view()})


# Healthy.


class TermsFirst(views.PaymentDetailsView):
    """Show the terms to all who pay, once."""

    def get_pre_conditions(self, request: HttpRequest) -> list[str]:
        return [*super().get_pre_conditions(request), "check_terms"]

    def check_terms(self, request: HttpRequest) -> None:
        if "read_terms" not in request.session:
            raise FailedPreCondition(url="/checkout/read-terms/")


def read_terms(request: HttpRequest) -> HttpResponse:
    """Show the terms, and go on once they are accepted."""
    if request.method == "GET":
        return choice_page(request, ("yes",), reverse("checkout:read-terms"))
    request.session["read_terms"] = True
    return redirect("checkout:payment-method")


class TermsCheckout(PlainCheckout):
    """Show the terms before the payment, on a page of the shop's own."""

    def ready(self) -> None:
        super().ready()
        self.payment_details_view = TermsFirst

    def get_urls(self) -> list[Any]:
        return self.replaced_urls(**{"read-terms": read_terms})


def choose(request: HttpRequest) -> HttpResponse:
    """Ask for the method in a function."""
    if request.method == "GET":
        return choice_page(request, ("card", "mpesa"), reverse("checkout:payment-method"))
    CheckoutSessionData(request).pay_by(request.POST["pay_with"])
    return redirect("checkout:payment-details")


class FunctionChooser(PlainCheckout):
    """Put a function behind the choice of the method."""

    def get_urls(self) -> list[Any]:
        return self.replaced_urls(**{"payment-method": choose})


class MethodForm(forms.Form):
    """List the methods."""

    method = forms.ChoiceField(choices=[("", "Choose"), ("card", "Card"), ("mpesa", "M-PESA")])


class FormChooser(FormView, views.PaymentMethodView):  # type: ignore[type-arg]
    """Ask for the method in a list, with Django's own form view."""

    form_class = MethodForm
    template_name = "shop/payment_method.html"
    success_url = "/checkout/payment-details/"

    def form_valid(self, form: MethodForm) -> HttpResponse:
        self.checkout_session.pay_by(form.cleaned_data["method"])
        return super().form_valid(form)


class PrivateCheckout(PlainCheckout):
    """Keep the payment step out of caches, by Oscar's own means."""

    def get_url_decorator(self, pattern: Any) -> Any:
        if pattern.name in {"payment-method", "payment-details", "preview"}:
            return cache_control(private=True)
        return super().get_url_decorator(pattern)
