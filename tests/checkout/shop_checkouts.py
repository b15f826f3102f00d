"""Checkouts of shops, wired as their own ``get_urls`` would, for tests in this process."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, reverse, reverse_lazy
from oscar.apps.checkout import views
from oscar.apps.checkout.exceptions import FailedPreCondition, PassedSkipCondition

from oscar_mpesa.integration import install
from tests.oscar_apps import oscar_checkout, register


def use_checkout(
    monkeypatch: pytest.MonkeyPatch, settings: Any, details: type, method: type = views.PaymentMethodView
) -> Any:
    """Let the shop sell through these view classes, with the URLs that the app adds. Return the checkout's config."""
    config = oscar_checkout(monkeypatch)
    config.payment_method_view, config.payment_details_view = method, details
    return _serve(settings, config)


def use_config(monkeypatch: pytest.MonkeyPatch, settings: Any, config_class: type) -> Any:
    """Let the shop sell through this checkout config, with the URLs that the app adds. Return the config."""
    return _serve(settings, register(monkeypatch, config_class))


def _serve(settings: Any, config: Any) -> Any:
    shop: Any = apps.get_app_config("oscar")
    install()
    others = [each for each in shop.urls[0] if str(each.pattern) != "checkout/"]
    urls: Any = ModuleType("shop_urls")
    urls.urlpatterns = [
        path("api/payments/", include("oscar_mpesa.urls")),
        path("i18n/", include("django.conf.urls.i18n")),
        path("terms/", views.IndexView.as_view(), name="terms"),
        path("checkout/", config.urls),
        path("", include(others)),
    ]
    settings.ROOT_URLCONF = urls
    return config


class SkipsDetails(views.PaymentDetailsView):
    """Skip the payment details."""

    def get_skip_conditions(self, request: HttpRequest) -> list[str]:
        conditions: list[str] = super().get_skip_conditions(request)
        return conditions if self.preview else [*conditions, "skip_to_preview"]

    def skip_to_preview(self, request: HttpRequest) -> None:
        raise PassedSkipCondition(url=reverse("checkout:preview"))


class FreezesBasket(views.PaymentDetailsView):
    """Open a session at a gateway whenever a page is built, with the basket frozen meanwhile."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["basket"].freeze()
        return context


class RedirectsToPreview(views.PaymentDetailsView):
    """Show no payment details."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.preview:
            return redirect("checkout:preview")
        page: HttpResponse = super().get(request, *args, **kwargs)
        return page


class NeedsCard(views.PaymentDetailsView):
    """Want a card in the session before the preview."""

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        if "card" not in request.session:
            raise FailedPreCondition(url=reverse("checkout:payment-details"), message="Enter a card.")


class NeedsCardByAnotherName(views.PaymentDetailsView):
    """Want a card by a condition of its own, which stands before one that has nothing to do with payment."""

    def get_pre_conditions(self, request: HttpRequest) -> list[str]:
        conditions = self.pre_conditions
        return [*conditions, "check_card", "check_terms"] if self.preview else conditions

    def check_card(self, request: HttpRequest) -> None:
        if "card" not in request.session:
            raise FailedPreCondition(url=reverse("checkout:payment-method"), message="Enter a card.")

    def check_terms(self, request: HttpRequest) -> None:
        if "terms" not in request.session:
            raise FailedPreCondition(url=reverse("terms"))


class TakesCardInPost(views.PaymentDetailsView):
    """Handle each post itself."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "card" not in request.POST:
            page: HttpResponse = self.render_payment_details(request, error="Enter a card.")
            return page
        answer: HttpResponse = self.submit(**self.build_submission())
        return answer


class RedirectsInDispatch(views.PaymentDetailsView):
    """Want a card before anything else."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.preview and "card" not in request.session:
            messages.error(request, "Enter a card.")
            return redirect("checkout:payment-details")
        page: HttpResponse = super().dispatch(request, *args, **kwargs)
        return page


class ChoosesOnDetails(views.PaymentDetailsView):
    """Ask for the method on the payment details, in a form that posts to the preview."""

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("pay_with") not in {"cash", "mpesa"}:
            page: HttpResponse = self.render_payment_details(request, error="Choose.")
            return page
        self.checkout_session.pay_by(request.POST["pay_with"])
        preview: HttpResponse = self.render_preview(request)
        return preview


class ChoosesOnPreview(views.PaymentDetailsView):
    """Ask for the method beside the button that places the order, with an email for the order's messages."""

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        if "agreed" in request.POST and request.POST["agreed"] != "yes":
            page: HttpResponse = self.render_preview(request, error="Please agree.")
            return page
        self.checkout_session.pay_by(request.POST["pay_with"])
        order_kwargs = {"guest_email": request.POST.get("messages_to", "guest@example.com")}
        answer: HttpResponse = self.submit(**self.build_submission(order_kwargs=order_kwargs))
        return answer

    def render_payment_details(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        page: HttpResponse = self.render_preview(request, **kwargs)  # the shop has no other page
        return page


class ChoosesInPost(views.PaymentDetailsView):
    """Ask on the preview, and store the choice in ``post``."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "pay_with" in request.POST:
            self.checkout_session.pay_by(request.POST["pay_with"])
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


def store_choice(session: Any, request: HttpRequest) -> None:
    session.pay_by(request.POST["pay_with"])


class ChoosesElsewhere(views.PaymentDetailsView):
    """Ask on the preview, and store the choice in a function that our app cannot see."""

    def handle_place_order_submission(self, request: HttpRequest) -> HttpResponse:
        store_choice(self.checkout_session, request)
        answer: HttpResponse = super().handle_place_order_submission(request)
        return answer


class LeadsToPreview(views.PaymentMethodView):
    """Go on to the preview."""

    success_url = reverse_lazy("checkout:preview")


class PaysOnPreview(views.PaymentDetailsView):
    """Take the payment with the order."""

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Charge a card that the bank knows."""


class PaysByCardOnly(views.PaymentDetailsView):
    """Name its only method, without a choice."""

    def handle_payment_details_submission(self, request: HttpRequest) -> HttpResponse:
        self.checkout_session.pay_by("card")
        preview: HttpResponse = self.render_preview(request)
        return preview


class PlacesWithStatus(views.PaymentDetailsView):
    """Give each order a status of the shop's own."""

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        submission: dict[str, Any] = super().build_submission(**kwargs)
        submission["order_kwargs"]["status"] = "Being processed"
        return submission


class PlacesWithoutTheRest(views.PaymentDetailsView):
    """Place orders, and leave out what follows."""

    def handle_order_placement(self, order_number: str, user: Any, basket: Any, *args: Any, **kwargs: Any) -> Any:
        names = ["shipping_address", "shipping_method", "shipping_charge", "billing_address", "order_total"]
        self.place_order(order_number, user, basket, **dict(zip(names, args, strict=True)), **kwargs)
        basket.submit()
        return redirect("checkout:thank-you")
