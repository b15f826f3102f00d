"""Journeys over real HTTP that end with the money: the callback is on time, early, late or missing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail
from oscar.core.loading import get_model
from pytest_django.live_server_helper import LiveServer

from oscar_mpesa.domain.references import account_reference
from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment, MpesaReceipt, ReceiptStatus, Verdict
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.scenarios import Daraja
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import pass_time
from tests.journeys.plain_browser import PlainBrowser
from tests.journeys.shop_state import post_status
from tests.page_html import html_of
from tests.shop import new_product
from tests.shopper import Shopper


def only_receipt() -> MpesaReceipt:
    receipt = MpesaReceipt.objects.get()
    assert receipt.status == ReceiptStatus.MATCHED
    return receipt


def test_callback_pays_the_order_over_http(daraja: Simulator, shopper: Shopper, browser: PlainBrowser) -> None:
    page = shopper.buys(new_product())["Location"]
    waiting = browser.get(page).text

    status = daraja.call_back(daraja.pushes[0])

    paid, order = browser.get(page).text, shopper.order()
    assert status == 200
    assert "<title>Enter your M-PESA PIN on 0708 374 149 |" in waiting
    assert daraja.pushes[0].receipt_number in paid
    assert order.status == "Being processed"
    assert order.sources.get().amount_debited == Decimal("1500.00")
    assert (len(daraja.pushes), daraja.tokens_given, daraja.queries) == (1, 1, [])
    assert [call.endpoint for call in MpesaApiCall.objects.order_by("pk")] == ["oauth", "push"]
    assert len(mail.outbox) == 1


def test_push_carries_the_shop_s_and_the_order_s_data(
    daraja: Simulator, shopper: Shopper, live_server: LiveServer
) -> None:
    shopper.buys(new_product(price="1499.50"), phone="0712 345 678")

    fields, payment = daraja.pushes[0].fields, MpesaPayment.objects.get()
    assert fields["Amount"] == 1500
    assert fields["PartyA"] == fields["PhoneNumber"] == "254712345678"
    assert fields["PartyB"] == fields["BusinessShortCode"]
    assert fields["CallBackURL"] == f"{live_server.url}/api/payments/hooks/{payment.secret}/"
    assert fields["AccountReference"] == account_reference(shopper.order().number)
    assert payment.checkout_request_id == daraja.pushes[0].checkout_request_id


def test_two_orders_are_two_pushes_with_one_token(daraja: Simulator) -> None:
    for _ in range(2):
        Shopper().buys(new_product())

    for push in daraja.pushes:
        daraja.call_back(push)

    orders = get_model("order", "Order").objects.all()
    assert (len(daraja.pushes), daraja.tokens_given) == (2, 1)
    assert [order.status for order in orders] == ["Being processed"] * 2
    assert MpesaReceipt.objects.count() == 2


def test_callback_before_the_push_reply_pays_once(daraja: Simulator, shopper: Shopper) -> None:
    daraja.script("early_callback")

    page = shopper.buys(new_product())["Location"]

    payment = MpesaPayment.objects.get()
    assert payment.status == "completed"
    assert payment.checkout_request_id == daraja.pushes[0].checkout_request_id
    assert payment.merchant_request_id == daraja.pushes[0].merchant_request_id
    assert only_receipt().number == daraja.pushes[0].receipt_number
    assert "Paid. Thank you!" in html_of(shopper.client.get(page))
    assert len(daraja.pushes) == 1


def test_payment_with_a_lost_reply_waits_and_its_callback_pays(daraja: Simulator, shopper: Shopper) -> None:
    daraja.script("lost_reply")
    page = shopper.buys(new_product())["Location"]
    lost = MpesaPayment.objects.get()
    waiting = html_of(shopper.client.get(page))
    shopper.places_order()
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})

    daraja.call_back(daraja.pushes[0])

    paid = MpesaPayment.objects.get()
    assert (lost.status, lost.checkout_request_id) == ("processing", None)
    assert "<title>Enter your M-PESA PIN on 0708 374 149 |" in waiting
    assert (paid.status, paid.checkout_request_id) == ("completed", daraja.pushes[0].checkout_request_id)
    assert only_receipt().number == daraja.pushes[0].receipt_number
    assert len(daraja.pushes) == 1


def test_callback_before_a_lost_reply_pays(daraja: Simulator, shopper: Shopper) -> None:
    def call_back_and_break(simulator: Daraja, push: ReceivedPush) -> None:
        simulator.call_back(push)

    daraja.script(call_back_and_break)

    page = shopper.buys(new_product())["Location"]

    assert MpesaPayment.objects.get().status == "completed"
    assert daraja.pushes[0].receipt_number in html_of(shopper.client.get(page))
    assert len(daraja.pushes) == 1


def test_payment_page_queries_when_no_callback_comes(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    states = [shopper.client.get(f"{page}status/").json()["state"]]
    pass_time(21)
    states += [shopper.client.get(f"{page}status/").json()["state"] for _ in range(2)]
    asked_early = len(daraja.queries)
    daraja.answer(daraja.pushes[0])
    pass_time(16)

    states.append(shopper.client.get(f"{page}status/").json()["state"])

    assert states == ["enter-pin", "enter-pin", "enter-pin", "paid"]
    assert (asked_early, len(daraja.queries), daraja.tokens_given) == (1, 2, 1)
    assert only_receipt().number is None
    assert shopper.order().status == "Being processed"
    assert "Your M-PESA code is in the SMS" in html_of(shopper.client.get(page))


def test_callback_after_the_query_adds_only_the_number(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    daraja.answer(daraja.pushes[0])
    pass_time(21)
    shopper.client.get(f"{page}status/")

    daraja.call_back(daraja.pushes[0])

    assert only_receipt().number == daraja.pushes[0].receipt_number
    assert shopper.order().sources.get().reference == daraja.pushes[0].receipt_number
    assert daraja.pushes[0].receipt_number in html_of(shopper.client.get(page))
    assert len(mail.outbox) == 1


def test_unanswered_payment_can_be_retried_and_late_money_pays(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    pass_time(80)
    checking = html_of(shopper.client.get(page))
    pass_time(71)
    ended = html_of(shopper.client.get(page))
    expired = MpesaPayment.objects.get()

    daraja.call_back(daraja.pushes[0])

    assert "checking with M-PESA |" in checking
    assert "No answer yet" in ended
    assert "Send the prompt again" in ended
    assert (expired.status, expired.result_code) == ("expired", "no-answer")
    assert shopper.order().status == "Being processed"
    assert only_receipt().number == daraja.pushes[0].receipt_number


def test_payment_after_a_cancellation_on_the_phone_counts(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    daraja.call_back(daraja.pushes[0], code=1032)
    cancelled = html_of(shopper.client.get(page))

    daraja.call_back(daraja.pushes[0])

    assert "The prompt was canceled" in cancelled
    assert daraja.pushes[0].receipt_number in html_of(shopper.client.get(page))
    assert shopper.order().status == "Being processed"
    assert [callback.verdict for callback in MpesaCallback.objects.order_by("pk")] == [Verdict.APPLIED] * 2


def test_second_of_two_paid_prompts_is_surplus(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]
    daraja.call_back(daraja.pushes[0], code=1032)
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})

    for push in daraja.pushes:
        daraja.call_back(push)

    allocations = {receipt.number: receipt.status for receipt in MpesaReceipt.objects.all()}
    assert allocations == {
        daraja.pushes[0].receipt_number: ReceiptStatus.MATCHED,
        daraja.pushes[1].receipt_number: ReceiptStatus.OVERPAID,
    }
    assert shopper.order().sources.get().amount_debited == Decimal("1500.00")
    assert "We received two payments for this order" in html_of(shopper.client.get(page))


@pytest.mark.parametrize("times", [2, 5], ids=["twice", "five times"])
def test_repeated_callback_pays_once(daraja: Simulator, shopper: Shopper, times: int) -> None:
    shopper.buys(new_product())

    statuses = [daraja.call_back(daraja.pushes[0]) for _ in range(times)]

    assert statuses == [200] * times
    assert only_receipt().number == daraja.pushes[0].receipt_number
    assert shopper.order().payment_events.count() == 1
    assert len(mail.outbox) == 1


NONSENSE = [
    (b"", "application/json"),
    (bytes(range(256)), "application/octet-stream"),
    (b"x" * 200_000, "text/plain"),
    (b"a=1&b=2", "application/x-www-form-urlencoded"),
    (b"--x", "multipart/form-data; boundary=x"),
    (b'{"Body":' * 5_000, "application/json"),
]


def test_junk_posts_are_accepted_and_change_nothing(daraja: Simulator, shopper: Shopper) -> None:
    shopper.buys(new_product())
    address = daraja.pushes[0].callback_url

    statuses = [post_status(url, *nonsense) for url in (address, address.rstrip("/")) for nonsense in NONSENSE]
    daraja.call_back(daraja.pushes[0])

    assert statuses == [200] * 12
    assert MpesaPayment.objects.get().status == "completed"
    assert MpesaCallback.objects.count() == 13
