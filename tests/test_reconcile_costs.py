"""What a pass of reconcile costs in queries, per payment and over many of them; the wire is Safaricom's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import Kind, reconcile
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import Step
from tests.query_counts import Count, counted
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, told
from tests.shop import later, new_payment

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENTS = 30

#: Of a payment, once what a pass costs anyhow is shared among them all.
PENDING, ENDED = 3, 12


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    """Production, where a minute has room for a status check of each payment."""
    settings.OSCAR_MPESA = {
        **CREDENTIALS,
        "ENVIRONMENT": "production",
        "SHORTCODE": "600986",
        "SHORTCODE_TYPE": "paybill",
        "TEST_MODE": False,
    }


def accepted() -> list[dict[str, str]]:
    """An answer to each push, with an id of its own."""
    return [{**ACCEPTED, "CheckoutRequestID": f"ws_CO_{number:024}"} for number in range(PAYMENTS)]


def answers(code: str) -> Iterator[Step]:
    """The same answer about each of them."""
    return ({**told(code), "CheckoutRequestID": fields["CheckoutRequestID"]} for fields in accepted())


def one_pass(code: str, *, seconds: float) -> Count:
    """Prompt them all, then reconcile so many seconds later, Safaricom answering with one code."""
    with replaced_transport(ScriptedTransport({"push": accepted(), "query": answers(code)})):
        for number in range(PAYMENTS):
            new_payment(phone=PhoneNumber.parse(f"2547{number:08}"))
        with counted() as count:
            steps = list(reconcile(lambda: later(seconds)))
    assert sum(step.kind is Kind.PAYMENT for step in steps) == PAYMENTS
    return count


def statuses() -> set[str]:
    return set(MpesaPayment.objects.values_list("status", flat=True))


def test_an_idle_pass_looks_once_for_each_kind_of_thing_and_leaves_its_heartbeat() -> None:
    assert list(reconcile(lambda: later(0))) == []

    with counted() as count:
        assert list(reconcile(lambda: later(60))) == []

    assert len(count) <= 7, str(count)


def test_a_payment_that_is_still_pending_costs_its_question() -> None:
    count = one_pass("4999", seconds=21)

    assert statuses() == {"processing"}
    assert len(count) // PAYMENTS <= PENDING, str(count)


@pytest.mark.parametrize("code", ["1032", "2001"])
def test_a_payment_that_was_refused_on_the_phone_costs_its_question_and_its_end(code: str) -> None:
    count = one_pass(code, seconds=21)

    assert statuses() <= {"cancelled", "failed"}
    assert len(count) // PAYMENTS <= ENDED, str(count)


def test_a_payment_that_nobody_answered_costs_no_more() -> None:
    count = one_pass("4999", seconds=151)

    assert statuses() == {"expired"}
    assert len(count) // PAYMENTS <= ENDED, str(count)
