"""What an app does in the shop, which may let an app choose other methods too."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from oscar.core.loading import get_model
from rest_framework.authtoken.models import Token

from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.setup_check.findings import Level
from tests.shop import new_product
from tests.shopper import ADDRESS

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Raised in django-oscar-api.
    pytest.mark.filterwarnings("ignore:AttributeValueField is deprecated"),
]

IS_CHOSEN = getattr(settings, "OSCARAPI_INITIAL_ORDER_STATUS", "") != "Pending payment"

Order = get_model("order", "Order")
NUMBER = {"phone_number": "0708374149"}


class App:
    """An app on a phone."""

    def __init__(self, user: Any = None, **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        token = {"Authorization": f"Token {Token.objects.create(user=user).key}"} if user else {}
        self.headers = {**headers, **token}

    def posts(self, url: str, data: dict[str, Any]) -> Any:
        return self.client.post(url, data, content_type="application/json", headers=self.headers)

    def checks(self, payment_id: int) -> Any:
        return self.client.get(f"/api/payments/{payment_id}/check_status/", headers=self.headers)

    def orders(self, product: Any, method: str = "mpesa") -> dict[str, Any]:
        """Place an order through django-oscar-api, and name the payment method."""
        get_model("address", "Country").objects.get_or_create(
            iso_3166_1_a2="KE", defaults={"printable_name": "Kenya", "is_shipping_country": True}
        )
        basket = self.posts("/api/basket/add-product/", {"url": f"/api/products/{product.pk}/", "quantity": 1})
        assert basket.status_code == 200, basket.content
        address = {**ADDRESS, "country": "/api/countries/KE/"}
        checkout_data = {
            "basket": basket.json()["url"],
            "shipping_address": address,
            "guest_email": "guest@example.com",
            "payment_method": method,
        }
        answer = self.posts("/api/checkout/", checkout_data)
        assert answer.status_code == 200, answer.content
        order: dict[str, Any] = answer.json()
        return order


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")


def age(seconds: int) -> None:
    moment = timezone.now() - timedelta(seconds=seconds)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)


def test_manage_py_check_is_clean() -> None:
    output = StringIO()

    call_command("check", fail_level="WARNING", stdout=output)

    assert "no issues" in output.getvalue()


def test_check_of_the_checkout_finds_no_mistake() -> None:
    new_product()

    findings = {finding.name: finding for finding in run_checkout_check()}

    assert findings.keys() >= {"phone-step-ok", "preview-ok", "order-ok", "push-ok"}, findings
    assert [finding for finding in findings.values() if finding.level is not Level.OK] == []


def test_mpesa_sells_to_a_user_who_gets_the_email(user: Any) -> None:
    app = App(user)
    placed = app.orders(new_product())
    unpaid, mails = Order.objects.get().status, len(mail.outbox)

    started = app.posts(placed["payment_url"], NUMBER)
    age(6)
    paid = app.checks(started.json()["payment_id"])

    order = Order.objects.get()
    assert (unpaid, mails, started.status_code) == ("Pending payment", 0, 200)
    assert (paid.json()["status"], order.status, order.user) == ("completed", "New", user)
    assert order.sources.get().reference == paid.json()["transaction_reference"]
    assert [message.to for message in mail.outbox] == [["achieng@example.com"]]
    assert order.basket.status == "Frozen"


def test_mpesa_sells_to_a_guest_with_the_orders_token() -> None:
    placed = App().orders(new_product())
    order_id = Order.objects.get().pk
    elsewhere = App(**{"X-Mpesa-Order-Token": placed["mpesa_token"]})

    started = elsewhere.posts("/api/payments/initiate_mpesa/", {"order_id": order_id, **NUMBER})
    age(6)
    paid = elsewhere.checks(started.json()["payment_id"])

    assert (started.status_code, paid.json()["status"]) == (200, "completed")
    assert paid.json()["phone_number"] == "0708 •••149"
    assert [message.to for message in mail.outbox] == [["guest@example.com"]]


def test_others_can_neither_pay_nor_see_the_order(user: Any) -> None:
    app = App(user)
    placed = app.orders(new_product())
    payment_id = app.posts(placed["payment_url"], NUMBER).json()["payment_id"]
    another = get_user_model().objects.create_user("barasa", "barasa@example.com", "a long password")

    for outsider in (App(another), App(), App(Authorization="Token of nobody")):
        answers = [outsider.posts(placed["payment_url"], NUMBER), outsider.checks(payment_id)]

        assert [answer.status_code for answer in answers] == [404, 404]
    assert MpesaPayment.objects.count() == 1


def test_unpaid_order_releases_its_stock(user: Any) -> None:
    product, app = new_product(stock=1), App(user)
    placed = app.orders(product)
    app.posts(placed["payment_url"], {"phone_number": "0708374151"})
    age(3600)
    long_ago = timezone.now() - timedelta(minutes=1)
    MpesaOrder.objects.update(pay_before=long_ago, close_check_at=long_ago)
    on_hold = product.stockrecords.get().net_stock_level

    call_command("mpesa_reconcile", stdout=StringIO())

    assert (on_hold, product.stockrecords.get().net_stock_level) == (0, 1)
    assert Order.objects.get().status == "Payment expired"
    assert app.posts(placed["payment_url"], NUMBER).status_code == 409


if IS_CHOSEN:

    def test_own_method_sells(user: Any) -> None:
        placed = App(user).orders(new_product(), "cash")

        order = Order.objects.get()
        assert (order.status, order.number) == ("New", placed["number"])
        assert order.total_incl_tax == 1500

    def test_own_method_sends_no_prompt(user: Any) -> None:
        app = App(user)
        placed = app.orders(new_product(), "cash")

        answer = app.posts(placed["payment_url"], NUMBER)

        assert answer.status_code == 409
        assert Order.objects.get().status == "New"
        assert not MpesaPayment.objects.exists()
