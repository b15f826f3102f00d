"""The ``check_status`` endpoint of the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaAllocation, MpesaPayment
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.refunds import record_refund
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


def start(client: ApiClient, order: Any, phone: str = NUMBER) -> MpesaPayment:
    return MpesaPayment.objects.get(pk=client.initiates(order.pk, phone).json()["payment_id"])


def test_paid_payment_returns_the_documented_body(client: ApiClient, order: Any) -> None:
    payment = pay(start(client, order), now=timezone.now())

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
        "order_paid": True,
        "balance": "0.00",
    }
    assert answer["X-Mpesa-Environment"] == "simulated"


def test_pending_payment_has_no_reference_and_no_end(client: ApiClient, order: Any) -> None:
    payment = start(client, order)

    now = client.checks(payment.pk).json()

    assert (now["status"], now["transaction_reference"], now["completed_at"]) == ("processing", None, None)
    assert now["message"] == "Waiting for M-PESA. If the prompt is on the phone, enter the PIN there."
    assert (now["can_retry"], now["order_paid"], now["balance"]) == (False, False, "89.00")


@pytest.mark.parametrize(
    ("phone", "status", "sentence"),
    [
        ("0708374150", "failed", "There isn't enough money on that number."),
        ("0708374151", "cancelled", "The prompt was canceled"),
    ],
    ids=["no funds", "cancelled"],
)
def test_poll_in_test_mode_ends_the_payment(
    client: ApiClient, order: Any, phone: str, status: str, sentence: str
) -> None:
    payment = start(client, order, phone)
    age(6)

    now = client.checks(payment.pk).json()

    assert (now["status"], now["can_retry"]) == (status, True)
    assert sentence in now["message"]


def test_poll_queries_safaricom_only_when_due(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    order = new_order()
    wire = ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})
    with replaced_transport(wire):
        payment = start(placing(order), order)
        early = holding(order).checks(payment.pk).json()
        MpesaPayment.objects.update(next_query_at=timezone.now())

        late = [holding(order).checks(payment.pk).json() for _ in range(2)]

    assert {each["status"] for each in (early, *late)} == {"processing"}
    assert len(wire.sent("query")) == 1


def test_unanswered_prompt_expires(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    order = new_order()
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED], "query": [query_reply("4999")]})):
        payment = start(placing(order), order)
        age(151)

        now = holding(order).checks(payment.pk).json()

    assert (now["status"], now["can_retry"]) == ("expired", True)
    assert "don't pay again" in now["message"]


def test_earlier_payment_comes_with_the_orders_current_message(client: ApiClient, order: Any) -> None:
    first = start(client, order, "0708374151")
    age(6)
    client.checks(first.pk)
    second = start(client, order)

    now = client.checks(first.pk).json()

    assert (now["id"], now["status"], now["phone_number"]) == (first.pk, "cancelled", "254708374151")
    assert now["can_retry"] is False
    assert now["message"].startswith("Waiting for M-PESA.")
    assert client.checks(second.pk).json()["id"] == second.pk


def test_poll_of_an_earlier_payment_ends_the_later_one(client: ApiClient, order: Any) -> None:
    first = start(client, order, "0708374151")
    age(6)
    client.checks(first.pk)
    start(client, order)
    age(6)

    now = client.checks(first.pk).json()

    assert (now["status"], now["can_retry"]) == ("cancelled", False)
    assert "Payment received. Thank you!" in now["message"]


def test_order_is_paid_although_the_shops_books_are_not_written(client: ApiClient, order: Any) -> None:
    payment = pay(start(client, order), now=timezone.now())
    MpesaAllocation.objects.update(booked_at=None, error="the shop's own receiver")

    now = client.checks(payment.pk).json()

    assert (now["message"], now["can_retry"]) == ("Payment received. Thank you!", False)
    assert (now["order_paid"], now["balance"]) == (True, "0.00")


def test_order_whose_money_was_refunded_is_not_to_be_delivered(client: ApiClient, order: Any, admin_user: Any) -> None:
    payment = pay(start(client, order), now=timezone.now())
    refund = {"code": "cash", "by": admin_user, "now": timezone.now()}
    record_refund(payment.receipts.get(), amount=Decimal(80), **refund)
    in_part = client.checks(payment.pk).json()
    record_refund(payment.receipts.get(), amount=Decimal(9), **refund)

    in_full = client.checks(payment.pk).json()

    assert (in_part["order_paid"], in_full["order_paid"], in_full["status"]) == (True, False, "completed")


def test_wrong_amount_is_not_completed_until_staff_decide(client: ApiClient, order: Any) -> None:
    payment = start(client, order)
    post(payment, success(payment, amount=80), now=timezone.now())

    now = client.checks(payment.pk).json()

    assert (now["status"], now["transaction_reference"], now["can_retry"]) == ("processing", "OD123ABC45", False)
    assert (now["amount"], now["order_paid"], now["balance"]) == ("89.00", False, "89.00")
    assert now["message"].startswith("KSh 80 arrived; the prompt asked for KSh 89.")


def test_wrong_amount_leaves_the_status_of_an_earlier_part_payment(client: ApiClient, order: Any) -> None:
    first = start(client, order)
    type(order).objects.update(total_incl_tax=189, total_excl_tax=189)
    pay(first, now=timezone.now())
    age(600)
    second = start(client, order, "0712345678")
    post(second, success(second, number="OD222BBB22", amount=70), now=timezone.now())

    earlier, later = (client.checks(each.pk).json() for each in (first, second))

    assert (earlier["status"], earlier["transaction_reference"]) == ("completed", "OD123ABC45")
    assert (later["status"], later["transaction_reference"]) == ("processing", "OD222BBB22")
    assert (later["order_paid"], later["balance"]) == (False, "100.00")


def test_part_payment_leaves_a_balance_that_the_next_prompt_asks_for(
    client: ApiClient, order: Any, admin_user: Any
) -> None:
    first = start(client, order)
    post(first, failure(first), now=timezone.now())
    now = timezone.now()
    record_claim("OD555EEE55", Decimal(39), order=order, by=admin_user, note="statement", now=now)
    before = client.checks(first.pk).json()

    second = client.initiates(order.pk, "0712345678").json()

    after = client.checks(first.pk).json()
    assert (before["status"], before["amount"], before["transaction_reference"]) == ("cancelled", "89.00", None)
    assert (before["can_retry"], before["order_paid"], before["balance"]) == (True, False, "50.00")
    assert before["message"] == "KSh 39 of KSh 89 is recorded. KSh 50 is left to pay."
    assert (second["success"], second["amount"]) == (True, 50)
    assert (after["can_retry"], after["balance"]) == (False, "50.00")


def test_message_warns_of_a_late_prompt(client: ApiClient, order: Any) -> None:
    first = start(client, order)
    post(first, failure(first, code=1037), now=timezone.now())
    second = start_with_another_phone(order)

    now = client.checks(second.pk).json()

    assert "If another prompt comes, press Cancel." in now["message"]


def start_with_another_phone(order: Any) -> MpesaPayment:
    """Start a payment with another phone while the simulator has no result for the first one."""
    return new_payment(order, phone=ANOTHER, now=timezone.now())


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_wrong_http_method_is_refused_in_json(client: ApiClient, method: str) -> None:
    answer = getattr(client.client, method)("/api/payments/1/check_status/")

    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "GET", "application/json")


# Query counts of a poll, including the session and the user.


@pytest.mark.parametrize("paid", [False, True], ids=["waiting", "paid"])
def test_poll_in_the_placing_session_costs_two_queries(client: ApiClient, order: Any, paid: bool) -> None:
    payment = start(client, order)
    if paid:
        pay(payment, now=timezone.now())
    client.checks(payment.pk)

    with counted() as count:
        client.checks(payment.pk)

    assert len(count) <= 2 + paid, str(count)


def test_poll_of_a_signed_in_user_costs_three_queries(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")
    payment = new_payment(new_order(user=user), now=timezone.now())
    elsewhere = ApiClient().signs_in(user)

    with counted() as count:
        answer = elsewhere.checks(payment.pk)

    assert answer.status_code == 200
    assert len(count) <= 3, str(count)


def test_poll_with_a_token_costs_one_query() -> None:
    payment = new_payment(now=timezone.now())
    client = holding(payment.mpesa_order.order)

    with counted() as count:
        client.checks(payment.pk)

    assert len(count) <= 1, str(count)


def _utc(moment: Any) -> str:
    text: str = moment.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
