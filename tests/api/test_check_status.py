"""What became of a payment, as a client without pages reads it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.api.client import NUMBER, ApiClient, age, holding, placing
from tests.query_counts import counted
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import ANOTHER, failure, new_order, new_payment, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order() -> Any:
    return new_order(total="89.00")


@pytest.fixture
def client(order: Any) -> ApiClient:
    return placing(order)


def started(client: ApiClient, order: Any, phone: str = NUMBER) -> MpesaPayment:
    return MpesaPayment.objects.get(pk=client.initiates(order.pk, phone).json()["payment_id"])


def test_a_paid_payment_is_told_as_promised(client: ApiClient, order: Any) -> None:
    payment = pay(started(client, order), now=timezone.now())

    answer = client.checks(payment.pk)

    assert answer.status_code == 200
    assert answer.json() == {
        "id": payment.pk,
        "status": "completed",
        "amount": "89.00",
        "transaction_reference": "OD123ABC45",
        "phone_number": NUMBER,
        "created_at": _utc(payment.created_at),
        "completed_at": _utc(payment.completed_at),
        "message": "Payment received. Thank you!",
        "can_retry": False,
    }
    assert answer["X-Mpesa-Environment"] == "simulated"


def test_a_request_on_the_phone_has_no_reference_and_no_end_yet(client: ApiClient, order: Any) -> None:
    payment = started(client, order)

    now = client.checks(payment.pk).json()

    assert (now["status"], now["transaction_reference"], now["completed_at"]) == ("processing", None, None)
    assert now["message"] == "Waiting for M-PESA. If the request is on the phone, enter the PIN there."
    assert now["can_retry"] is False


@pytest.mark.parametrize(
    ("phone", "status", "sentence"),
    [
        ("0708374150", "failed", "There is not enough money in that M-PESA."),
        ("0708374151", "cancelled", "The request was cancelled"),
    ],
    ids=["no funds", "cancelled"],
)
def test_in_test_mode_a_poll_brings_the_end(
    client: ApiClient, order: Any, phone: str, status: str, sentence: str
) -> None:
    payment = started(client, order, phone)
    age(6)

    now = client.checks(payment.pk).json()

    assert (now["status"], now["can_retry"]) == (status, True)
    assert sentence in now["message"]


def test_safaricom_is_asked_when_a_question_is_due_and_not_again_at_once(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    order = new_order()
    wire = ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})
    with replaced_transport(wire):
        payment = started(placing(order), order)
        early = holding(order).checks(payment.pk).json()
        MpesaPayment.objects.update(next_query_at=timezone.now())

        late = [holding(order).checks(payment.pk).json() for _ in range(2)]

    assert {each["status"] for each in (early, *late)} == {"processing"}
    assert len(wire.sent("query")) == 1


def test_a_prompt_whose_clock_ran_out_has_expired(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    order = new_order()
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})):
        payment = started(placing(order), order)
        age(151)

        now = holding(order).checks(payment.pk).json()

    assert (now["status"], now["can_retry"]) == ("expired", True)
    assert "do not pay again" in now["message"]


def test_an_earlier_attempt_is_told_with_what_the_order_waits_for_now(client: ApiClient, order: Any) -> None:
    first = started(client, order, "0708374151")
    age(6)
    client.checks(first.pk)
    second = started(client, order)

    now = client.checks(first.pk).json()

    assert (now["id"], now["status"], now["phone_number"]) == (first.pk, "cancelled", "254708374151")
    assert now["can_retry"] is False
    assert now["message"].startswith("Waiting for M-PESA.")
    assert client.checks(second.pk).json()["id"] == second.pk


def test_asking_for_an_earlier_attempt_brings_the_later_ones_end_too(client: ApiClient, order: Any) -> None:
    first = started(client, order, "0708374151")
    age(6)
    client.checks(first.pk)
    started(client, order)
    age(6)

    now = client.checks(first.pk).json()

    assert (now["status"], now["can_retry"]) == ("cancelled", False)
    assert "Payment received. Thank you!" in now["message"]


def test_money_that_is_not_in_the_books_yet_is_not_asked_for_again(client: ApiClient, order: Any) -> None:
    payment = pay(started(client, order), now=timezone.now())
    MpesaReceipt.objects.update(allocation=Allocation.UNALLOCATED, error="the shop's own receiver")

    now = client.checks(payment.pk).json()

    assert now["message"] == "Your KSh 89 arrived. We are finishing your order; do not pay again."
    assert now["can_retry"] is False


def test_another_amount_is_told_with_its_reference_and_is_no_success(client: ApiClient, order: Any) -> None:
    payment = started(client, order)
    post(payment, success(payment, amount=80), now=timezone.now())

    now = client.checks(payment.pk).json()

    assert (now["status"], now["transaction_reference"], now["can_retry"]) == ("processing", "OD123ABC45", False)
    assert "80" in now["message"]


def test_a_request_that_may_follow_is_warned_of(client: ApiClient, order: Any) -> None:
    first = started(client, order)
    post(first, failure(first, code=1037), now=timezone.now())
    second = started_elsewhere(order)

    now = client.checks(second.pk).json()

    assert "If another request comes, press Cancel." in now["message"]


def started_elsewhere(order: Any) -> MpesaPayment:
    """Another phone is asked, while the simulator knows nothing of the first one's end."""
    return new_payment(order, phone=ANOTHER, now=timezone.now())


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_another_method_is_refused_in_json(client: ApiClient, method: str) -> None:
    answer = getattr(client.client, method)("/api/payments/1/check_status/")

    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "GET", "application/json")


# What a poll costs, its session and its user included.


@pytest.mark.parametrize("paid", [False, True], ids=["waiting", "paid"])
def test_a_poll_in_the_placing_session_costs_two_queries_and_one_more_once_there_is_money(
    client: ApiClient, order: Any, paid: bool
) -> None:
    payment = started(client, order)
    if paid:
        pay(payment, now=timezone.now())
    client.checks(payment.pk)

    with counted() as count:
        client.checks(payment.pk)

    assert len(count) <= 2 + paid, str(count)


def test_a_poll_of_the_signed_in_user_elsewhere_costs_three(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    payment = new_payment(new_order(user=user), now=timezone.now())
    elsewhere = ApiClient().signs_in(user)

    with counted() as count:
        answer = elsewhere.checks(payment.pk)

    assert answer.status_code == 200
    assert len(count) <= 3, str(count)


def test_a_poll_with_a_token_costs_one() -> None:
    payment = new_payment(now=timezone.now())
    client = holding(payment.mpesa_order.order)

    with counted() as count:
        client.checks(payment.pk)

    assert len(count) <= 1, str(count)


def _utc(moment: Any) -> str:
    text: str = moment.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
