"""Every address of ours, before everybody whom the order behind it does not concern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.api_authorization import TOKEN_HEADER
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import TokenPurpose, make_token
from tests.api.client import too_old
from tests.rows import all_rows, changed_since
from tests.shop import pay
from tests.wiring.addresses import LINK, TABLE, To, filled, mounted, wish
from tests.wiring.order_stages import asked, cancelled, close, placing, remembered

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A browser, and the tokens that come with it: one in a link, one in the API's header."""

    client: Client = field(default_factory=Client)
    link: str = "1.made.up"
    header: str = ""


def another_user(payment: MpesaPayment) -> Stranger:
    client = Client()
    client.force_login(get_user_model().objects.create_user("barasa", "barasa@example.com"))
    return Stranger(client=client)


def forger(payment: MpesaPayment) -> Stranger:
    token = f"{payment.order_id}.1w0000.forged"
    return Stranger(link=token, header=token)


def with_the_other_token(payment: MpesaPayment) -> Stranger:
    """Neither opens the other's door."""
    return Stranger(
        link=make_token(payment.order_id, TokenPurpose.OWN), header=make_token(payment.order_id, TokenPurpose.PAY)
    )


def too_late(payment: MpesaPayment) -> Stranger:
    return Stranger(
        link=too_old(payment.order_id, TokenPurpose.PAY), header=too_old(payment.order_id, TokenPurpose.OWN)
    )


def used_up(payment: MpesaPayment, end: Callable[[MpesaPayment], Any]) -> Stranger:
    """A link that would have let its holder pay, until the order's end; what an owner holds has no such end."""
    token = make_token(payment.order_id, TokenPurpose.PAY)
    assert Client().get(filled(LINK, payment, token=token)).status_code == 302
    end(payment)
    return Stranger(link=token, header=token)


STRANGERS: dict[str, Callable[[MpesaPayment], Stranger]] = {
    "no session": lambda payment: Stranger(),
    "another user": another_user,
    "a guest who placed another order": lambda payment: Stranger(client=placing(cancelled())),
    "a forged token": forger,
    "tokens for another use": with_the_other_token,
    "expired tokens": too_late,
    "a link to an order that is paid": lambda payment: used_up(payment, pay),
    "a link to an order that is closed": lambda payment: used_up(payment, close),
}


def answers_to(stranger: Stranger, payment: MpesaPayment) -> dict[str, To]:
    """The link is opened first, for what it may leave in the session; then every address."""
    client, headers = stranger.client, {TOKEN_HEADER: stranger.header}
    client.get(filled(LINK, payment, token=stranger.link))
    answers = {}
    for address in sorted(mounted()):
        url = filled(address, payment, token=stranger.link)
        got = client.get(url, headers=headers)
        posted = client.post(url, **wish(address, payment), headers=headers)
        answers[address] = To(got.status_code, posted.status_code)
    return answers


def test_every_address_has_its_answer_to_strangers() -> None:
    assert mounted() == set(TABLE)


@pytest.mark.parametrize("who", list(STRANGERS))
def test_a_stranger_gets_nothing_and_changes_nothing(who: str) -> None:
    payment = cancelled() if "closed" in who else asked()
    stranger = STRANGERS[who](payment)
    # A post that names a request brings Safaricom's next question forward, once a minute.
    MpesaPayment.objects.update(callback_query_at=timezone.now())
    before, known = all_rows(), remembered(stranger.client)

    answers = answers_to(stranger, payment)

    assert answers == TABLE
    assert changed_since(before) == {"oscar_mpesa_mpesacallback"}
    assert remembered(stranger.client) == known


@pytest.mark.parametrize("who", ["the placing session", "another browser"])
def test_a_pay_link_is_kept_by_nobody_and_told_to_nobody(who: str) -> None:
    payment = asked()
    client = placing(payment) if who == "the placing session" else Client()

    answer = client.get(filled(LINK, payment, token=make_token(payment.order_id, TokenPurpose.PAY)))

    assert answer["Location"] == filled("/en/checkout/mpesa/<public_id>/", payment)
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
