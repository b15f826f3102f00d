"""The health endpoint shows alerts without personal data, to clients with the token only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from oscar_mpesa.api import health as health_module
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaJobRun, MpesaPayment
from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from tests.api.description import assert_as_described
from tests.query_counts import counted
from tests.services.unmatched import surplus_of_today

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "kahawa-chungu-na-asali"


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "HEALTH_TOKEN": TOKEN}
    record_job_run(RECONCILE, now=timezone.now())


def health(authorization: str = f"Bearer {TOKEN}", *, path: str = "/api/payments/health/") -> Any:
    answer = Client().get(path, headers={"Authorization": authorization} if authorization else {})
    assert_as_described(answer)
    return answer


def test_no_alerts_is_200() -> None:
    answer = health()

    assert answer.status_code == 200
    mpesa = {"offered_to": "everyone", "state": "working", "reason": "test_mode", "since": None}
    assert answer.json() == {"ok": True, "environment": "simulated", "mpesa": mpesa, "alerts": []}
    assert "no-store" in answer["Cache-Control"]


def test_works_without_a_trailing_slash() -> None:
    assert health(path="/api/payments/health").status_code == 200


def test_receipt_that_needs_a_decision_is_not_urgent() -> None:
    surplus_of_today()

    answer = health()

    assert answer.status_code == 200
    assert answer.json()["alerts"] == [{"key": "overpaid", "level": "soon", "count": 1}]


def test_urgent_alert_is_503_until_it_clears() -> None:
    surplus_of_today()
    MpesaJobRun.objects.all().delete()

    before = health()
    record_job_run(RECONCILE, now=timezone.now())

    assert before.status_code == 503
    assert [need["key"] for need in before.json()["alerts"]] == ["reconcile", "overpaid"]
    assert before.json()["ok"] is False
    assert health().status_code == 200


def test_body_has_no_personal_data() -> None:
    surplus_of_today()
    payment = MpesaPayment.objects.latest("pk")

    text = json.dumps(health().json())

    assert '"overpaid"' in text
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
def test_wrong_token_is_401(authorization: str) -> None:
    answer = health(authorization)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "alerts" not in answer.json()


@pytest.mark.parametrize("authorization", ["", "Bearer ", f"Bearer {TOKEN}"])
def test_without_health_token_is_404(settings: Any, authorization: str) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "HEALTH_TOKEN": ""}

    assert health(authorization).status_code == 404


def test_wrong_token_costs_no_query() -> None:
    with counted() as count:
        answer = health("Bearer wrong")

    assert answer.status_code == 401
    assert len(count) == 0, str(count)


def test_failing_database_is_urgent() -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(refuse):
        answer = health()

    assert answer.status_code == 503
    assert (answer.json()["mpesa"], answer.json()["alerts"]) == (None, [health_module.DATABASE_ALERT])


def test_token_is_shown_nowhere() -> None:
    assert get_settings().HEALTH_TOKEN == TOKEN
    assert "SUPPORT_CONTACT=" in repr(get_settings()) and TOKEN not in repr(get_settings())
