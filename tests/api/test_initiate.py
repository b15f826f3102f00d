"""The ``initiate_mpesa`` endpoint of the API, and all of its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.api.client import NUMBER, ApiClient, age, holding, placing
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, refusal
from tests.shop import ANOTHER, failure, new_order, new_payment, post

pytestmark = pytest.mark.django_db(transaction=True)

SENT = "STK Push sent to your phone. Please enter your M-Pesa PIN."


@contextmanager
def safaricom(settings: Any, *pushes: Any) -> Iterator[ScriptedTransport]:
    settings.OSCAR_MPESA = CREDENTIALS
    transport = ScriptedTransport({"push": pushes})
    with replaced_transport(transport):
        yield transport


def test_first_payment_returns_the_documented_body(settings: Any) -> None:
    order = new_order(total="90.00")

    with safaricom(settings, ACCEPTED) as wire:
        answer = placing(order).initiates(order.pk)

    payment = MpesaPayment.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": SENT,
        "payment_id": payment.pk,
        "order_id": order.pk,
        "amount": 90,
        "phone_number": NUMBER,
        "checkout_request_id": ACCEPTED["CheckoutRequestID"],
    }
    assert len(wire.sent("push")) == 1
    assert (payment.status, payment.phone) == ("processing", NUMBER)


def test_first_payment_stores_session_language_and_address() -> None:
    order, client = new_order(), ApiClient(**{"Accept-Language": "sw"})

    client.places(order).passes_csrf().initiates(order.pk)

    mpesa_order = MpesaOrder.objects.get()
    assert (mpesa_order.language, mpesa_order.address) == ("sw", "127.0.0.1")
    assert len(mpesa_order.session_digest) == 64


@pytest.mark.parametrize("end", ["", "/"], ids=["no slash", "slash"])
def test_both_urls_work_with_and_without_a_trailing_slash(end: str) -> None:
    order = new_order()
    client = holding(order)

    started = client.posts(
        f'{{"order_id": {order.pk}, "phone_number": "{NUMBER}"}}', to=f"/api/payments/initiate_mpesa{end}"
    )
    checked = client.client.get(
        f"/api/payments/{started.json()['payment_id']}/check_status{end}", headers=client.headers
    )

    assert (started.status_code, checked.status_code) == (200, 200)


@pytest.mark.parametrize("phone", ["0708 374 149", "+254708374149", 254708374149], ids=["local", "abroad", "a number"])
def test_phone_may_be_in_any_common_format(phone: Any) -> None:
    order = new_order()

    answer = placing(order).initiates(order.pk, phone)

    assert answer.json()["phone_number"] == NUMBER


def test_missing_reply_is_202_and_processing(settings: Any) -> None:
    order = new_order()

    with safaricom(settings, DarajaUnreachable("read timed out")):
        answer = placing(order).initiates(order.pk)

    body = answer.json()
    assert answer.status_code == 202
    assert (body["status"], body["checkout_request_id"], body["success"]) == ("processing", None, True)
    assert body["message"].startswith("Waiting for M-PESA.")


@pytest.mark.parametrize(
    ("reply", "sentence", "wait"),
    [
        pytest.param(
            refusal("400.002.02", "Bad Request - Invalid PhoneNumber", status=400),
            "nothing was sent",
            None,
            id="refused",
        ),
        pytest.param(Response(status=429, headers={}, body=b"{}"), "M-PESA is busy.", "60", id="busy"),
    ],
)
def test_push_that_was_not_sent_is_503(settings: Any, reply: Response, sentence: str, wait: str | None) -> None:
    order = new_order()

    with safaricom(settings, reply):
        answer = placing(order).initiates(order.pk)

    assert answer.status_code == 503
    assert sentence in answer.json()["message"]
    assert answer.headers.get("Retry-After") == wait


def test_double_click_starts_one_payment_and_returns_its_id(settings: Any) -> None:
    order = new_order()
    client = placing(order)

    with safaricom(settings, ACCEPTED) as wire:
        first, second = client.initiates(order.pk), client.initiates(order.pk)

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["payment_id"] == first.json()["payment_id"]
    assert len(wire.sent("push")) == MpesaPayment.objects.count() == 1


def test_same_phone_must_wait_after_a_prompt_without_an_answer() -> None:
    order = new_order()
    client = placing(order)
    client.initiates(order.pk, "0708374151")
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1037), now=timezone.now())

    too_soon, another = client.initiates(order.pk, "0708374151"), client.initiates(order.pk)

    assert too_soon.status_code == 429
    assert 0 < int(too_soon["Retry-After"]) <= 60
    assert "You can send the prompt to this phone again at" in too_soon.json()["message"]
    assert another.status_code == 200
    assert MpesaOrder.objects.count() == 1 and MpesaPayment.objects.count() == 2


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        pytest.param({"status": "Pending"}, "This order isn't waiting for a payment.", id="another method"),
        pytest.param({"currency": "EUR"}, "M-PESA takes Kenya shillings only.", id="euros"),
        pytest.param({"total": "250001.00"}, "M-PESA takes at most KSh 250,000 in one payment.", id="too much"),
        pytest.param({"total": "0.00"}, "M-PESA takes KSh 1 or more.", id="free"),
    ],
)
def test_order_that_mpesa_cannot_take_is_refused(order: dict[str, str], sentence: str) -> None:
    placed = new_order(**order)  # type: ignore[arg-type]

    answer = placing(placed).initiates(placed.pk)

    assert (answer.status_code, answer.json()["message"]) == (409, sentence)
    assert not MpesaPayment.objects.exists() and not MpesaOrder.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param(b"\n", None, id="empty"),
        pytest.param(b"order_id=1&phone_number=0708374149", None, id="a form"),
        pytest.param(b"[1]", None, id="a list"),
        pytest.param(b"[" * 100_000, None, id="deeply nested"),
        pytest.param(b'{"order_id": ' + b"9" * 5_000 + b"}", None, id="a number without end"),
        pytest.param(b" " * 3_000_000, None, id="more than Django takes"),
        pytest.param(b"\xff\xfe", None, id="no text"),
        pytest.param(b'{"phone_number": "0708374149"}', "order_id", id="no order"),
        pytest.param(b'{"order_id": "1", "phone_number": "0708374149"}', "order_id", id="a text for an order"),
        pytest.param(b'{"order_id": true, "phone_number": "0708374149"}', "order_id", id="true for an order"),
        pytest.param(b'{"order_id": 1.5, "phone_number": "0708374149"}', "order_id", id="half an order"),
        pytest.param(b'{"order_id": 1}', "phone_number", id="no phone"),
        pytest.param(b'{"order_id": 1, "phone_number": {}}', "phone_number", id="an object for a phone"),
        pytest.param(b'{"order_id": 1, "phone_number": "0201234567"}', "phone_number", id="a landline"),
        pytest.param(b'{"order_id": 1, "phone_number": "\\u0000"}', "phone_number", id="a NUL for a phone"),
    ],
)
def test_invalid_body_names_the_field(body: bytes, field: str | None) -> None:
    answer = ApiClient().posts(body)

    refusal = answer.json()
    assert answer.status_code == 400
    assert list(refusal["errors"]) == ([field] if field else [])
    assert refusal["message"]


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""])
def test_only_json_is_accepted(content_type: str) -> None:
    assert ApiClient().posts(b"{}", content_type=content_type).status_code == 415


@pytest.mark.parametrize("method", ["get", "put", "delete", "head", "options"])
def test_wrong_http_method_is_refused_in_json(method: str) -> None:
    answer = getattr(ApiClient().client, method)("/api/payments/initiate_mpesa/")

    assert (answer.status_code, answer["Allow"], answer["Content-Type"]) == (405, "POST", "application/json")


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param({"TEST_MODE": True, "AVAILABLE_TO": "nobody"}, id="switched off"),
        pytest.param({"TEST_MODE": True, "AVAILABLE_TO": "staff"}, id="for staff"),
        pytest.param({}, id="test mode is not allowed"),
    ],
)
def test_unavailable_mpesa_is_503(settings: Any, ours: dict[str, Any]) -> None:
    settings.OSCAR_MPESA = ours
    order = new_order()

    answer = placing(order).initiates(order.pk)

    assert (answer.status_code, answer.json()["message"]) == (503, "This shop can't take M-PESA right now.")
    assert not MpesaPayment.objects.exists()


def test_test_payment_is_marked_in_a_header(settings: Any) -> None:
    order, another = new_order(), new_order()

    simulated = placing(order).initiates(order.pk)
    with safaricom(settings, ACCEPTED):
        sandbox = placing(another).initiates(another.pk)

    assert [answer["X-Mpesa-Environment"] for answer in (simulated, sandbox)] == ["simulated", "sandbox"]


def test_responses_are_not_cached() -> None:
    order = new_order()

    answer = placing(order).initiates(order.pk)

    assert "no-store" in answer["Cache-Control"]


def test_missed_payment_is_found_before_another_push() -> None:
    payment = new_payment(now=timezone.now())
    order = payment.mpesa_order.order
    post(payment, failure(payment, code=1037), now=timezone.now())
    age(100)

    answer = holding(order).initiates(order.pk, ANOTHER.msisdn)

    assert answer.status_code == 409
    assert MpesaPayment.objects.get().status == "completed"
