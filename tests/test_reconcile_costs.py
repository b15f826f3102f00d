"""Limit the queries of a ``reconcile`` pass, per payment, with Daraja's replies scripted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import Kind, reconcile
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import Step
from tests.query_counts import Count, counted
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import later, new_payment

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENTS = 30

#: Queries per payment; the fixed cost of a pass is shared among all.
PENDING, ENDED = 3, 12


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    """Use production, where a minute has room for a query of each payment."""
    settings.OSCAR_MPESA = {
        **CREDENTIALS,
        "WAKE": "",
        "ENVIRONMENT": "production",
        "SHORTCODE": "600986",
        "SHORTCODE_TYPE": "paybill",
        "TEST_MODE": False,
    }


def accepted() -> list[dict[str, str]]:
    """Return a reply to each push, each with its own id."""
    return [{**ACCEPTED, "CheckoutRequestID": f"ws_CO_{number:024}"} for number in range(PAYMENTS)]


def replies(code: str) -> Iterator[Step]:
    """Return the same result code about each payment."""
    return ({**query_reply(code), "CheckoutRequestID": fields["CheckoutRequestID"]} for fields in accepted())


def run_pass(code: str, *, seconds: float) -> Count:
    """Send all pushes, then reconcile this many seconds later, with one result code for all."""
    with replaced_transport(ScriptedTransport({"push": accepted(), "query": replies(code)})):
        for number in range(PAYMENTS):
            new_payment(phone=PhoneNumber.parse(f"2547{number:08}"))
        MpesaOrder.objects.update(indexed_at=later(0))
        with counted() as count:
            steps = list(reconcile(lambda: later(seconds)))
    assert sum(step.kind is Kind.PAYMENT for step in steps) == PAYMENTS
    return count


def statuses() -> set[str]:
    return set(MpesaPayment.objects.values_list("status", flat=True))


def test_idle_pass_costs_twelve_queries_and_records_its_run() -> None:
    assert list(reconcile(lambda: later(0))) == []

    with counted() as count:
        assert list(reconcile(lambda: later(60))) == []

    assert len(count) <= 12, str(count)


def test_pending_payment_costs_its_query() -> None:
    count = run_pass("4999", seconds=21)

    assert statuses() == {"processing"}
    assert len(count) // PAYMENTS <= PENDING, str(count)


@pytest.mark.parametrize("code", ["1032", "2001"])
def test_failed_payment_costs_its_query_and_its_end(code: str) -> None:
    count = run_pass(code, seconds=21)

    assert statuses() <= {"cancelled", "failed"}
    assert len(count) // PAYMENTS <= ENDED, str(count)


def test_unanswered_payment_costs_no_more() -> None:
    count = run_pass("4999", seconds=151)

    assert statuses() == {"expired"}
    assert len(count) // PAYMENTS <= ENDED, str(count)
