"""A GET carries out no wish, not even its owner's; what is let through nevertheless stands here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from oscar_mpesa.access.ownership import LINKED_KEY
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import TokenPurpose, make_token
from tests.rows import all_rows, changed_since
from tests.snapshots import Snapshot
from tests.wiring.addresses import CHECK, LINK, PHONE, PHONE_LIST, STATUS, TABLE, WAIT, filled
from tests.wiring.order_stages import STAGES, asked, asked_a_while_ago, placing, remembered

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENTS = "oscar_mpesa_mpesapayment"

#: The page of a practice phone notes that it is open.
PHONES = {PHONE_LIST: {PAYMENTS}, PHONE: {PAYMENTS}}

#: Those that may ask Safaricom, and then store what it answers; the API has no HEAD.
ASKING = {"get": {WAIT, STATUS, CHECK, f"{CHECK}/"}, "head": {WAIT, STATUS}}

EITHER = pytest.mark.parametrize("method", ["get", "head"])


def changes(method: str, payment: MpesaPayment) -> Iterator[tuple[str, set[str]]]:
    """The tables that each address changes when its owner looks at it, each after the same past."""
    client, token = placing(payment), make_token(payment.order_id, TokenPurpose.PAY)
    known = remembered(client)
    with Snapshot() as past:
        for address in TABLE:
            before = all_rows()
            getattr(client, method)(filled(address, payment, token=token))
            if changed := changed_since(before):
                yield address, changed
            assert remembered(client) == known
            past.restore()


@EITHER
@pytest.mark.parametrize("stage", list(STAGES))
def test_looking_changes_nothing(method: str, stage: str) -> None:
    payment = STAGES[stage]()

    changed = dict(changes(method, payment))

    assert changed == (PHONES if stage == "asked" else {})


@EITHER
def test_who_looks_when_a_question_is_due_may_bring_safaricom_s_answer(method: str) -> None:
    payment = asked_a_while_ago()

    changed = dict(changes(method, payment))

    assert set(changed) == ASKING[method] | set(PHONES)
    assert {address: changed[address] for address in PHONES} == PHONES
    assert PAYMENTS in changed[WAIT] and changed[WAIT] == changed[STATUS]


@EITHER
def test_who_opens_a_pay_link_gets_leave_to_pay_and_nothing_else_happens(method: str) -> None:
    payment, client = asked(), Client()
    before = all_rows()

    getattr(client, method)(filled(LINK, payment, token=make_token(payment.order_id, TokenPurpose.PAY)))

    assert remembered(client) == {LINKED_KEY: [payment.mpesa_order.public_id]}
    assert changed_since(before) == set()
