"""What staff read after a status check: each result in words of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from oscar_mpesa.testing.transport import page
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply, refusal
from tests.shop import new_payment

pytestmark = pytest.mark.django_db

NO_RESULT = "Safaricom has no result for this payment, so it does not count as paid."


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def prompted(*, age: int = 30) -> MpesaPayment:
    """Create a payment whose prompt was sent so many seconds ago."""
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        payment = new_payment(now=timezone.now() - timedelta(seconds=age))
    MpesaApiCall.objects.all().delete()
    return payment


def check(payment: MpesaPayment, *replies: Any) -> str:
    """Press *check status* with these replies of Safaricom; return the next page."""
    with replaced_transport(ScriptedTransport({"query": replies})):
        answer = staff_client("act_on_payment").post(url_of("payment-check-status", payment.pk), follow=True)
    return page_text(answer)


@pytest.mark.parametrize(
    ("age", "reply", "message"),
    [
        pytest.param(30, query_reply("4999"), "Safaricom is still waiting for the phone.", id="prompt is open"),
        pytest.param(
            30,
            query_reply("1032"),
            "Safaricom says it is not paid. Reason: canceled, closed or ignored on the phone.",
            id="canceled",
        ),
        pytest.param(30, query_reply("0"), "Safaricom says it is paid.", id="paid"),
        pytest.param(900, query_reply("4999"), NO_RESULT, id="no result"),
        pytest.param(
            900,
            refusal("500.001.1001", "The transaction does not exist", status=500),
            NO_RESULT,
            id="unknown to Safaricom",
        ),
        pytest.param(
            30, query_reply("9000"), "Safaricom answered with a code that we do not know: 9000.", id="unknown code"
        ),
        pytest.param(
            30, DarajaUnreachable("timeout"), "Safaricom gave no usable answer (unreachable).", id="unreachable"
        ),
        pytest.param(
            30,
            page("", status=403),
            "Safaricom gave no usable answer (blocked by Safaricom's firewall).",
            id="firewall",
        ),
    ],
)
def test_each_result_has_its_own_message(age: int, reply: Any, message: str) -> None:
    assert message in check(prompted(age=age), reply)


def test_check_beyond_the_budget_says_to_wait_a_minute() -> None:
    payment = prompted()
    calls = {"endpoint": "query", "environment": "sandbox", "shortcode": "174379", "milliseconds": 1}
    MpesaApiCall.objects.bulk_create([MpesaApiCall(**calls, created_at=timezone.now()) for _ in range(4)])

    text = check(payment)

    assert "The status was checked a moment ago. Try again in a minute." in text
    assert "Safaricom says" not in text


def test_prompt_without_an_id_cannot_be_checked() -> None:
    payment = prompted()
    MpesaPayment.objects.filter(pk=payment.pk).update(checkout_request_id=None)

    assert "Safaricom gave this prompt no id, so its status cannot be checked." in check(payment)


def test_failure_named_after_the_prompt_expired_has_its_reason() -> None:
    payment = prompted(age=900)
    MpesaPayment.objects.filter(pk=payment.pk).update(status="expired", live_order=None)

    assert "Safaricom says it is not paid. Reason: " in check(payment, query_reply("1"))
