"""PayPal: the calls to its name-value API, and the page that it shows to shoppers, both in this process."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from tests.stores import gateway

_numbers = count(1)

#: Payments by token: PayPal's fields.
payments: dict[str, dict[str, str]] = {}

PAYER = {
    "EMAIL": "payer@example.com",
    "PAYMENTREQUEST_0_SHIPTONAME": "Barasa Wafula",
    "PAYMENTREQUEST_0_SHIPTOSTREET": "7 Kenyatta Avenue",
    "PAYMENTREQUEST_0_SHIPTOZIP": "00100",
    "PAYMENTREQUEST_0_SHIPTOCOUNTRYCODE": "KE",
    "PAYMENTREQUEST_0_SHIPPINGAMT": "0.00",
}


def set_express_checkout(amount: Decimal, *, return_url: str, cancel_url: str) -> str:
    """Begin a payment and return the URL of PayPal's page."""
    token = f"EC-{next(_numbers)}"
    payments[token] = {"AMT": f"{amount:.2f}", "RETURNURL": return_url, "CANCELURL": cancel_url, **PAYER}
    return f"{reverse('paypal-page')}?{urlencode({'token': token})}"


def get_express_checkout(token: str) -> dict[str, str]:
    """Return what PayPal knows of the payer and the payment."""
    return payments[token]


def do_express_checkout(token: str, payer_id: str, *, order_number: str) -> str:
    """Take the money, and return PayPal's reference."""
    return gateway.charge(order_number, Decimal(payments[token]["AMT"]), card=payer_id)


def page(request: HttpRequest) -> HttpResponse:
    """Ask the payer on PayPal's own page, and send the shopper back."""
    token = request.GET["token"]
    if request.method == "POST":
        return redirect(f"{payments[token]['RETURNURL']}?{urlencode({'token': token, 'PayerID': 'PAYER-1'})}")
    return render(request, "paypal/page.html", {"payment": payments[token]})


urlpatterns = [path("webscr/", page, name="paypal-page")]
