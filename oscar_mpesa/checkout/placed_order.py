"""Lead from the checkout to the payment page if the shopper has just placed the order, for instance by Back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_class

from oscar_mpesa.access import ownership
from oscar_mpesa.access.placed_order import order_just_placed
from oscar_mpesa.domain.method_code import is_mpesa

FailedPreCondition = get_class("checkout.exceptions", "FailedPreCondition")


class PlacedOrder(FailedPreCondition):  # type: ignore[misc, valid-type]
    """The basket is empty because it is an order already."""

    def __init__(self, public_id: str) -> None:
        super().__init__(url=reverse("checkout:mpesa-payment", args=[public_id]))


class PlacedOrderMixin:
    """Base of the pages of the checkout. A basket with items is never looked at."""

    def check_basket_is_not_empty(self, request: HttpRequest) -> None:
        """Redirect to the payment page of an order that was just placed, instead of asking to fill the basket."""
        if request.basket.is_empty:  # type: ignore[attr-defined]
            placed = order_just_placed(request, now=timezone.now())
            if placed is not None:
                raise PlacedOrder(placed.public_id)
        super().check_basket_is_not_empty(request)  # type: ignore[misc]


class SecondClickMixin(PlacedOrderMixin):
    """Base of the pages that place an order."""

    request: HttpRequest
    checkout_session: Any
    #: Whether this is the view behind ``mpesa-phone``.
    is_phone_page = False

    @property
    def _is_placing(self) -> bool:
        return self.request.POST.get("action") == "place_order"

    def check_basket_is_not_empty(self, request: HttpRequest) -> None:
        """Redirect the second of two clicks on "Place order" too. The first may be in a parallel request."""
        is_second = request.method == "POST" and (self._is_placing or self.is_phone_page)
        if is_second and request.basket.is_empty:  # type: ignore[attr-defined]
            placed = ownership.stored_public_ids(request)
            if placed and is_mpesa(self.checkout_session.payment_method()):
                raise PlacedOrder(placed[-1])
        super().check_basket_is_not_empty(request)
