"""Our pages bring nothing along that a strict policy forbids, besides what Oscar's own layout has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from tests.pay_links import link_to
from tests.shop import new_product, post, success
from tests.shopper import Shopper
from tests.stores.strict.resources import Forbidden

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = ["overview", "payments", "receipts", "month", "record", "callbacks", "setup", "blocked-phones"]

OSCARS = ["index", "order-list", "users-index", "reports-index"]

#: Oscar's preview hides the fields that a shop's forms carry.
HIDDEN_BY_OSCAR = {"div style=display:none"}


@pytest.fixture
def shopper() -> Shopper:
    someone = Shopper()
    someone.puts_in_basket(new_product()).gives_address()
    someone.client.post(reverse("checkout:payment-method"), {"pay_with": "mpesa"})
    return someone


def page(client: Client, url: str) -> str:
    answer: Any = client.get(url, follow=True)
    assert (answer.status_code, answer.headers["Content-Security-Policy"]) == (200, "default-src 'self'"), url
    html: str = answer.content.decode()
    return html


def shopper_pages(shopper: Shopper) -> Iterator[str]:
    yield page(shopper.client, reverse("checkout:payment-details"))
    shopper.names_phone("0708374149")
    yield page(shopper.client, reverse("checkout:preview"))
    shopper.places_order()
    payment = MpesaPayment.objects.get()
    waiting = reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id])
    yield page(shopper.client, waiting)
    yield page(Client(), reverse("checkout:mpesa-pay-link", args=[link_to(payment).token]))
    post(payment, success(payment))
    yield page(shopper.client, waiting)


def existing_files(htmls: list[str]) -> tuple[set[str], set[str]]:
    """Return our own files that the pages load, and which of them exist under their hashed names."""
    urls = {url for html in htmls for url in Forbidden(html).files if "/oscar_mpesa/" in url}
    root = Path(settings.STATIC_ROOT)
    return urls, {url for url in urls if (root / url.removeprefix("/static/")).is_file()}


def test_shoppers_pages_load_own_files_only(shopper: Shopper) -> None:
    oscars = Forbidden(page(shopper.client, reverse("checkout:shipping-address"))).found | HIDDEN_BY_OSCAR
    htmls = list(shopper_pages(shopper))

    urls, existing = existing_files(htmls)

    assert len(htmls) == 5
    assert set().union(*(Forbidden(html).found for html in htmls)) - oscars == set()
    assert urls and urls == existing


def test_dashboard_pages_load_own_files_only(shopper: Shopper) -> None:
    list(shopper_pages(shopper))
    staff = Client()
    staff.force_login(get_user_model().objects.create_superuser("achieng", "achieng@example.com", "a long passphrase"))
    oscars = set().union(*(Forbidden(page(staff, reverse(f"dashboard:{name}"))).found for name in OSCARS))
    urls = [reverse(f"dashboard:mpesa-{name}") for name in LISTS]
    urls += [reverse("dashboard:mpesa-payment", args=[MpesaPayment.objects.get().pk])]
    urls += [reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk])]

    found = {url: Forbidden(page(staff, url)).found - oscars for url in urls}

    assert found == {url: set() for url in urls}
