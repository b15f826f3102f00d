"""Queries are throttled, and unanswered prompts expire (M2, M8, M15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaApiCall, MpesaEvent, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import QueryResult, query_status, refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import CANCELS, NO_FUNDS, PAYS, later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db


def test_simulator_pays_after_five_seconds() -> None:
    payment = new_payment()

    early = refresh_payment(payment, now=later(4))
    on_time = refresh_payment(payment, now=later(5))

    payment.refresh_from_db()
    assert (early, on_time, payment.status) == (False, True, "completed")


@pytest.mark.parametrize(("phone", "code", "status"), [(NO_FUNDS, "1", "failed"), (CANCELS, "1032", "cancelled")])
def test_each_practice_number_fails_with_its_own_code(phone: object, code: str, status: str) -> None:
    payment = new_payment(phone=phone)  # type: ignore[arg-type]

    refresh_payment(payment, now=later(6))

    payment.refresh_from_db()
    assert (payment.result_code, payment.status) == (code, status)


def test_unsent_payment_fails_after_a_minute() -> None:
    payment = new_payment(sent=False)

    before = refresh_payment(payment, now=later(59))
    after = refresh_payment(payment, now=later(60))

    payment.refresh_from_db()
    assert (before, after) == (False, True)
    assert (payment.status, payment.result_code, payment.push_sent_at) == ("failed", "not-sent", None)


def test_payment_without_an_id_expires_after_two_and_a_half_minutes() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(checkout_request_id=None)
    payment.refresh_from_db()

    before = refresh_payment(payment, now=later(149))
    after = refresh_payment(payment, now=later(150))

    payment.refresh_from_db()
    assert (before, after) == (False, True)
    assert (payment.status, payment.result_code, payment.live_order) == ("expired", "no-answer", None)


def test_money_after_expiry_counts() -> None:
    payment = new_payment()
    body = success(payment)
    MpesaPayment.objects.update(checkout_request_id=None)
    payment.refresh_from_db()
    refresh_payment(payment, now=later(150))

    post(payment, body, now=later(400))

    payment.refresh_from_db()
    assert payment.status == "completed"


def test_payment_of_a_wrong_amount_is_not_queried_again() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5))
    payment.refresh_from_db()

    with replaced_transport(ScriptedTransport([])):
        is_changed, result = refresh_payment(payment, now=later(1000)), query_status(payment, now=later(1000))

    assert (is_changed, result) == (False, QueryResult.PAID)


def test_paid_payment_is_not_queried() -> None:
    assert query_status(pay(new_payment()), now=later(30)) is QueryResult.PAID


def test_payment_without_an_id_cannot_be_queried() -> None:
    payment = new_payment(sent=False)

    assert query_status(payment, now=later(30)) is QueryResult.NOTHING


@pytest.mark.parametrize(("phone", "result"), [(PAYS, QueryResult.PAID), (CANCELS, QueryResult.NOT_PAID)])
def test_query_returns_the_simulator_s_result(phone: PhoneNumber, result: QueryResult) -> None:
    payment = new_payment(phone=phone)

    early = query_status(payment, now=later(4))
    on_time = query_status(payment, now=later(6))

    assert (early, on_time) == (QueryResult.WAIT, result)


@pytest.mark.parametrize(("earlier_queries", "calls"), [(59, 1), (60, 0)])
def test_production_allows_sixty_queries_a_minute(settings: Any, earlier_queries: int, calls: int) -> None:
    production = {"ENVIRONMENT": "production", "SHORTCODE": "600986", "SHORTCODE_TYPE": "paybill", "TEST_MODE": False}
    settings.OSCAR_MPESA = {**CREDENTIALS, **production}
    transport = ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})
    earlier = {"endpoint": "query", "environment": "production", "shortcode": "600986", "milliseconds": 90}
    MpesaApiCall.objects.bulk_create(MpesaApiCall(**earlier, created_at=timezone.now()) for _ in range(earlier_queries))
    now = timezone.now()

    with replaced_transport(transport):
        payment = new_payment(now=now)
        result = query_status(payment, now=now + timedelta(seconds=20))

    assert len(transport.sent("push")) == 1
    assert (len(transport.sent("query")), result) == (calls, QueryResult.WAIT if calls else QueryResult.NOTHING)


def test_every_settlement_leaves_an_event() -> None:
    payment = new_payment(phone=CANCELS)

    refresh_payment(payment, now=later(6))

    event = MpesaEvent.objects.get(type="payment_settled")
    assert event.params == {"before": "processing", "after": "cancelled", "source": "callback", "code": "1032"}
