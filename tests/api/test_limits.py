"""Refusals of the ``initiate_mpesa`` endpoint by a limit say nothing about a number (M19)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaBlockedPhone, MpesaPayment, MpesaPushAttempt
from tests.api.client import placing
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db(transaction=True)


def test_blocked_phone_and_phone_at_its_limit_get_the_same_answer() -> None:
    full, blocked = PhoneNumber.parse("0712345001"), PhoneNumber.parse("0712345002")
    for _ in range(3):
        new_payment(phone=full, now=timezone.now())
    MpesaBlockedPhone.objects.create(phone=blocked.msisdn, created_at=timezone.now())
    order = new_order()
    client = placing(order)

    answers = [client.initiates(order.pk, each.msisdn) for each in (full, blocked)]

    sentence = "We can't send a prompt to this number right now. Use another number, or try again later."
    body = {"success": False, "message": sentence, "errors": {"phone_number": [sentence]}}
    assert [(each.status_code, each.json()) for each in answers] == [(400, body)] * 2
    assert answers[0].headers == answers[1].headers
    assert "Retry-After" not in answers[0].headers
    assert not MpesaPayment.objects.filter(mpesa_order__order=order).exists()
    assert set(MpesaPushAttempt.objects.filter(mpesa_order=None).values_list("refused_by", flat=True)) == {
        "phone",
        "phone_blocked",
    }


@pytest.mark.parametrize("tries", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_client_over_the_limit_gets_one_answer_for_every_number(tries: int) -> None:
    order = new_order()
    client = placing(order)
    for number in range(5):
        assert client.initiates(order.pk, f"071200000{number}").status_code == 200
        MpesaPayment.objects.update(status="cancelled", live_order=None, result_code="1032")
    MpesaBlockedPhone.objects.create(phone="254712345003", created_at=timezone.now())
    for _ in range(3):
        new_payment(phone=PhoneNumber.parse("0712345007"), now=timezone.now())

    answers = [client.initiates(order.pk, f"0712345{number:03}") for number in range(tries)]

    assert {(each.status_code, each.content) for each in answers} == {(409, answers[0].content)}
    assert answers[0].json()["message"].startswith("We allow five numbers for one order.")
    assert answers[0].json()["errors"] == {}


def test_session_over_its_limit_gets_the_time_to_wait() -> None:
    client = placing(new_order())
    for number in range(5):
        order = new_order()
        client.places(order)
        client.initiates(order.pk, f"071200000{number}")
    order = new_order()
    client.places(order)

    answer = client.initiates(order.pk, "0712345678")

    assert (answer.status_code, answer.json()["errors"]) == (429, {})
    assert 3500 < int(answer["Retry-After"]) <= 3600
