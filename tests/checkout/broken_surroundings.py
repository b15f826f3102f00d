"""What stands around a checkout and breaks it: middleware, receivers, prices, and classes that replace Oscar's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from oscar.apps.checkout import views
from oscar.apps.checkout.utils import CheckoutSessionData
from oscar.apps.order.utils import OrderCreator
from oscar.apps.partner import strategy

Answer = Callable[[HttpRequest], HttpResponse]


class NoDetailsPage:
    """Send old links to the payment details, which the shop no longer has, to the preview."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/checkout/payment-details/"):
            return redirect("checkout:preview")
        return self.get_response(request)


class ShortPosts:
    """Let forms of the checkout be posted only where the shop's own post, against robots."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_preview = request.path.endswith("/checkout/preview/")
        if request.method == "POST" and is_preview and "card_token" not in request.POST:
            return HttpResponse("No robots.", status=400)
        return self.get_response(request)


class SmallScreens:
    """Use the shop's templates for small screens in the payment step."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        match = request.resolver_match
        if match is not None and match.url_name == "payment-details":
            response.template_name = "shop/small_details.html"
        return response


class ManualTransactions:
    """Commit once per request, as Django's middleware did long ago, and leave no connection open."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        transaction.set_autocommit(False)
        response = self.get_response(request)
        transaction.commit()
        connection.close()
        return response


def book_source(sender: Any, order: Any, **kwargs: Any) -> None:
    """Pass the paid amount to the bookkeeping, once an order is placed."""
    order.sources.get(amount_debited__gt=0)


def forget_card(sender: Any, view: Any, **kwargs: Any) -> None:
    """Forget the card and all else once the payment starts, so that it cannot be sent twice."""
    view.checkout_session.flush()


def label_of_method(request: HttpRequest) -> dict[str, str]:
    """Show the chosen method on top of each page."""
    data = request.session.get("checkout_data", {}).get("payment", {})
    return {"method_label": {None: "", "cod": "Cash", "card": "Card"}[data.get("method")]}


class TidySession(CheckoutSessionData):
    """Store only what the shop's data protection officer has on the list."""

    def _set(self, namespace: str, key: str, value: Any) -> None:
        if namespace in {"guest", "shipping", "billing", "payment", "submission"}:
            super()._set(namespace, key, value)


class KnownStatusCreator(OrderCreator):
    """Refuse orders with a status that the warehouse does not know."""

    def place_order(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("status") not in {None, "Pending", "Paid"}:
            raise ValueError("Unknown status")
        return super().place_order(*args, **kwargs)


class DollarStrategy(strategy.Default):
    """Sell in dollars."""

    def pricing_policy(self, product: Any, stockrecord: Any) -> Any:
        stockrecord.price_currency = "USD"
        return super().pricing_policy(product, stockrecord)


class LateTaxStrategy(strategy.UseFirstStockRecord, strategy.StockRequired, strategy.DeferredTax, strategy.Structured):
    """Leave the tax open until the address is known."""


class DollarSelector:
    """Return the strategy in dollars."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> Any:
        return DollarStrategy(request)


class LateTaxSelector:
    """Return the strategy that leaves the tax open."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> Any:
        return LateTaxStrategy(request)


# Healthy.


class AddsTax(views.PaymentDetailsView):
    """Add the tax as Oscar's documentation says, once the address is known."""

    def build_submission(self, **kwargs: Any) -> dict[str, Any]:
        for line in self.request.basket.all_lines():
            line.purchase_info.price.tax = Decimal(0)
        submission: dict[str, Any] = super().build_submission(**kwargs)
        return submission
