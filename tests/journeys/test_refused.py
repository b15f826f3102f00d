"""Journeys on which Daraja refuses, fails or is silent: an unsent push may be sent again, others pass_time."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.core.cache import cache

from oscar_mpesa.daraja.transport import Response
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.repeated_prompts import next_push_allowed_at
from oscar_mpesa.simulator.replies import RATE_LIMIT, UNKNOWN_MERCHANT, Refusal, Reply, invalid, json_reply
from oscar_mpesa.simulator.server import Simulator
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import page as scripted_page
from tests.journeys.conftest import pass_time, replying
from tests.page_html import html_of
from tests.shop import ANOTHER, new_product
from tests.shopper import Shopper
from tests.transports import ImpatientTransport

#: A gateway's page instead of a reply.
PAGE = Reply(body=b"<html><body>Request unsuccessful. Incapsula incident</body></html>")

NO_TOKEN = Response(status=500, headers={}, body=b"")
NO_PROXY = Reply(
    status=404,
    body=b'{"fault":{"faultstring":"Unable to identify proxy for host: x and url: /y",'
    b'"detail":{"errorcode":"messaging.adaptors.http.flow.ApplicationNotFound"}}}',
)
BAD_AMOUNT = invalid("Amount").reply
BAD_NUMBER = invalid("PhoneNumber").reply
SYSTEM_BUSY = Refusal(status=500, code="500.003.02", message="System is busy. Please try again in few minutes.").reply
INTERNAL = Refusal(status=500, code="500.003.1001", message="Internal Server Error").reply


def page_text(shopper: Shopper, page: str) -> str:
    return html_of(shopper.client.get(page))


@pytest.mark.parametrize(
    ("reply", "code", "sentence"),
    [
        pytest.param(BAD_NUMBER, "number-refused", "Check it, or pay from another number.", id="400 bad number"),
        pytest.param(BAD_AMOUNT, "amount-refused", "M-PESA didn't accept this amount", id="400 bad amount"),
        pytest.param(NO_PROXY, "misconfigured", "This shop can't take M-PESA right now.", id="404 of the gateway"),
        pytest.param(json_reply(ResponseCode="1"), "refused", "so nothing was sent to the phone", id="200 refused"),
        pytest.param(RATE_LIMIT, "busy", "M-PESA is busy", id="429 rate limit"),
        pytest.param(SYSTEM_BUSY, "busy", "M-PESA is busy", id="500 system busy"),
        pytest.param(
            UNKNOWN_MERCHANT.reply, "misconfigured", "This shop can't take M-PESA right now.", id="500 no merchant"
        ),
    ],
)
def test_refused_push_shows_its_own_message(
    daraja: Simulator, shopper: Shopper, reply: Reply, code: str, sentence: str
) -> None:
    daraja.script(replying(reply))

    page = shopper.buys(new_product())["Location"]

    payment = MpesaPayment.objects.get()
    assert (payment.status, payment.result_code) == ("failed", code)
    assert sentence in page_text(shopper, page)
    assert shopper.order().status == "Pending payment"
    assert (len(daraja.pushes), daraja.tokens_given) == (1, 1)


def test_same_phone_may_be_prompted_at_once_after_a_refused_push(daraja: Simulator, shopper: Shopper) -> None:
    daraja.script(replying(BAD_NUMBER))
    page = shopper.buys(new_product())["Location"]

    shopper.client.post(f"{page}retry/", {"again": "yes"})
    daraja.call_back(daraja.pushes[1])

    assert "Paid. Thank you!" in page_text(shopper, page)
    assert [payment.status for payment in MpesaPayment.objects.order_by("pk")] == ["failed", "completed"]


def test_after_a_busy_reply_only_another_phone_may_be_prompted_at_once(daraja: Simulator, shopper: Shopper) -> None:
    daraja.script(replying(RATE_LIMIT))
    page = shopper.buys(new_product())["Location"]
    busy = MpesaPayment.objects.get()

    shopper.client.post(f"{page}retry/", {"again": "yes"})
    sent_to_the_same = len(daraja.pushes)
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})

    assert sent_to_the_same == 1
    assert len(daraja.pushes) == 2
    assert next_push_allowed_at(busy, phone=busy.phone_number) is not None
    assert next_push_allowed_at(busy, phone=ANOTHER) is None


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(PAGE, id="200 with a page"),
        pytest.param(Reply(status=403, body=PAGE.body), id="403 of the firewall"),
        pytest.param(Reply(status=503, body=PAGE.body), id="503 with a page"),
        pytest.param(INTERNAL, id="500 internal error"),
        pytest.param(Reply(status=500), id="500 and nothing"),
        pytest.param(json_reply(ResponseCode="0"), id="accepted without an id"),
        pytest.param(json_reply(ResultDesc="?"), id="200 with something else"),
    ],
)
def test_unclear_reply_waits_for_the_callback_and_sends_no_second_push(
    daraja: Simulator, shopper: Shopper, reply: Reply
) -> None:
    daraja.script(replying(reply))
    page = shopper.buys(new_product())["Location"]
    unknown = MpesaPayment.objects.get()
    shopper.client.post(f"{page}retry/", {"again": "yes"})
    waiting = page_text(shopper, page)

    daraja.call_back(daraja.pushes[0])

    assert (unknown.status, unknown.checkout_request_id) == ("processing", None)
    assert "<title>Enter your M-PESA PIN on 0708 374 149 |" in waiting
    assert daraja.pushes[0].receipt_number in page_text(shopper, page)
    assert len(daraja.pushes) == 1


def test_unanswered_push_may_be_sent_again_when_it_expires(daraja: Simulator, shopper: Shopper) -> None:
    daraja.script(replying(PAGE))
    page = shopper.buys(new_product())["Location"]
    pass_time(151)
    ended = page_text(shopper, page)

    shopper.client.post(f"{page}retry/", {"again": "yes"})

    assert "No answer yet" in ended
    assert (len(daraja.pushes), len(daraja.queries)) == (2, 0)


def test_unreachable_daraja_is_shown_at_once_and_the_order_stays_payable(
    daraja: Simulator, shopper: Shopper, settings: Any
) -> None:
    open_url = daraja.url
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "BASE_URL": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        page = shopper.buys(new_product())["Location"]
    unsent = MpesaPayment.objects.get()
    text = page_text(shopper, page)
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "BASE_URL": open_url}

    shopper.client.post(f"{page}retry/", {"again": "yes"})

    assert (unsent.status, unsent.result_code) == ("failed", "not-sent")
    assert "The prompt wasn't sent to the phone. Send it again." in text
    assert len(daraja.pushes) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param(Response(status=429, headers={}, body=RATE_LIMIT.body), "busy", id="429"),
        pytest.param(scripted_page(PAGE.body.decode()), "not-sent", id="a page"),
        pytest.param(NO_TOKEN, "not-sent", id="500"),
    ],
)
def test_without_a_token_no_push_is_sent(shopper: Shopper, reply: Response, code: str) -> None:
    transport = ScriptedTransport({"oauth": [reply] * 3})

    with replaced_transport(transport):
        shopper.buys(new_product())

    payment = MpesaPayment.objects.get()
    assert (payment.status, payment.result_code) == ("failed", code)
    assert shopper.order().status == "Pending payment"
    assert transport.sent("oauth") != [] and transport.sent("push") == []


def test_rejected_credentials_send_no_push_and_show_a_message(
    daraja: Simulator, shopper: Shopper, settings: Any
) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "CONSUMER_KEY": "key of production"}

    page = shopper.buys(new_product())["Location"]

    assert "This shop can't take M-PESA right now." in page_text(shopper, page)
    assert (MpesaPayment.objects.get().result_code, daraja.pushes) == ("misconfigured", [])
    assert daraja.problems.pop() == "wrong consumer key or secret"


def test_expired_token_is_renewed_and_the_push_is_sent_once(daraja: Simulator) -> None:
    Shopper().buys(new_product())
    daraja.end_token()

    Shopper().buys(new_product())

    assert len(daraja.pushes) == 2
    assert daraja.tokens_given == 2
    assert [payment.status for payment in MpesaPayment.objects.all()] == ["processing"] * 2


def test_slow_reply_is_not_awaited_and_its_callback_pays(daraja: Simulator, shopper: Shopper) -> None:
    Shopper().buys(new_product())
    daraja.slow_for = 1.8
    daraja.script("slow")

    with replaced_transport(ImpatientTransport(read=0.5)):
        page = shopper.buys(new_product())["Location"]

    slow = MpesaPayment.objects.latest("pk")
    daraja.call_back(daraja.pushes[1])
    assert (slow.status, slow.checkout_request_id) == ("processing", None)
    assert daraja.pushes[1].receipt_number in page_text(shopper, page)


def test_failed_query_changes_nothing(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    pass_time(21)
    daraja.end_token()
    cache.clear()

    with replaced_transport(ScriptedTransport({"oauth": [NO_TOKEN] * 3})):
        state = shopper.client.get(f"{page}status/").json()["state"]

    assert state == "enter-pin"
    assert MpesaPayment.objects.get().status == "processing"
    assert MpesaPayment.objects.get().query_count == 1


NOTHING = dict.fromkeys(("CONSUMER_KEY", "CONSUMER_SECRET", "SHORTCODE", "PASSKEY", "CALLBACK_URL"), "")
PRODUCTION = {"ENVIRONMENT": "production", "BASE_URL": "", "TEST_MODE": False}
FAULTS: dict[str, dict[str, Any]] = {
    "no credentials and no test mode": {**NOTHING, "TEST_MODE": False},
    "half the credentials": {"CONSUMER_SECRET": ""},
    "no callback address": {"CALLBACK_URL": ""},
    "a callback address with a query": {"CALLBACK_URL": "https://shop.example/hooks?shop=1"},
    "a sandbox without test mode": {"TEST_MODE": False},
    "production at another host": {"ENVIRONMENT": "production", "TEST_MODE": False},
    "production in test mode": {**PRODUCTION, "TEST_MODE": True},
    "production with an http callback": PRODUCTION,
    "production with the sandbox's short code": {
        **PRODUCTION,
        "CALLBACK_URL": "https://shop.example/hooks",
        "SHORTCODE": "174379",
    },
    "switched off": {"AVAILABLE_TO": "nobody"},
}


def test_shop_with_wrong_settings_does_not_offer_mpesa(daraja: Simulator, shopper: Shopper, settings: Any) -> None:
    right = settings.OSCAR_MPESA
    shopper.puts_in_basket(new_product()).gives_address()

    responses = {}
    for fault, changes in FAULTS.items():
        settings.OSCAR_MPESA = {**right, **changes}
        responses[fault] = shopper.chooses("mpesa")
    settings.OSCAR_MPESA = right

    assert {fault: answer.status_code for fault, answer in responses.items()} == dict.fromkeys(FAULTS, 422)
    assert [fault for fault, answer in responses.items() if 'value="mpesa"' in html_of(answer)] == []
    assert shopper.chooses("mpesa").status_code == 302
    assert (daraja.tokens_given, daraja.pushes) == (0, [])


def test_settings_that_break_before_the_order_send_no_push(daraja: Simulator, shopper: Shopper, settings: Any) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "PASSKEY": ""}

    answer = shopper.places_order()

    assert answer.status_code == 302
    assert shopper.order() is None
    assert (daraja.tokens_given, daraja.pushes) == (0, [])
