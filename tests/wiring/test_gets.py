"""A GET changes nothing, with the few exceptions listed here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from oscar_mpesa.access.ownership import LINKS_KEY
from oscar_mpesa.models import MpesaPayment
from tests.pay_links import link_to
from tests.rows import all_rows, changed_since
from tests.snapshots import Snapshot
from tests.wiring.addresses import CHECK, LINK, PAYMENT_PAGE, PHONE, PHONE_LIST, STATUS, TABLE, filled
from tests.wiring.order_stages import STAGES, pending, pending_for_a_while, placing, session_data

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENTS = "oscar_mpesa_mpesapayment"

#: The page of a practice phone stores that it is open.
PHONES = {PHONE_LIST: {PAYMENTS}, PHONE: {PAYMENTS}}

#: Pages that may query Safaricom and store its reply. The API has no HEAD.
QUERYING = {"get": {PAYMENT_PAGE, STATUS, CHECK, f"{CHECK}/"}, "head": {PAYMENT_PAGE, STATUS}}

EITHER = pytest.mark.parametrize("method", ["get", "head"])


def changes(method: str, payment: MpesaPayment) -> Iterator[tuple[str, set[str]]]:
    """Yield the tables that each URL changes when its owner loads it, each from the same initial state."""
    client, token = placing(payment), link_to(payment).token
    known = session_data(client)
    with Snapshot() as past:
        for address in TABLE:
            before = all_rows()
            getattr(client, method)(filled(address, payment, token=token))
            if changed := changed_since(before):
                yield address, changed
            assert session_data(client) == known
            past.restore()


@EITHER
@pytest.mark.parametrize("stage", list(STAGES))
def test_get_changes_nothing(method: str, stage: str) -> None:
    payment = STAGES[stage]()

    changed = dict(changes(method, payment))

    assert changed == (PHONES if stage == "pending" else {})


@EITHER
def test_get_may_store_safaricoms_reply_to_a_due_query(method: str) -> None:
    payment = pending_for_a_while()

    changed = dict(changes(method, payment))

    assert set(changed) == QUERYING[method] | set(PHONES)
    assert {address: changed[address] for address in PHONES} == PHONES
    assert PAYMENTS in changed[PAYMENT_PAGE] and changed[PAYMENT_PAGE] == changed[STATUS]


@EITHER
def test_opening_a_payment_link_only_allows_paying(method: str) -> None:
    payment, client = pending(), Client()
    link = link_to(payment)
    before = all_rows()

    getattr(client, method)(filled(LINK, payment, token=link.token))

    assert session_data(client) == {LINKS_KEY: [link.pk]}
    assert changed_since(before) == set()
