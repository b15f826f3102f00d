"""Journeys with unusual callbacks, from Safaricom or forged."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt, ReceiptStatus, Verdict
from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.server import Simulator
from tests.journeys.conftest import pass_time
from tests.journeys.shop_state import post_status
from tests.shop import new_product
from tests.shopper import Shopper


def success_body(push: ReceivedPush, **fields: Any) -> bytes:
    """Return the body that Safaricom posts for a paid push, with changed fields."""
    items = {"Amount": push.amount, "MpesaReceiptNumber": push.receipt_number, "PhoneNumber": 254708374149}
    callback = {
        "MerchantRequestID": push.merchant_request_id,
        "CheckoutRequestID": push.checkout_request_id,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": [{"Name": name, "Value": value} for name, value in items.items()]},
        **fields,
    }
    return json.dumps({"Body": {"stkCallback": callback}}).encode()


@pytest.mark.parametrize(
    ("code", "queries"),
    [("1032", 2), ("4999", 1), ("2028", 2), ("9000", 1)],
    ids=["not paid", "pending", "mixed up", "unknown"],
)
def test_success_callback_pays_after_any_query_result(
    daraja: Simulator, shopper: Shopper, code: str, queries: int
) -> None:
    """A success that contradicts Safaricom's earlier word is confirmed by another query."""
    shopper.buys(new_product())
    daraja.answer(daraja.pushes[0], code=code)
    pass_time(21)
    call_command("mpesa_reconcile")

    daraja.call_back(daraja.pushes[0], code=0)

    assert len(daraja.queries) == queries
    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED
    assert shopper.order().status == "Being processed"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"ResultCode": "0"}, "completed"),
        ({"ResultCode": 0}, "completed"),
        ({"ResultCode": "SFC_IC0003"}, "failed"),
        ({"ResultCode": None}, "processing"),
        ({"ResultCode": ""}, "processing"),
        ({"ResultCode": False}, "processing"),
    ],
    ids=["text", "number", "word", "null", "empty", "false"],
)
def test_result_code_may_have_many_forms(
    daraja: Simulator, shopper: Shopper, fields: dict[str, Any], status: str
) -> None:
    shopper.buys(new_product())
    push = daraja.pushes[0]

    answer = post_status(push.callback_url, success_body(push, **fields), "application/json")

    assert answer == 200
    assert MpesaPayment.objects.get().status == status
    assert MpesaReceipt.objects.exists() == (status == "completed")


def test_callback_without_result_code_starts_a_query(daraja: Simulator, shopper: Shopper) -> None:
    shopper.buys(new_product())
    push = daraja.pushes[0]
    body = json.loads(success_body(push))
    del body["Body"]["stkCallback"]["ResultCode"]
    daraja.answer(push)
    pass_time(1)

    post_status(push.callback_url, json.dumps(body).encode(), "application/json")
    call_command("mpesa_reconcile")

    assert len(daraja.queries) == 1
    assert MpesaReceipt.objects.get().number is None
    assert shopper.order().status == "Being processed"


@pytest.mark.parametrize("secret", ["0" * 32, ""], ids=["wrong secret", "no secret"])
def test_forged_success_is_stored_and_pays_nothing(
    daraja: Simulator, shopper: Shopper, live_server: Any, secret: str
) -> None:
    shopper.buys(new_product())
    path = reverse("oscar_mpesa:hook", args=[secret]) if secret else reverse("oscar_mpesa:callback")

    status = post_status(live_server.url + path, success_body(daraja.pushes[0]), "application/json")
    call_command("mpesa_reconcile")

    assert status == 200
    assert MpesaCallback.objects.get().verdict == Verdict.UNVERIFIED
    assert (MpesaPayment.objects.get().status, shopper.order().status) == ("processing", "Pending payment")
    assert not MpesaReceipt.objects.exists()
    assert len(daraja.queries) == 1


def test_wrong_amount_is_stored_and_waits_for_a_person(daraja: Simulator, shopper: Shopper) -> None:
    page = shopper.buys(new_product())["Location"]

    daraja.call_back(daraja.pushes[0], amount=1400)
    pass_time(60 * 60)
    call_command("mpesa_reconcile")
    shopper.client.post(f"{page}retry/", {"phone_number": "0712345678"})

    payment, receipt = MpesaPayment.objects.get(), MpesaReceipt.objects.get()
    assert payment.status == "completed"
    assert (receipt.status, receipt.amount, receipt.unallocated) == (ReceiptStatus.WRONG_AMOUNT, 1500, 1500)
    assert shopper.order().status == "Pending payment"
    assert (len(daraja.pushes), len(daraja.queries)) == (1, 1)
    assert "The shop is reviewing your KSh 1,500" in shopper.client.get(page).content.decode()


@pytest.mark.parametrize(
    "phone",
    ["2547****4149", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", None],
    ids=["masked", "hashed", "absent"],
)
def test_masked_phone_does_not_matter(daraja: Simulator, shopper: Shopper, phone: str | None) -> None:
    shopper.buys(new_product())

    daraja.call_back(daraja.pushes[0], PhoneNumber=phone)

    assert MpesaReceipt.objects.get().status == ReceiptStatus.MATCHED
    assert shopper.order().status == "Being processed"


def test_total_with_cents_is_rounded_on_every_page_and_in_the_books(daraja: Simulator, shopper: Shopper) -> None:
    shopper.puts_in_basket(new_product(price="1499.50")).gives_address()
    chooser = shopper.client.get(reverse("checkout:payment-method")).content.decode()
    shopper.chooses("mpesa")
    shopper.names_phone("0708374149")
    preview = shopper.client.get(reverse("checkout:preview")).content.decode()

    shopper.places_order()
    daraja.call_back(daraja.pushes[0])

    order = shopper.order()
    assert "KSh 1,500" in chooser and "KSh 1,500" in preview
    assert daraja.pushes[0].amount == 1500
    assert order.total_incl_tax == order.sources.get().amount_debited == Decimal("1500.00")
    assert daraja.ledger.total == MpesaReceipt.objects.get().amount == 1500


@pytest.mark.parametrize("number", ["+1 202 555 0149", "+255 712 345 678", "+44 7708 374149"])
def test_foreign_number_is_refused_and_not_shortened(daraja: Simulator, shopper: Shopper, number: str) -> None:
    shopper.puts_in_basket(new_product()).gives_address()
    shopper.chooses("mpesa")

    answer = shopper.names_phone(number)
    shopper.places_order()

    assert answer.status_code == 422
    assert "Kenyan" in answer.content.decode()
    assert daraja.pushes == []
    assert not MpesaPayment.objects.exists()


class TestTill:
    """A shop with a till."""

    @pytest.fixture
    def settings(self, settings: Any) -> Any:
        settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "TILL_NUMBER": "5123456"}
        return settings

    def test_push_to_a_till_names_the_store_number_and_the_till(self, daraja: Simulator, shopper: Shopper) -> None:
        shopper.buys(new_product())

        daraja.call_back(daraja.pushes[0])

        fields = daraja.pushes[0].fields
        assert (fields["BusinessShortCode"], fields["PartyB"]) == ("174379", "5123456")
        assert fields["TransactionType"] == "CustomerBuyGoodsOnline"
        assert shopper.order().status == "Being processed"
