"""Send an STK push once, after the commit; an unknown outcome stays unknown (M1, M2, M15)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaApiCall, MpesaEvent, MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.status_query import query_status
from oscar_mpesa.services.stk_push import send_stk_push
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply, refusal
from tests.shop import NOON, PAYS, later, new_order, new_payment, new_staff_user, post, success

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def prompted(*script: Any, endpoint: str = "push") -> tuple[MpesaPayment, ScriptedTransport]:
    transport = ScriptedTransport({endpoint: script})
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    with replaced_transport(transport):
        send_stk_push(payment, now=NOON)
    payment.refresh_from_db()
    return payment, transport


def test_push_carries_the_order_s_total_and_number() -> None:
    payment, transport = prompted(ACCEPTED)

    (sent,) = transport.sent("push")
    assert (sent["Amount"], sent["PhoneNumber"], sent["PartyB"]) == (1500, "254708374149", "174379")
    assert sent["AccountReference"][:-1] == payment.mpesa_order.order.number  # and a check character
    assert sent["CallBackURL"] == f"https://shop.example.com/api/payments/hooks/{payment.secret}/"
    assert (payment.status, payment.checkout_request_id) == ("processing", ACCEPTED["CheckoutRequestID"])
    assert (payment.push_sent_at, payment.next_query_at) == (NOON, later(20))


def test_stored_call_contains_no_secret() -> None:
    payment, _ = prompted(ACCEPTED)

    kept = json.dumps([[call.request, call.reply, call.error] for call in MpesaApiCall.objects.all()])

    assert list(MpesaApiCall.objects.order_by("pk").values_list("endpoint", flat=True)) == ["oauth", "push"]
    for secret in ("secret-of-the-app", "passkey-of-the-app", payment.secret, "254708374149", "708374149", "token-1"):
        assert secret not in kept


def test_payment_is_pushed_once() -> None:
    payment, transport = prompted(ACCEPTED)

    with replaced_transport(transport):
        send_stk_push(payment, now=later(1))

    assert len(transport.sent("push")) == 1


def test_payment_that_waited_a_minute_is_not_sent() -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    transport = ScriptedTransport({"push": [ACCEPTED]})

    with replaced_transport(transport):
        send_stk_push(payment, now=later(60))

    payment.refresh_from_db()
    assert transport.requests == []
    assert payment.status == "pending"


def test_late_prompt_leaves_four_minutes_to_pay() -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    MpesaOrder.objects.update(pay_before=later(60))
    payment.mpesa_order.refresh_from_db()

    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        send_stk_push(payment, now=later(30))

    assert MpesaOrder.objects.get().pay_before == later(30 + 240)


@pytest.mark.parametrize(
    ("answer", "kind", "error"),
    [
        (refusal("500.003.02", "System is busy", status=500), "busy", "System is busy (500.003.02)"),
        (DarajaUnreachable("sent to 254708374149"), "unreachable", "sent to •••149"),
        (ACCEPTED, "", ""),
    ],
    ids=["busy", "no answer", "accepted"],
)
def test_failed_call_is_stored_with_its_kind(answer: Any, kind: str, error: str) -> None:
    prompted(answer)

    calls = list(MpesaApiCall.objects.order_by("pk").values_list("endpoint", "error_kind", "error"))
    assert calls == [("oauth", "", ""), ("push", kind, error)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal("400.002.02", "Bad Request - Invalid PhoneNumber", status=400), "number-refused"),
        (refusal("400.002.02", "Bad Request - Invalid Amount", status=400), "amount-refused"),
        (refusal("404.001.04", "Invalid Authentication Header", status=404), "misconfigured"),
        ({**ACCEPTED, "ResponseCode": "1"}, "refused"),
        (refusal("500.003.02", "System is busy", status=500), "busy"),
        (refusal("500.001.1001", "Merchant does not exist", status=500), "misconfigured"),
        (DarajaUnreachable("connection refused", sent=False), "not-sent"),
    ],
    ids=["number", "amount", "header", "response code", "busy", "merchant unknown", "never left"],
)
def test_push_that_was_surely_not_sent_fails_with_its_own_code(answer: Any, code: str) -> None:
    payment, _ = prompted(answer)

    assert (payment.status, payment.result_code, payment.live_order) == ("failed", code, None)


@pytest.mark.parametrize(
    "answer",
    [
        DarajaUnreachable("read timed out"),
        Response(status=200, headers={}, body=b"<html>Incident 5</html>"),
        Response(status=200, headers={}, body=b'{"MerchantRequestID": "1", "Checkout'),
        refusal("500.003.1001", "Internal Server Error", status=500),
        Response(status=403, headers={}, body=b"<html>Request blocked</html>"),
    ],
    ids=["no answer", "html", "cut off", "internal error", "firewall"],
)
def test_push_of_unknown_outcome_waits_for_its_callback_and_a_query(answer: Any) -> None:
    payment, transport = prompted(answer)
    waiting = payment.status, payment.checkout_request_id

    post(payment, success(payment, checkout_id="ws_CO_of_the_callback"), now=later(9), confirmed=False)
    payment.refresh_from_db()
    paid = {**query_reply("0"), "CheckoutRequestID": "ws_CO_of_the_callback"}
    with replaced_transport(ScriptedTransport([paid])):
        query_status(payment, now=later(10))

    payment.refresh_from_db()
    assert waiting == ("processing", None)
    assert (payment.status, payment.checkout_request_id) == ("completed", "ws_CO_of_the_callback")
    assert MpesaEvent.objects.filter(type="push_unanswered").count() == 1
    assert len(transport.sent("push")) == 1


def test_rejected_token_is_renewed_and_the_push_sent_again() -> None:
    payment, transport = prompted(refusal("404.001.03", "Invalid Access Token", status=404), ACCEPTED)

    assert payment.status == "processing"
    assert (len(transport.sent("oauth")), len(transport.sent("push"))) == (2, 2)


def test_two_orders_share_one_token() -> None:
    another = {**ACCEPTED, "CheckoutRequestID": "ws_CO_2", "MerchantRequestID": "29115-2"}
    transport = ScriptedTransport({"push": [ACCEPTED, another]})

    with replaced_transport(transport):
        first, second = new_payment(), new_payment()

    assert (first.status, second.status, len(transport.sent("oauth"))) == ("processing", "processing", 1)


@pytest.mark.django_db(transaction=True)
def test_reply_with_another_payment_s_id_does_not_take_it_over() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED, {**ACCEPTED, "MerchantRequestID": "29115-2"}]})

    with replaced_transport(transport):
        first, second = new_payment(), new_payment()

    assert first.checkout_request_id == ACCEPTED["CheckoutRequestID"]
    assert (second.status, second.checkout_request_id) == ("processing", None)
    assert MpesaEvent.objects.filter(type="push_id_repeated").count() == 1


def test_repeated_merchant_id_takes_nothing_from_the_second_payment() -> None:
    transport = ScriptedTransport({"push": [ACCEPTED, {**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]})
    with replaced_transport(transport):
        new_payment()
        second = new_payment()

    post(second, success(second))

    second.refresh_from_db()
    assert (second.checkout_request_id, second.status) == ("ws_CO_2", "completed")


def test_reply_after_the_callback_only_adds_missing_ids() -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    transport = CallsBackFirst(payment)

    with replaced_transport(transport):
        send_stk_push(payment, now=NOON)

    payment.refresh_from_db()
    assert (payment.status, payment.checkout_request_id) == ("completed", ACCEPTED["CheckoutRequestID"])


class CallsBackFirst(ScriptedTransport):
    """Post the callback before the push's own reply."""

    def __init__(self, payment: MpesaPayment) -> None:
        super().__init__({"push": [ACCEPTED]})
        self.payment = payment

    def send(self, request: Any) -> Response:
        """Post the callback while the push waits for its reply."""
        response = super().send(request)
        if self.sent("push"):
            post(self.payment, success(self.payment, checkout_id=ACCEPTED["CheckoutRequestID"]))
        return response


def test_payment_of_another_environment_is_not_sent(settings: Any) -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)
    transport = ScriptedTransport({"push": [ACCEPTED]})
    settings.OSCAR_MPESA = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}

    with replaced_transport(transport):
        send_stk_push(payment, now=later(1))

    payment.refresh_from_db()
    assert transport.requests == []
    assert (payment.status, payment.result_code) == ("failed", "misconfigured")


def test_default_transport_uses_http(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "BASE_URL": "http://127.0.0.1:9"}

    payment = new_payment()

    assert (payment.status, payment.result_code) == ("failed", "not-sent")


@pytest.mark.django_db(transaction=True)
def test_push_inside_a_transaction_raises() -> None:
    payment = start_payment(new_order(), phone=PAYS, now=NOON)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        send_stk_push(payment, now=NOON)


def test_push_of_a_closed_order_is_not_sent() -> None:
    payment = new_payment(sent=False)
    close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(1))

    send_stk_push(payment, now=later(2))

    payment.refresh_from_db()
    assert (payment.status, payment.push_sent_at) == ("pending", None)
