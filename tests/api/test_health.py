"""A monitor with the token learns whether all is well, and nothing about anybody; others learn nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from oscar_mpesa.api import health as door
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaJobRun, MpesaPayment
from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from tests.api.description import assert_as_described
from tests.query_counts import counted
from tests.services.unmatched import surplus

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "kahawa-chungu-na-asali"


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "HEALTH_TOKEN": TOKEN}
    record_job_run(RECONCILE, now=timezone.now())


def asked(authorization: str = f"Bearer {TOKEN}", *, path: str = "/api/payments/health/") -> Any:
    answer = Client().get(path, headers={"Authorization": authorization} if authorization else {})
    assert_as_described(answer)
    return answer


def test_all_is_well() -> None:
    answer = asked()

    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "environment": "simulated", "alerts": []}
    assert "no-store" in answer["Cache-Control"]


def test_it_answers_without_its_last_slash_too() -> None:
    assert asked(path="/api/payments/health").status_code == 200


def test_what_waits_for_a_decision_is_named_and_wakes_nobody() -> None:
    surplus()

    answer = asked()

    assert answer.status_code == 200
    assert answer.json()["alerts"] == [{"key": "surplus", "level": "soon", "count": 1}]


def test_what_is_urgent_is_a_503_until_it_is_over() -> None:
    surplus()
    MpesaJobRun.objects.all().delete()

    before = asked()
    record_job_run(RECONCILE, now=timezone.now())

    assert before.status_code == 503
    assert [need["key"] for need in before.json()["alerts"]] == ["reconcile", "surplus"]
    assert before.json()["ok"] is False
    assert asked().status_code == 200


def test_nothing_in_it_is_about_anybody() -> None:
    surplus()
    payment = MpesaPayment.objects.get()

    text = json.dumps(asked().json())

    assert '"surplus"' in text
    personal = ("OD222BBB22", payment.phone, payment.secret, payment.mpesa_order.order.number, "1,500", "1500")
    assert [each for each in personal if each in text] == []


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer ✓",
    ],
)
def test_without_the_token_there_is_no_answer(authorization: str) -> None:
    answer = asked(authorization)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "alerts" not in answer.json()


@pytest.mark.parametrize("authorization", ["", "Bearer ", f"Bearer {TOKEN}"])
def test_where_no_token_is_set_there_is_no_such_page(settings: Any, authorization: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "HEALTH_TOKEN": ""}

    assert asked(authorization).status_code == 404


def test_a_stranger_costs_no_question() -> None:
    with counted() as count:
        answer = asked("Bearer wrong")

    assert answer.status_code == 401
    assert len(count) == 0, str(count)


def test_a_database_that_does_not_answer_is_urgent() -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(refuse):
        answer = asked()

    assert answer.status_code == 503
    assert answer.json()["alerts"] == [door.DATABASE_ALERT]


def test_the_token_is_shown_nowhere() -> None:
    assert get_settings().HEALTH_TOKEN == TOKEN
    assert "SUPPORT_CONTACT=" in repr(get_settings()) and TOKEN not in repr(get_settings())
