"""No URL of ours gives access to clients without rights to the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.api_authorization import TOKEN_HEADER
from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from oscar_mpesa.services.order_tokens import make_token
from tests.api.client import too_old
from tests.pay_links import expired_link, link_to, revoked_link
from tests.rows import all_rows, changed_since
from tests.shop import pay
from tests.wiring.addresses import LINK, TABLE, Statuses, filled, mounted, valid_post
from tests.wiring.order_stages import cancelled, close, pending, placing, session_data

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsider:
    """A browser without access, and its tokens: one for the payment link, one for the API's header."""

    client: Client = field(default_factory=Client)
    link: str = "1.made.up"
    header: str = ""


def another_user(payment: MpesaPayment) -> Outsider:
    client = Client()
    client.force_login(get_user_model().objects.create_user("barasa", "barasa@example.com"))
    return Outsider(client=client)


def forger(payment: MpesaPayment) -> Outsider:
    token = f"{payment.order_id}.1w0000.forged"
    return Outsider(link=token, header=token)


def swapped_tokens(payment: MpesaPayment) -> Outsider:
    """Use each token where the other one belongs."""
    return Outsider(link=make_token(payment.order_id), header=link_to(payment).token)


def expired_tokens(payment: MpesaPayment) -> Outsider:
    return Outsider(link=expired_link(payment).token, header=too_old(payment.order_id))


def opened(payment: MpesaPayment, **ended: Any) -> Outsider:
    """Open a payment link, which then ends."""
    client, link = Client(), link_to(payment)
    assert client.get(filled(LINK, payment, token=link.token)).status_code == 302
    MpesaPayLink.objects.filter(pk=link.pk).update(**ended)
    return Outsider(client=client, link=link.token)


def ended_order(payment: MpesaPayment, end: Callable[[MpesaPayment], Any]) -> Outsider:
    """Use a payment link after its order ended. An owner's token does not expire with the order."""
    token = link_to(payment).token
    assert Client().get(filled(LINK, payment, token=token)).status_code == 302
    end(payment)
    return Outsider(link=token, header=token)


OUTSIDERS: dict[str, Callable[[MpesaPayment], Outsider]] = {
    "no session": lambda payment: Outsider(),
    "another user": another_user,
    "a guest who placed another order": lambda payment: Outsider(client=placing(cancelled())),
    "a forged token": forger,
    "tokens for another use": swapped_tokens,
    "expired tokens": expired_tokens,
    "a revoked link": lambda payment: Outsider(link=revoked_link(payment).token),
    "a browser that opened a revoked link": lambda payment: opened(payment, revoked_at=timezone.now()),
    "a browser that opened an expired link": lambda payment: opened(payment, expires_at=timezone.now()),
    "a link to an order that is paid": lambda payment: ended_order(payment, pay),
    "a link to an order that is closed": lambda payment: ended_order(payment, close),
}


def statuses_for(outsider: Outsider, payment: MpesaPayment) -> dict[str, Statuses]:
    """Open the payment link first, because it may change the session, and then every URL."""
    client, headers = outsider.client, {TOKEN_HEADER: outsider.header}
    client.get(filled(LINK, payment, token=outsider.link))
    answers = {}
    for address in sorted(mounted()):
        url = filled(address, payment, token=outsider.link)
        got = client.get(url, headers=headers)
        posted = client.post(url, **valid_post(address, payment), headers=headers)
        answers[address] = Statuses(got.status_code, posted.status_code)
    return answers


def test_every_url_is_in_the_table() -> None:
    assert mounted() == set(TABLE)


@pytest.mark.parametrize("who", list(OUTSIDERS))
def test_outsider_gets_nothing_and_changes_nothing(who: str) -> None:
    payment = cancelled() if "closed" in who else pending()
    outsider = OUTSIDERS[who](payment)
    # An unverified callback may request a status check, at most once a minute.
    MpesaPayment.objects.update(callback_query_at=timezone.now())
    before, known = all_rows(), session_data(outsider.client)

    answers = statuses_for(outsider, payment)

    assert answers == TABLE
    assert changed_since(before) == {"oscar_mpesa_mpesacallback"}
    assert session_data(outsider.client) == known


@pytest.mark.parametrize("who", ["the placing session", "another browser"])
def test_payment_link_is_neither_cached_nor_sent_as_referrer(who: str) -> None:
    payment = pending()
    client = placing(payment) if who == "the placing session" else Client()

    answer = client.get(filled(LINK, payment, token=link_to(payment).token))

    assert answer["Location"] == filled("/en/checkout/mpesa/<public_id>/", payment)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
