"""What must hold in each store. ``tests/stores/one_store.py`` runs this module in the store's own process.

Each test fills a cell of its store in the table of ``make stores``. See ``COLUMNS`` in ``table.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation
from oscar.core.loading import get_model

from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.conf import mpesa_settings
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.setup_check.findings import Level
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import new_product, success
from tests.stores import gateway, readme
from tests.stores.shapes import PLACE, Method, Shape, shape_of
from tests.stores.shopper_walk import MPESA, Page, Walk

pytestmark = pytest.mark.django_db(transaction=True)

SHAPE: Shape = shape_of(os.environ["DJANGO_SETTINGS_MODULE"])
MAX_LINES = 7
BY_METHOD = pytest.mark.parametrize("method", SHAPE.methods, ids=lambda method: method.name)


def after_placing_button(page: Page) -> bool:
    """Return whether the page has the button that places the order, and the phone is known."""
    places = any(each.value == "place_order" for form in page.own_forms for each in form.fields)
    return places and not page.asks_for_phone and "0708" in page.html


#: Where a shopper of M-PESA changes their mind.
MOMENTS: dict[str, Callable[[Page], bool]] = {"phone": lambda page: page.asks_for_phone}
if not SHAPE.is_placed_by_phone:
    MOMENTS["preview"] = after_placing_button


@pytest.fixture
def wire(settings: Any) -> Iterator[ScriptedTransport]:
    """Give the store credentials, and record what it sends to Safaricom, which accepts each prompt."""
    gateway.charged.clear()
    callbacks = "https://shop.example.com" + reverse("oscar_mpesa:hook", args=["0"]).removesuffix("0")
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "CALLBACK_URL": callbacks}
    transport = ScriptedTransport({"push": [ACCEPTED, ACCEPTED]})
    with replaced_transport(transport):
        yield transport


@pytest.fixture
def walk() -> Walk:
    get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2="KE",
        defaults={"name": "Kenya", "printable_name": "Kenya", "is_shipping_country": True, "iso_3166_1_a3": "KEN"},
    )
    get_model("sites", "Site").objects.get_or_create(domain="testserver", defaults={"name": "Duka"})
    someone = Walk()
    if SHAPE.needs_account:
        register(someone)
    return someone


def register(walk: Walk) -> None:
    """Open an account on the shop's own page, by email and password."""
    page = walk.open(reverse("customer:register"))
    form = next(each for each in page.own_forms if any("password1" in one.name for one in each.fields))
    typed = {"email": "wanjiru@example.com", "password1": "a long passphrase", "password2": "a long passphrase"}
    names = {one.name.rpartition("-")[2]: one.name for one in form.fields}
    walk.send(page, form, form.buttons[0], **{names[part]: value for part, value in typed.items()})
    assert "_auth_user_id" in walk.client.session


def product_page() -> str:
    """Return the address of a new product in the language in which the shopper buys."""
    with translation.override(SHAPE.language or settings.LANGUAGE_CODE):
        url: str = new_product().get_absolute_url()
    return url


def order() -> Any:
    return get_model("order", "Order").objects.get()


def store_lines() -> list[str]:
    lines: list[str] = settings.STORE_LINES  # type: ignore[misc]
    return lines


def mentions() -> list[str]:
    """Return the lines of the store's own files that mention M-PESA, without its settings.

    Some stores use the checkout of another one.
    """
    places = [SHAPE.place, Path(apps.get_app_config("checkout").path)]
    own = {path for place in places if place.is_relative_to(PLACE) for path in place.rglob("*")}
    paths = [path for path in sorted(own) if path.suffix in {".py", ".html"}]
    texts = [path.read_text(encoding="utf-8") for path in paths if not path.name.startswith(SHAPE.unread)]
    return [line for text in texts for line in text.splitlines() if "mpesa" in line.lower()]


def test_readme_lines_are_all_that_the_store_adds(record_property: Any) -> None:
    added = [*store_lines(), *readme.url_lines(), *mentions()]
    record_property("lines", str(len(added)))

    assert len(added) <= MAX_LINES, added


def test_store_takes_the_readme_literally() -> None:
    choices = mentions()

    assert store_lines()[: len(readme.settings_lines())] == readme.settings_lines()
    assert set(mpesa_settings(environ.Env())) <= set(settings.OSCAR_MPESA)
    assert all(readme.choice() in line for line in choices), choices


def test_manage_py_check_is_clean() -> None:
    output = StringIO()

    call_command("check", fail_level="WARNING", stdout=output)

    assert "no issues" in output.getvalue()


def test_check_of_the_checkout_finds_no_mistake(wire: ScriptedTransport) -> None:
    new_product()

    findings = {finding.name: finding for finding in run_checkout_check()}

    assert findings.keys() >= {"phone-step-ok", "preview-ok", "order-ok", "push-ok"}, findings
    assert [finding for finding in findings.values() if finding.level is not Level.OK] == []
    assert wire.sent("push") == [] and not MpesaOrder.objects.exists()


def test_mpesa_sells_without_scripts(walk: Walk, wire: ScriptedTransport) -> None:
    page = walk.goes_on(walk.open(product_page()), MPESA, until=lambda page: page.is_payment_page)
    placed, payment = order(), MpesaPayment.objects.get()
    pushes = wire.sent("push")

    callback = urlsplit(pushes[0]["CallBackURL"]).path
    answer = walk.client.post(callback, success(payment, number="OD123ABC45"), content_type="application/json")

    assert (len(pushes), pushes[0]["Amount"], pushes[0]["PhoneNumber"]) == (1, SHAPE.shillings, "254708374149")
    assert (placed.status, MpesaPayment.objects.get().is_paid) == ("Pending payment", True)
    assert (answer.status_code, order().status == "Pending payment") == (200, False)
    assert order().sources.get().reference == "OD123ABC45"
    paid_page = walk.open(page.url)
    assert "mpesa-paid" in paid_page.html and "OD123ABC45" in paid_page.html
    assert page.url.startswith(f"/{SHAPE.language}")
    assert gateway.charged == []


def sells_by(walk: Walk, page: Page, method: Method) -> Any:
    walk.goes_on(page, method.name, until=lambda page: page.is_thank_you)
    placed = order()
    charges = [(placed.number, placed.total_incl_tax)] * method.charges
    assert gateway.charged == charges
    assert placed.status != "Pending payment"
    return placed


if SHAPE.methods:

    @BY_METHOD
    def test_own_method_sells(walk: Walk, wire: ScriptedTransport, method: Method) -> None:
        placed = sells_by(walk, walk.open(product_page()), method)

        assert placed.total_incl_tax == Decimal(SHAPE.total)

    @pytest.mark.parametrize("moment", MOMENTS)
    @BY_METHOD
    def test_own_method_sends_no_prompt(walk: Walk, wire: ScriptedTransport, method: Method, moment: str) -> None:
        start = walk.open(product_page())
        page = walk.goes_on(start, MPESA, until=MOMENTS[moment])
        assert page.status == 200

        placed = sells_by(walk, walk.open(walk.chosen_at), method)

        assert placed.lines.count() == 1
        assert wire.sent("push") == []
        assert not MpesaOrder.objects.exists() and not MpesaPayment.objects.exists()
