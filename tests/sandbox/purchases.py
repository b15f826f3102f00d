"""What a shopper may do in the demo shop: look around, buy, and look after an account, with every form refused once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaPayment
from sandbox_site.people import SHOPPER
from tests.sandbox.page_reader import Reader

ADDRESS = {
    "first_name": "Baraka",
    "last_name": "Otieno",
    "line1": "Nyali Road 12",
    "line4": "Mombasa",
    "phone_number": "0712345678",
    "notes": "Geti la bluu",
}


def good(picture: str) -> Any:
    """A product of the demo by its picture."""
    return get_model("catalogue", "Product").objects.get(stockrecords__partner_sku=picture)


def order() -> Any:
    """The newest order."""
    return get_model("order", "Order").objects.latest("pk")


def looks_around(reader: Reader) -> None:
    """The front page, the lists, a product, one that is sold out, the search and the offers."""
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
    """Something that is sold out, none, two and one, each with what the shop says to it."""
    reader.opens("basket/")
    reader.sends(f"basket/add/{good('dhow').pk}/", quantity=1)
    reader.sends(f"basket/add/{good('coffee').pk}/", quantity=0)
    reader.sends(f"basket/add/{good('coffee').pk}/", quantity=2)
    return reader.sends(f"basket/add/{good('kiondo').pk}/", quantity=1)


def uses_a_voucher(reader: Reader) -> None:
    """No code, an unknown one, the right one, the right one again, and away with it."""
    for code in ("", "NOPE", "KARIBU", "KARIBU"):
        reader.sends("basket/vouchers/add/", code=code)
    voucher = get_model("voucher", "Voucher").objects.get(code="KARIBU")
    reader.sends(f"basket/vouchers/{voucher.pk}/remove/")


def changes_quantities(reader: Reader) -> None:
    """More than there is, no number, less than none, one, and none."""
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
    """The gateway, refused and passed."""
    reader.opens("checkout/")
    reader.sends("checkout/", username="", options="anonymous")
    reader.sends("checkout/", username="nobody", options="anonymous")
    reader.sends("checkout/", username="nobody@example.com", password="wrong", options="existing")
    reader.sends("checkout/", username="nobody@example.com", options="new")
    reader.sends("checkout/", username="guest@example.com", options="anonymous")


def says_where(reader: Reader) -> None:
    """Address and delivery, each refused and passed."""
    reader.sends("checkout/shipping-address/", first_name="")
    reader.sends("checkout/shipping-address/", **{**ADDRESS, "phone_number": "12", "line1": "x" * 300})
    reader.sends("checkout/shipping-address/", **ADDRESS)
    reader.sends("checkout/shipping-method/", method_code="by ship")
    reader.sends("checkout/shipping-method/", method_code="boda-boda")
    reader.sends("checkout/payment-method/", method="")


def pays_by_mpesa(reader: Reader, *, phone: str = "254708374149") -> str:
    """The phone, refused and passed, the order, the wait for M-PESA, and on to the thank-you page."""
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
    """Cash on delivery: straight to the preview, and the thank-you page."""
    reader.sends("checkout/payment-method/", method="cod")
    return reader.sends("checkout/preview/", action="place_order")


def signs_in(reader: Reader) -> None:
    """Through the shop's own page, refused twice."""
    reader.opens("accounts/login/")
    for name, password in ((SHOPPER.email, ""), (SHOPPER.email, "wrong"), (SHOPPER.email, SHOPPER.password)):
        reader.sends(
            "accounts/login/", **{"login-username": name, "login-password": password, "login_submit": "Log In"}
        )


def registers(reader: Reader) -> None:
    """An account of one's own: an address that is taken, bad passwords, and good ones."""
    reader.opens("accounts/register/")
    for email, first, second in (
        (SHOPPER.email, "123", "456"),
        ("new@example.com", "password", "password"),
        ("new@example.com", "chai ya maziwa", "chai ya maziwa"),
    ):
        reader.sends("accounts/register/", email=email, password1=first, password2=second)


def forgets_the_password(reader: Reader) -> None:
    """Ask for a new one, and open a link that is none."""
    reader.opens("password-reset/")
    reader.sends("password-reset/", email="x")
    reader.sends("password-reset/", email=SHOPPER.email)
    reader.opens("password-reset/confirm/Mw/set-password/")


def looks_after_the_account(reader: Reader) -> None:
    """Every page of one's own, and every form on them."""
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
    for old, first, second in (("x", "a", "b"), ("x", "123", "123"), (SHOPPER.password, "chai moto", "chai moto")):
        reader.sends("accounts/change-password/", old_password=old, new_password1=first, new_password2=second)


def looks_up_orders(reader: Reader) -> None:
    """The list and its filter, one order, the same things again, and the mails about it."""
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
