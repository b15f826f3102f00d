"""The card gateway: the calls to its API, and the page that it shows to shoppers, both in this process."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from tests.stores import gateway

_numbers = count(1)

#: Sessions by id: the amount, and where the shopper goes on.
sessions: dict[str, dict[str, Any]] = {}


def begin(basket: Any, amount: Decimal, *, success_url: str, cancel_url: str) -> dict[str, str]:
    """Freeze the basket and open a session. Return its id, the id of its payment, and the URL of the page."""
    basket.freeze()
    number = next(_numbers)
    sessions[f"cs_{number}"] = {"amount": amount, "success_url": success_url, "cancel_url": cancel_url}
    url = reverse("stripe-page", args=[f"cs_{number}"])
    return {"id": f"cs_{number}", "payment_intent": f"pi_{number}", "url": url}


def capture(payment: str, *, order_number: str) -> str:
    """Take the authorized money, and return the gateway's reference."""
    return gateway.charge(order_number, sessions[payment.replace("pi_", "cs_")]["amount"], card="on the page")


def page(request: HttpRequest, session: str) -> HttpResponse:
    """Ask for the card on the gateway's own page, and send the shopper back."""
    if request.method == "POST":
        return redirect(sessions[session]["success_url"])
    return render(request, "stripe/gateway.html", {"session": sessions[session]})


urlpatterns = [path("<str:session>/", page, name="stripe-page")]
