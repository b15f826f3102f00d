"""The bank: the page that it shows to shoppers, and the report that its server sends. Both in this process."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.test import Client
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt

from tests.stores import gateway
from tests.stores.redsys import signature


@csrf_exempt
def page(request: HttpRequest) -> HttpResponse:
    """Charge the card, report it to the shop from the bank's server, twice as it may, and send the shopper back."""
    parameters = signature.unpack(request.POST)
    if parameters is None:
        return HttpResponseBadRequest("signature invalid")
    gateway.charge(parameters["Ds_Order"], Decimal(parameters["Ds_Amount"]) / 100, card="on the page")
    report = signature.pack({**parameters, "Ds_Response": "0000"})
    for _ in range(2):
        assert Client(enforce_csrf_checks=True).post(reverse("redsys-notify"), report).content == b"OK"
    return redirect(f"{reverse('redsys-return')}?order_number={parameters['Ds_Order']}")


urlpatterns = [path("", page, name="bank-page")]
