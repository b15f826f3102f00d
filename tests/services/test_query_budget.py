"""Queries: when they are due, what their results do, and how many a minute allows (M8)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaApiCall, MpesaEvent, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import failure, later, new_payment, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def query_at(*answers: Any, at: float = 20) -> tuple[MpesaPayment, ScriptedTransport]:
    transport = ScriptedTransport({"push": [ACCEPTED], "query": answers})
    with replaced_transport(transport):
        payment = new_payment()
        refresh_payment(payment, now=later(at))
    payment.refresh_from_db()
    return payment, transport


def test_no_query_before_twenty_seconds() -> None:
    payment, transport = query_at(at=19)

    assert (payment.status, payment.query_count) == ("processing", 0)
    assert transport.sent("query") == []


@pytest.mark.parametrize(
    ("code", "status"), [("0", "completed"), ("1032", "cancelled"), ("1", "failed"), ("4999", "processing")]
)
def test_final_result_settles_the_payment(code: str, status: str) -> None:
    payment, _ = query_at(query_reply(code))

    assert payment.status == status


def test_queries_back_off() -> None:
    payment, _ = query_at(query_reply("4999"))

    assert (payment.query_count, payment.next_query_at) == (1, later(35))


def test_unanswered_query_is_recorded_and_repeated_later() -> None:
    payment, _ = query_at(DarajaUnreachable("no answer"))

    assert (payment.status, payment.next_query_at) == ("processing", later(35))
    assert MpesaEvent.objects.filter(type="query_unanswered").count() == 1


def test_result_of_another_request_is_ignored() -> None:
    payment, _ = query_at({**query_reply("0"), "CheckoutRequestID": "ws_CO_somebody_else"})

    assert payment.status == "processing"


def test_query_budget_of_a_minute_is_shared_by_all_workers() -> None:
    for _ in range(4):
        MpesaApiCall.objects.create(
            endpoint="query", environment="sandbox", shortcode="174379", milliseconds=1, created_at=later(1)
        )

    payment, transport = query_at(query_reply("0"))

    assert (payment.status, transport.sent("query")) == ("processing", [])


def test_two_pollers_make_one_call() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})
    with replaced_transport(transport):
        payment = new_payment()
        same = MpesaPayment.objects.select_related("mpesa_order").get(pk=payment.pk)
        refresh_payment(payment, now=later(20))
        refresh_payment(same, now=later(20))

    assert len(transport.sent("query")) == 1


def test_last_query_comes_before_the_payment_expires() -> None:
    payment, _ = query_at(query_reply("0"), at=151)

    assert payment.status == "completed"


def test_unanswered_payment_expires_anyway() -> None:
    payment, _ = query_at(query_reply("4999"), at=151)

    assert payment.status == "expired"


def test_failure_named_after_expiry_explains_the_payment() -> None:
    payment, _ = query_at(query_reply("4999"), at=151)

    post(payment, failure(payment, code=1037), now=later(200))

    payment.refresh_from_db()
    assert (payment.status, payment.result_code, payment.next_query_at) == ("expired", "1037", None)
    assert payment.outcome.sentence.startswith("{number} didn't answer.")
    assert MpesaEvent.objects.filter(type="result_named").count() == 1
