"""The link in an email to an order's owner opens the payment page in any browser."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.access.ownership import OPENED_KEY, ORDERS_KEY
from oscar_mpesa.access.unpaid_order import unpaid_order_of
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import order_tokens
from oscar_mpesa.services.order_links import make_token
from tests.checkout.people import owner_by_session, page_url
from tests.clocks import signing_clock
from tests.pay_links import link_to
from tests.rows import all_rows, changed_since
from tests.shop import new_payment, new_product
from tests.shopper import Shopper
from tests.wiring.order_stages import cancelled, closed, paid

pytestmark = pytest.mark.django_db(transaction=True)


def link(token: str) -> str:
    return f"/en/checkout/mpesa/order/{token}/"


def visit_of(client: Client) -> Any:
    """Return a request in the client's session."""
    request: Any = RequestFactory().get("/")
    request.session, request.user = client.session, AnonymousUser()
    return request


def test_link_opens_the_owners_page_and_changes_nothing_but_the_session() -> None:
    payment, client = cancelled(), Client()
    before = all_rows()

    answer = client.get(link(make_token(payment.mpesa_order)))

    assert (answer.status_code, answer["Location"]) == (302, page_url(payment))
    assert answer["Referrer-Policy"] == "no-referrer" and "no-store" in answer["Cache-Control"]
    assert client.session[OPENED_KEY] == [payment.mpesa_order.public_id]
    assert changed_since(before) <= {"django_session"}
    assert client.get(answer["Location"]).status_code == 200


def test_link_does_not_show_the_number_in_full() -> None:
    payment, client = cancelled(), Client()

    page = client.get(link(make_token(payment.mpesa_order)), follow=True).content.decode()

    assert payment.phone_number.masked in page
    assert payment.phone_number.grouped not in page


def test_reader_of_a_paid_orders_link_does_not_see_the_address() -> None:
    shopper, client = Shopper(), Client()
    url = shopper.buys(new_product())["Location"]
    moment = timezone.now() - timedelta(seconds=6)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)
    client.get(link(make_token(MpesaPayment.objects.get().mpesa_order)))

    pages = [each.get(url).content.decode() for each in (shopper.client, client)]
    answer = client.post(f"{url}done/")
    thanks = shopper.client.post(f"{url}done/", follow=True)

    assert ["Paid. Thank you!" in page for page in pages] == [True, True]
    assert ['id="mpesa-done"' in page for page in pages] == [True, False]
    assert answer["Location"] == url and "checkout_order_id" not in client.session
    assert "12 Moi Avenue" in thanks.content.decode()


def test_reader_of_a_users_paid_order_is_asked_to_sign_in(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com")
    payment, juma = paid(user=user), django_user_model.objects.create_user("juma", "juma@example.com")
    owner, reader, signed_in = Client(), Client(), Client()
    owner.force_login(user)
    signed_in.force_login(juma)

    token = make_token(payment.mpesa_order)
    pages = [each.get(link(token), follow=True).content.decode() for each in (owner, reader, signed_in)]

    assert ['id="mpesa-done"' in page for page in pages] == [True, False, False]
    sign_in = f'href="{reverse("customer:login")}?next={page_url(payment)}" id="mpesa-sign-in"'
    assert [sign_in in page for page in pages] == [False, True, False]


def test_reader_of_the_closed_email_puts_the_items_back() -> None:
    payment, client = closed(), Client()

    client.get(link(make_token(payment.mpesa_order)))
    answer = client.post(f"{page_url(payment)}restore-basket/", follow=True)

    assert answer.redirect_chain == [("/en/basket/", 302)]
    number = payment.mpesa_order.order.number
    assert f"The items of order {number} are back in your basket." in answer.content.decode()
    assert list(answer.context["basket"].all_lines().values_list("quantity", flat=True)) == [1]


def test_owner_keeps_the_session_as_it_is() -> None:
    payment = cancelled()
    client = owner_by_session(payment, link_to(payment))
    before = dict(client.session)

    answer = client.get(link(make_token(payment.mpesa_order)))

    assert answer["Location"] == page_url(payment)
    assert dict(client.session) == before


def test_wrong_and_expired_links_get_the_page_of_an_unknown_order() -> None:
    payment, client = new_payment(), Client()
    token = make_token(payment.mpesa_order)

    wrong = client.get(link(f"{token[:-2]}zz"))
    with signing_clock(time.time() + 31 * 24 * 3600):
        expired = client.get(link(token))

    for each in (wrong, expired):
        assert each.status_code == 404
        assert "We can't show this order in this browser" in each.content.decode()
    assert OPENED_KEY not in client.session and ORDERS_KEY not in client.session


def test_owner_who_signs_in_from_an_expired_link_reaches_the_page(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    payment, client, other = cancelled(user=user), Client(), Client()
    expired = link(make_token(payment.mpesa_order))
    fields = {"login-username": user.email, "login-password": "a long password", "login-redirect_url": expired}
    other.force_login(django_user_model.objects.create_user("juma", "juma@example.com"))

    with signing_clock(time.time() + 31 * 24 * 3600):
        before = client.get(expired)
        client.post(reverse("customer:login"), {**fields, "login_submit": "Log In"})
        after = client.get(expired)
        others = other.get(expired)

    assert (before.status_code, others.status_code) == (404, 404)
    assert f'href="{reverse("customer:login")}?next={expired}"' in before.content.decode()
    assert (after.status_code, after["Location"]) == (302, page_url(payment))


def test_tokens_of_other_purposes_and_orders_open_nothing() -> None:
    payment, another = new_payment(), new_payment()
    token, others = make_token(payment.mpesa_order), make_token(another.mpesa_order)
    moved = f"{payment.mpesa_order.public_id}.{others.partition('.')[2]}"
    pay_token = link_to(payment).token
    paths = [
        *(link(each) for each in (moved, token.upper(), token.swapcase(), pay_token)),
        link(order_tokens.make_token(payment.order_id)),
        f"/en/checkout/mpesa/pay/{token}/",
    ]

    client = Client()
    statuses = [client.get(path).status_code for path in paths]
    api = client.get(f"/api/payments/mpesa/status/{payment.pk}/", headers={"X-Mpesa-Order-Token": token})

    assert [*statuses, api.status_code] == [404] * 7
    assert client.get(f"/en/checkout/mpesa/pay/{pay_token}/").status_code == 302
    assert client.get(link(token)).status_code == 302


def test_link_of_a_strangers_order_leads_nowhere_by_itself() -> None:
    payment, placed, victim = cancelled(), Shopper(), Client()
    own = placed.buys(new_product())["Location"]

    for client in (victim, placed.client):
        client.get(link(make_token(payment.mpesa_order)))
    back = placed.client.get(reverse("checkout:preview"))
    orders = [unpaid_order_of(visit_of(client)) for client in (victim, placed.client)]

    assert victim.get(reverse("checkout:preview"), follow=True).redirect_chain[-1][0] == reverse("basket:summary")
    assert back["Location"] == own
    assert [each and page_url(each.payments.get()) for each in orders] == [None, own]
