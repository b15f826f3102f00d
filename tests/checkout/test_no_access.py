"""Readers without access to an order get one page in our own words, whatever they ask for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oscar_mpesa.models import MpesaPayment
from tests.checkout.people import ACTIONS, page_url
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db

ADDRESS = re.compile(r"/en/checkout/mpesa/[^\"?<& ]*")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def refusal(path: str, *, client: Client | None = None) -> str:
    """Return the page at a path without its address and its CSRF tokens."""
    response = (client or Client()).get(path)
    assert response.status_code == 404
    return TOKEN.sub("", ADDRESS.sub("", response.content.decode()))


def gone() -> MpesaPayment:
    """Return a payment that is in no database."""
    payment = new_payment()
    payment.mpesa_order.public_id = "0" * 32
    return payment


def answer(method: str, url: str) -> tuple[Any, ...]:
    """Return all that tells one answer from another: its status, headers, page and number of queries."""
    with CaptureQueriesContext(connection) as queries:
        response = getattr(Client(), method)(url)
    page = TOKEN.sub("", ADDRESS.sub("", response.content.decode()))
    headers = {name: value for name, value in response.headers.items() if name != "Expires"}
    return response.status_code, headers, page, len(queries)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("end", ["", "status/", *sorted({f"{path}/" for path, _ in ACTIONS.values()})])
def test_foreign_order_answers_as_one_that_does_not_exist(method: str, end: str) -> None:
    Site.objects.get_current()  # the first request of a process queries it

    unknown, foreign = (answer(method, f"{url}{end}") for url in (page_url(gone()), page_url(new_payment())))

    assert foreign == unknown
    assert foreign[0] == (405 if method == "post" and end in {"", "status/"} else 404)
    assert "no-store" in foreign[1]["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["abc/", f"{'0' * 31}/", f"{'0' * 33}/", f"{'F' * 32}/", f"{'0' * 32}/retry/", "abc/pay-later/", "pay/a b/"]
)
def test_malformed_and_unknown_ids_get_the_page_of_a_foreign_order(path: str) -> None:
    foreign = refusal(page_url(new_payment()))

    assert "We can't show this order in this browser" in foreign
    assert refusal(f"/en/checkout/mpesa/{path}") == foreign


def test_page_says_where_the_order_opens_and_not_to_pay_again(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "SUPPORT_CONTACT": "0700 000 000"}

    page = refusal(f"/en/checkout/mpesa/{'0' * 32}/")

    assert "Open it where you ordered, sign in, or use the link in your email." in page
    assert "If an M-PESA SMS says Confirmed, don't pay again: call or WhatsApp 0700 000 000." in page


def test_sign_in_link_leads_back_to_the_order() -> None:
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    url, client = page_url(new_payment(new_order(user=user))), Client()

    page = client.get(url).content.decode()
    sign_in = f"{reverse('customer:login')}?next={url}"
    fields = {"login-username": user.email, "login-password": "a long password", "login-redirect_url": url}
    answer = client.post(sign_in, {**fields, "login_submit": "Log In"})

    assert f'href="{sign_in}"' in page
    assert answer["Location"] == url
    assert client.get(url).status_code == 200


def test_page_offers_no_sign_in_to_a_signed_in_user(django_user_model: Any) -> None:
    url, client = page_url(new_payment()), Client()
    client.force_login(django_user_model.objects.create_user("juma", "juma@example.com"))

    assert "Sign in to see your order" in refusal(url)
    assert "Sign in to see your order" not in refusal(url, client=client)


def test_status_of_a_foreign_order_is_a_bare_404() -> None:
    response = Client().get(f"{page_url(new_payment())}status/")

    assert response.status_code == 404
    assert "We can't show" not in response.content.decode()


def test_address_without_its_slash_still_redirects() -> None:
    response = Client().get(page_url(new_payment()).rstrip("/"))

    assert response.status_code == 301


def test_phone_step_comes_before_unknown_addresses() -> None:
    assert Client().get("/en/checkout/mpesa/phone/").status_code == 302


def test_page_offers_signing_in_again_if_its_session_ends() -> None:
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a long password")
    url, client = page_url(new_payment(new_order(user=user))), Client()
    client.force_login(user)

    page = client.get(url).content.decode()

    lost = page[page.index('id="mpesa-lost"') :]
    assert f'href="{reverse("customer:login")}?next={url}"' in lost
