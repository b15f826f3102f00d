"""The demo shop is created once and works in both languages."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from oscar.core.loading import get_model
from PIL import Image

from sandbox_site.goods import CATEGORIES, GOODS
from sandbox_site.people import LOGINS, Login
from sandbox_site.pictures import DRAWINGS, draw
from tests.shared_state import once_for_module

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")
StockRecord = get_model("partner", "StockRecord")

NYALI = {"first_name": "Amina", "last_name": "Otieno", "line1": "Nyali Road 12", "line4": "Mombasa"}


@once_for_module
def shop() -> str:
    output = io.StringIO()
    with override_settings(DEBUG=True):
        call_command("sandbox_shop", stdout=output)
    return output.getvalue()


@pytest.fixture
def client(shop: str) -> Client:
    return Client()


def counts() -> list[int]:
    rows = [
        get_model("address", "Country"),
        get_model("address", "UserAddress"),
        get_model("catalogue", "Category"),
        get_model("catalogue", "ProductImage"),
        get_model("offer", "Benefit"),
        get_model("offer", "Condition"),
        get_model("offer", "ConditionalOffer"),
        get_model("offer", "Range"),
        get_model("partner", "Partner"),
        get_model("voucher", "Voucher"),
        get_user_model(),
        Product,
        StockRecord,
    ]
    return [row.objects.count() for row in rows]


@pytest.mark.usefixtures("shop")
def test_creating_the_shop_twice_creates_nothing_twice() -> None:
    before = counts()

    call_command("sandbox_shop", stdout=io.StringIO())

    assert counts() == before


@pytest.mark.usefixtures("shop")
def test_changed_price_and_password_are_kept() -> None:
    StockRecord.objects.filter(partner_sku="coffee").update(price=Decimal("10.00"))
    shopper = get_user_model().objects.get(username="shopper")
    shopper.set_password("my own secret")
    shopper.save()

    call_command("sandbox_shop", stdout=io.StringIO())

    assert StockRecord.objects.get(partner_sku="coffee").price == Decimal("10.00")
    assert authenticate(username="shopper@example.com", password="my own secret") == shopper


@pytest.mark.usefixtures("shop")
def test_shop_has_twelve_products_and_one_is_sold_out() -> None:
    records = StockRecord.objects.filter(price_currency="KES", price__gt=0)

    assert records.count() == len(GOODS) == 12
    assert [record.partner_sku for record in records.filter(num_in_stock=0)] == ["dhow"]
    assert any(record.price % 1 for record in records)


@pytest.mark.usefixtures("shop")
def test_every_product_has_picture_description_and_category() -> None:
    for product in Product.objects.all():
        assert product.images.count() == 1, product
        assert product.description, product
        assert product.categories.get().name in CATEGORIES, product


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_drawing_is_a_small_square_jpeg(name: str) -> None:
    file = draw(name)

    picture = Image.open(io.BytesIO(file))

    assert picture.format == "JPEG"
    assert picture.size == (800, 800)
    assert len(file) < 100_000


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.role)
def test_all_users_sign_in_with_the_printed_passwords(shop: str, settings: Any, login: Login) -> None:
    settings.DEBUG = True
    assert login.email in shop
    assert login.password in shop

    user = authenticate(username=login.email, password=login.password)

    assert user is not None
    assert user.username == login.username


@pytest.mark.parametrize("page", ["", "orders/", "catalogue/", "vouchers/", "reports/", "partners/"])
def test_shopkeeper_can_use_the_dashboard(client: Client, page: str) -> None:
    client.force_login(get_user_model().objects.get(username="staff"))

    response = client.get(f"/en/dashboard/{page}")

    assert response.status_code == 200


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("page", ["", "catalogue/", "offers/", "basket/", "accounts/login/"])
def test_shop_works_in_both_languages(client: Client, language: str, page: str) -> None:
    response = client.get(f"/{language}/{page}")

    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()


def test_front_page_shows_cents_and_no_sold_out_products(client: Client) -> None:
    page = client.get("/en/").content.decode()

    assert "KSh 1,499.50" in page
    assert "Pantry week" in page
    assert "Lamu dhow" not in page


def test_no_page_loads_external_files(client: Client) -> None:
    page = client.get("/en/").content.decode()

    assert "<script" in page and "KSh 1,499.50" in page
    assert "//ajax.googleapis.com" not in page
    assert 'src="http' not in page


def test_voucher_takes_150_shillings_off_beside_the_offer(client: Client) -> None:
    coffee = Product.objects.get(stockrecords__partner_sku="coffee")
    client.post(f"/en/basket/add/{coffee.pk}/", {"quantity": 2})
    client.post("/en/basket/vouchers/add/", {"code": "KARIBU"})

    basket = client.get("/en/basket/").context["basket"]

    assert basket.total_incl_tax == Decimal("2999.00") - Decimal("299.90") - Decimal("150.00")


def test_cash_on_delivery_records_the_amount_due(client: Client) -> None:
    honey = Product.objects.get(stockrecords__partner_sku="honey")
    client.post(f"/en/basket/add/{honey.pk}/", {"quantity": 1})
    client.post("/en/checkout/", {"username": "guest@example.com", "options": "anonymous"})
    client.post("/en/checkout/shipping-address/", NYALI)
    client.post("/en/checkout/shipping-method/", {"method_code": "boda-boda"})

    chosen = client.post("/en/checkout/payment-method/", {"method": "cod"})
    client.post("/en/checkout/preview/", {"action": "place_order"})

    order = get_model("order", "Order").objects.get()
    assert chosen["Location"] == "/en/checkout/preview/"
    assert order.status == "Pending"
    assert order.shipping_code == "boda-boda"
    assert [(source.amount_allocated, source.amount_debited) for source in order.sources.all()] == [
        (order.total_incl_tax, Decimal(0))
    ]


def test_demo_is_refused_in_production(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ENVIRONMENT": "production"}

    with pytest.raises(CommandError, match="products are invented"):
        call_command("sandbox_shop")
