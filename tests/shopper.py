"""A shopper in a browser without scripts: walks the whole checkout over Django's test client."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

ADDRESS = {
    "first_name": "Wanjiru",
    "last_name": "Otieno",
    "line1": "12 Moi Avenue",
    "line4": "Mombasa",
    "postcode": "80100",
    "country": "KE",
    "phone_number": "+254712345678",
}


class Shopper:
    """One person with one browser. Each step asserts that the page let them go on."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()

    def puts_in_basket(self, product: Any, *, quantity: int = 1) -> Shopper:
        """Add a product from its page."""
        url = reverse("basket:add", kwargs={"pk": product.pk})
        assert self.client.post(url, {"quantity": quantity}).status_code == 302
        return self

    def signs_in(self, user: Any) -> Shopper:
        """Go on as a user of the shop."""
        self.client.force_login(user)
        return self

    def gives_address(self, *, email: str = "guest@example.com", **changes: str) -> Shopper:
        """The steps before payment: e-mail (guests), address, delivery."""
        _country()
        if "_auth_user_id" not in self.client.session:
            self._goes("checkout:index", {"username": email, "options": "anonymous"}, to="shipping-address")
        self._goes("checkout:shipping-address", {**ADDRESS, **changes}, to="shipping-method")
        answer = self.client.get(reverse("checkout:shipping-method"))
        if answer.status_code == 200:
            self._goes("checkout:shipping-method", {"method_code": "pick-up"}, to="payment-method")
        return self

    def chooses(self, method: str) -> Any:
        """The payment method; returns the answer."""
        return self.client.post(reverse("checkout:payment-method"), {"method": method})

    def names_phone(self, number: str) -> Any:
        """The phone step; returns the answer."""
        data = {"which": "another", "phone_number": number}
        return self.client.post(reverse("checkout:preview"), data)

    def places_order(self) -> Any:
        """The button on the preview; returns the answer."""
        return self.client.post(reverse("checkout:preview"), {"action": "place_order"})

    def buys(self, product: Any, *, phone: str = "254708374149") -> Any:
        """The whole way from the product to the waiting page; returns the answer that leads there."""
        self.puts_in_basket(product).gives_address()
        assert self.chooses("mpesa").status_code == 302
        answer = self.names_phone(phone)
        assert answer.status_code == 302, answer.content.decode()
        return self.places_order()

    def order(self) -> Any:
        """The newest order of the shop."""
        return get_model("order", "Order").objects.order_by("-pk").first()

    def _goes(self, view: str, data: dict[str, str], *, to: str) -> None:
        answer = self.client.post(reverse(view), data)
        assert answer.status_code == 302, answer.content.decode()
        assert to in answer["Location"], answer["Location"]


def _country() -> None:
    get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2="KE",
        defaults={"name": "Kenya", "printable_name": "Kenya", "is_shipping_country": True, "iso_3166_1_a3": "KEN"},
    )
