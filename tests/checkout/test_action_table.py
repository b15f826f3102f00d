"""The payment page offers exactly the actions that have an effect: by state of the order and by person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.test import Client

from oscar_mpesa.models import MpesaPayLink, MpesaPayment
from tests.browser.states import STATES, pays_later
from tests.checkout.people import ACTIONS, OTHERS, READERS, offered_actions, page_url
from tests.pay_links import link_to
from tests.rows import all_rows, changed_since
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db

#: Tables that count tries, refused ones too. They say nothing about orders.
TRIES = {"oscar_mpesa_mpesalimitlock", "oscar_mpesa_mpesapushattempt"}

SEND, AGAIN, LATER, OTHER = "send to a number", "send again", "pay later", "pay another way"
RESTORE, DONE, REVOKE, NEW_LINK = "restore the basket", "see the order", "revoke the link", "make a new link"

#: What the owner is offered in the states of the default run.
OWNERS = {
    "enter-pin": {REVOKE},
    "failed, another number": {SEND, LATER, OTHER, REVOKE},
    "failed, the shop's fault": {OTHER, REVOKE},
    "confirming": {REVOKE},
    "failed, cancelled": {SEND, AGAIN, LATER, OTHER, REVOKE},
    "failed, pays later": {SEND, AGAIN, OTHER, REVOKE},
    "paid": {DONE},
    "closed": {RESTORE},
}

#: What the holder of a payment link is offered.
PAYERS = {name: offered & {SEND} for name, offered in OWNERS.items()}


def build(state: str) -> tuple[MpesaPayment, MpesaPayLink]:
    """Build an order in this state with an active payment link, when nobody needs to wait before the next prompt."""
    payment = STATES[state]()
    if state != "wait":
        ended, wait = MpesaPayment.objects.exclude(ended_at=None), timedelta(minutes=10)
        ended.update(push_sent_at=F("push_sent_at") - wait, ended_at=F("ended_at") - wait)
    return payment, link_to(payment)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what happens inside. The services may open durable transactions there."""
    around: Any = transaction.atomic()
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True)


def effective_actions(client: Client, url: str) -> set[str]:
    """Return the actions whose POST changes a row of the order, its money or its stock."""
    found = set()
    for name, (end, data) in ACTIONS.items():
        before = all_rows()
        with undone():
            client.post(f"{url}{end}/", data)
            if changed_since(before) - TRIES:
                found.add(name)
    return found


def offered_and_effective(state: str, person: str) -> tuple[set[str], set[str]]:
    """Return the actions that the page offers a reader, and those that have an effect."""
    payment, link = build(state)
    client, url = READERS[person](payment, link), page_url(payment)
    page = client.get(url)
    assert page.status_code == 200
    return offered_actions(page.content.decode()), effective_actions(client, url)


@pytest.mark.parametrize("state", OWNERS)
def test_owner_is_offered_what_has_an_effect(state: str) -> None:
    offered, effective = offered_and_effective(state, "owner by session")

    assert (offered, effective) == (OWNERS[state], OWNERS[state])


@pytest.mark.parametrize("state", PAYERS)
def test_link_holder_may_only_send_to_a_typed_number(state: str) -> None:
    offered, effective = offered_and_effective(state, "link holder")

    assert (offered, effective) == (PAYERS[state], PAYERS[state])


@pytest.mark.slow
@pytest.mark.parametrize("person", READERS)
@pytest.mark.parametrize("state", STATES)
def test_page_offers_exactly_what_has_an_effect(state: str, person: str) -> None:
    offered, effective = offered_and_effective(state, person)

    assert offered == effective


def changed_by_others(state: str, person: str) -> tuple[set[int], set[str]]:
    """Return the statuses that a person without a page gets, and the tables that changed."""
    payment, link = build(state)
    client, url = OTHERS[person](payment, link), page_url(payment)
    before = all_rows()
    statuses = {client.get(url).status_code, client.get(f"{url}status/").status_code}
    statuses |= {client.post(f"{url}{end}/", data).status_code for end, data in ACTIONS.values()}
    return statuses, changed_since(before)


@pytest.mark.parametrize("person", OTHERS)
def test_others_get_404_for_everything(person: str) -> None:
    assert changed_by_others("failed, pays later", person) == ({404}, set())


@pytest.mark.slow
@pytest.mark.parametrize("person", OTHERS)
@pytest.mark.parametrize("state", STATES)
def test_others_get_404_for_everything_in_every_state(state: str, person: str) -> None:
    assert changed_by_others(state, person) == ({404}, set())


@pytest.mark.parametrize("person", ["owner by session", "owner by account"])
def test_owner_makes_a_new_link_after_revoking(person: str) -> None:
    payment, link = build("failed, pays later")
    client, url = READERS[person](payment, link), page_url(payment)

    client.post(f"{url}revoke-link/")
    without = client.get(url).content.decode()
    offered, effective = offered_actions(without), effective_actions(client, url)
    client.post(f"{url}new-link/")
    anew = client.get(url).content.decode()

    assert offered == effective == {SEND, AGAIN, OTHER, NEW_LINK}
    assert "This order has no payment link" in without and 'id="mpesa-pay-link"' not in without
    fresh = MpesaPayLink.objects.get(revoked_at=None)
    assert fresh.token in anew and link.token not in anew


def test_link_holder_loses_the_page_when_the_link_is_revoked() -> None:
    payment, link = build("failed, pays later")
    payer, url = READERS["link holder"](payment, link), page_url(payment)
    owner = READERS["owner by session"](payment, link)
    before = payer.get(url)

    owner.post(f"{url}revoke-link/")
    after, poll, again = payer.get(url), payer.get(f"{url}status/"), payer.get(f"/en/checkout/mpesa/pay/{link.token}/")

    assert (before.status_code, after.status_code, poll.status_code, again.status_code) == (200, 404, 404, 404)
    assert "It no longer works. Don't pay." in after.content.decode()
    assert "This payment link no longer works" in again.content.decode()
    assert owner.get(f"/en/checkout/mpesa/pay/{link.token}/")["Location"] == url


def refusal(client: Client, url: str) -> str:
    """Return a page without its address and its CSRF tokens."""
    page = client.get(url).content.decode().replace(url, "")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_page_without_access_is_the_same_for_every_order() -> None:
    payment, another = pays_later(), new_payment(new_order())
    revoked = OTHERS["holder of a revoked link"](payment, link_to(payment))

    pages = {refusal(client, page_url(each)) for client in (revoked, Client()) for each in (payment, another)}

    assert pages == {refusal(Client(), f"/en/checkout/mpesa/{'0' * 32}/")}
    assert "We can't show this order in this browser" in pages.pop()
