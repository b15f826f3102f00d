"""Steps of a shopper in the demo shop, with an invalid submission of every form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from sandbox_site.people import SHOPPER
from tests.sandbox.page_reader import Reader

#: The shopper's. The demo's own password works with DEBUG only.
PASSWORD = "maziwa mgando"
ADDRESS = {
    "first_name": "Baraka",
    "last_name": "Otieno",
    "line1": "Nyali Road 12",
    "line4": "Mombasa",
    "phone_number": "0712345678",
    "notes": "Geti la bluu",
}


def good(picture: str) -> Any:
    """Return a product by its picture."""
    return get_model("catalogue", "Product").objects.get(stockrecords__partner_sku=picture)


def order() -> Any:
    """Return the newest order."""
    return get_model("order", "Order").objects.latest("pk")


def looks_around(reader: Reader) -> None:
    """Open the front page, lists, products, the search and the offers."""
    coffee, dhow = good("coffee"), good("dhow")
    reader.opens("")
    reader.opens("catalogue/")
    reader.opens(coffee.categories.get().get_absolute_url())
    reader.opens(coffee.get_absolute_url())
    reader.opens(dhow.get_absolute_url())
    reader.sends(f"accounts/alerts/create/{dhow.pk}/", email="not an address")
    reader.sends(f"accounts/alerts/create/{dhow.pk}/", email="guest@example.com")
    for question in ("honey", "a", "xyzzy", ""):
        reader.opens(f"search/?q={question}")
    reader.opens("offers/")
    reader.opens("offers/pantry-week/")


def fills_the_basket(reader: Reader) -> str:
    """Add a sold-out product and quantities of none, two and one to the basket."""
    reader.opens("basket/")
    reader.sends(f"basket/add/{good('dhow').pk}/", quantity=1)
    reader.sends(f"basket/add/{good('coffee').pk}/", quantity=0)
    reader.sends(f"basket/add/{good('coffee').pk}/", quantity=2)
    return reader.sends(f"basket/add/{good('kiondo').pk}/", quantity=1)


def uses_a_voucher(reader: Reader) -> None:
    """Enter no code, an unknown one, the right one twice, and remove the voucher."""
    for code in ("", "NOPE", "KARIBU", "KARIBU"):
        reader.sends("basket/vouchers/add/", code=code)
    voucher = get_model("voucher", "Voucher").objects.get(code="KARIBU")
    reader.sends(f"basket/vouchers/{voucher.pk}/remove/")


def changes_quantities(reader: Reader) -> None:
    """Enter too many, no number, a negative number, one, and none."""
    for quantity in ("999999", "x", "-1", "1", "0"):
        reader.sends("basket/", **_lines(quantity))


def _lines(quantity: str) -> dict[str, str]:
    basket = get_model("basket", "Basket").objects.filter(status="Open").latest("pk")
    lines = list(basket.lines.order_by("pk"))
    data = {"form-TOTAL_FORMS": str(len(lines)), "form-INITIAL_FORMS": str(len(lines))}
    for number, line in enumerate(lines):
        data |= {f"form-{number}-id": str(line.pk), f"form-{number}-quantity": "1" if number else quantity}
    return data


def is_a_guest(reader: Reader) -> None:
    """Check out as a guest, after an invalid email address."""
    reader.opens("checkout/")
    reader.sends("checkout/", username="", options="anonymous")
    reader.sends("checkout/", username="nobody", options="anonymous")
    reader.sends("checkout/", username="nobody@example.com", password="wrong", options="existing")
    reader.sends("checkout/", username="nobody@example.com", options="new")
    reader.sends("checkout/", username="guest@example.com", options="anonymous")


def says_where(reader: Reader) -> None:
    """Enter address and delivery, each after an invalid submission."""
    reader.sends("checkout/shipping-address/", first_name="")
    reader.sends("checkout/shipping-address/", **{**ADDRESS, "phone_number": "12", "line1": "x" * 300})
    reader.sends("checkout/shipping-address/", **ADDRESS)
    reader.sends("checkout/shipping-method/", method_code="by ship")
    reader.sends("checkout/shipping-method/", method_code="boda-boda")
    reader.sends("checkout/payment-method/", method="")


def pays_by_mpesa(reader: Reader, *, phone: str = "254708374149") -> str:
    """Enter an invalid and a valid phone, place the order, follow the payment and open the thank-you page."""
    reader.sends("checkout/payment-method/", method="mpesa")
    reader.sends("checkout/preview/", which="another", phone_number="123")
    reader.sends("checkout/preview/", which="another", phone_number=phone)
    reader.sends("checkout/preview/", action="place_order")
    wait = reader.last
    moment = timezone.now() - timedelta(seconds=6)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)
    reader.opens(wait)
    return reader.sends(f"{wait}done/")


def pays_at_the_door(reader: Reader) -> str:
    """Place an order with cash on delivery."""
    reader.sends("checkout/payment-method/", method="cod")
    return reader.sends("checkout/preview/", action="place_order")


def signs_in(reader: Reader) -> None:
    """Sign in on the shop's page after two failures."""
    reader.opens("accounts/login/")
    for name, password in ((SHOPPER.email, ""), (SHOPPER.email, "wrong"), (SHOPPER.email, PASSWORD)):
        reader.sends(
            "accounts/login/", **{"login-username": name, "login-password": password, "login_submit": "Log In"}
        )


def registers(reader: Reader) -> None:
    """Register with a taken address, bad passwords, and valid ones."""
    reader.opens("accounts/register/")
    for email, first, second in (
        (SHOPPER.email, "123", "456"),
        ("new@example.com", "password", "password"),
        ("new@example.com", "chai ya maziwa", "chai ya maziwa"),
    ):
        reader.sends("accounts/register/", email=email, password1=first, password2=second)


def forgets_the_password(reader: Reader) -> None:
    """Request a new password and open an invalid link."""
    reader.opens("password-reset/")
    reader.sends("password-reset/", email="x")
    reader.sends("password-reset/", email=SHOPPER.email)
    reader.opens("password-reset/confirm/Mw/set-password/")


def looks_after_the_account(reader: Reader) -> None:
    """Open every page of the account and submit every form."""
    for page in ("", "profile/edit/", "change-password/", "addresses/", "addresses/add/", "alerts/", "profile/delete/"):
        reader.opens(f"accounts/{page}")
    for page in ("inbox", "archive"):
        reader.opens(f"accounts/notifications/{page}/")
    reader.sends("accounts/profile/edit/", email="x")
    reader.sends("accounts/profile/edit/", email=SHOPPER.email, first_name="Amina", last_name="Otieno")
    reader.sends("accounts/profile/delete/", password="wrong")
    reader.sends("accounts/addresses/add/", first_name="")
    reader.sends("accounts/addresses/add/", **{**ADDRESS, "line1": "Moi Avenue 12", "country": "KE"})
    address = get_model("address", "UserAddress").objects.get(line1="Moi Avenue 12")
    reader.sends(f"accounts/addresses/{address.pk}/", **{**ADDRESS, "line1": "Moi Avenue 13", "country": "KE"})
    reader.opens(f"accounts/addresses/{address.pk}/delete/")
    reader.sends(f"accounts/addresses/{address.pk}/delete/")
    for old, first, second in (("x", "a", "b"), ("x", "123", "123"), (PASSWORD, "chai moto", "chai moto")):
        reader.sends("accounts/change-password/", old_password=old, new_password1=first, new_password2=second)


def looks_up_orders(reader: Reader) -> None:
    """Open the order history, an order, reorder it and open its emails."""
    reader.opens("accounts/orders/")
    for question in (
        "order_number=",
        "order_number=5",
        "date_from=x",
        "date_from=2020-01-01",
        "date_to=2090-01-01",
        "date_from=2020-01-01&date_to=2090-01-01&order_number=5",
    ):
        reader.opens(f"accounts/orders/?{question}")
    own = f"accounts/orders/{order().number}/"
    reader.opens(own)
    reader.sends(own, action="reorder")
    reader.sends(f"{own}{order().lines.first().pk}/", action="reorder")
    reader.opens("accounts/emails/")
    reader.opens(f"accounts/emails/{get_model('communication', 'Email').objects.latest('pk').pk}/")
