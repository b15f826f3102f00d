"""Payments that may be paid are queried on a clock of their own, for a day at most (M5, M8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.status_query import QueryResult, refresh_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import CREDENTIALS
from tests.services.queries import forget_calls, query
from tests.services.unpaid_orders import A_DAY, expired, prompted, result_of
from tests.shop import ANOTHER, NOON, failure, later, post, success

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _credentials(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS, "WAKE": ""}


@pytest.mark.parametrize("checkout_id", ["", None], ids=["without the id", "with the id"])
def test_any_number_of_callbacks_makes_at_most_ten_queries_a_day(checkout_id: str | None) -> None:
    payment = prompted()
    post(payment, failure(payment, code=1032))
    queries = 0

    for minute in (*range(40), *range(40, 24 * 60, 30)):
        body = success(payment, number=f"OD{minute:07}X", checkout_id=checkout_id)
        post(payment, body, now=later(60 + 60 * minute), confirmed=False)
        payment.refresh_from_db()
        if payment.next_query_at is not None and payment.next_query_at <= later(60 + 60 * minute):
            queries += query(payment, result_of(payment, "1032"), at=60 + 60 * minute) is QueryResult.NOT_PAID

    assert 7 <= queries <= 10


def test_failure_keeps_the_query_that_a_reported_success_made_due() -> None:
    payment = prompted()
    MpesaCallback.objects.create(payment=payment, body=b"{}", received_at=later(9), environment=payment.environment)
    post(payment, success(payment), now=later(10), confirmed=False)

    post(payment, failure(payment), now=later(11))

    payment.refresh_from_db()
    assert (payment.status, payment.next_query_at) == ("cancelled", later(10))
    assert query(payment, result_of(payment, "0"), at=12) is QueryResult.PAID


def moments(start: datetime, *minutes: float) -> list[datetime]:
    return [start + timedelta(minutes=each) for each in minutes]


def test_payment_without_safaricom_s_word_is_queried_for_a_day() -> None:
    payment = expired()
    tried: list[datetime] = []

    while payment.next_query_at is not None and payment.next_query_at not in tried:
        tried.append(payment.next_query_at)
        forget_calls()
        with replaced_transport(ScriptedTransport([DarajaUnreachable("no answer")])):
            refresh_payment(payment, now=tried[-1])
        payment.refresh_from_db()

    assert tried[:8] == moments(NOON, 3, 5, 10, 15, 20, 30, 60, 120)
    assert tried[-1] == later(A_DAY)


def test_unknown_code_is_a_failure_only_if_both_name_it() -> None:
    payment, other = prompted(), prompted(phone=ANOTHER)
    post(payment, b"{", now=later(4))
    post(payment, failure(payment, code=77777), now=later(5))
    waiting = MpesaPayment.objects.get(pk=payment.pk).status

    same = query(payment, result_of(payment, "77777"), at=21)
    alone = query(other, result_of(other, "77777"), at=21)

    payment.refresh_from_db()
    other.refresh_from_db()
    assert (waiting, same, alone) == ("processing", QueryResult.NOT_PAID, QueryResult.NOTHING)
    assert (payment.status, payment.result_code, other.status) == ("failed", "77777", "processing")
