"""Walk the whole checkout with Django's test client, as a browser without scripts."""

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
    """A shopper with one browser. Each step asserts that the page accepts it."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()

    def puts_in_basket(self, product: Any, *, quantity: int = 1) -> Shopper:
        """Add a product from its page."""
        url = reverse("basket:add", kwargs={"pk": product.pk})
        assert self.client.post(url, {"quantity": quantity}).status_code == 302
        return self

    def signs_in(self, user: Any) -> Shopper:
        """Sign in, and go on as this user."""
        self.client.force_login(user)
        return self

    def gives_address(self, *, email: str = "guest@example.com", **changes: str) -> Shopper:
        """Take the steps before payment: email (guests), address and delivery."""
        _country()
        if "_auth_user_id" not in self.client.session:
            self._assert_accepted("checkout:index", {"username": email, "options": "anonymous"}, to="shipping-address")
        self._assert_accepted("checkout:shipping-address", {**ADDRESS, **changes}, to="shipping-method")
        answer = self.client.get(reverse("checkout:shipping-method"))
        if answer.status_code == 200:
            self._assert_accepted("checkout:shipping-method", {"method_code": "pick-up"}, to="payment-method")
        return self

    def chooses(self, method: str) -> Any:
        """Choose the payment method; return the response."""
        return self.client.post(reverse("checkout:payment-method"), {"method": method})

    def names_phone(self, number: str) -> Any:
        """Enter the phone number; return the response."""
        data = {"which": "another", "phone_number": number}
        return self.client.post(reverse("checkout:preview"), data)

    def places_order(self) -> Any:
        """Press the button on the preview; return the response."""
        return self.client.post(reverse("checkout:preview"), {"action": "place_order"})

    def buys(self, product: Any, *, phone: str = "254708374149") -> Any:
        """Go from the product to the payment page; return the response that redirects there."""
        self.puts_in_basket(product).gives_address()
        assert self.chooses("mpesa").status_code == 302
        answer = self.names_phone(phone)
        assert answer.status_code == 302, answer.content.decode()
        return self.places_order()

    def order(self) -> Any:
        """Return the newest order of the shop."""
        return get_model("order", "Order").objects.order_by("-pk").first()

    def _assert_accepted(self, view: str, data: dict[str, str], *, to: str) -> None:
        answer = self.client.post(reverse(view), data)
        assert answer.status_code == 302, answer.content.decode()
        assert to in answer["Location"], answer["Location"]


def _country() -> None:
    get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2="KE",
        defaults={"name": "Kenya", "printable_name": "Kenya", "is_shipping_country": True, "iso_3166_1_a3": "KEN"},
    )
