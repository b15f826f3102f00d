"""Post many bodies to one callback URL, each to the payment's initial state."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from oscar_mpesa.models import (
    MpesaAllocation,
    MpesaCallback,
    MpesaEvent,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
    Verdict,
)
from tests.callbacks.bodies import CHECKOUT_ID
from tests.shop import new_payment


@dataclass(frozen=True)
class CallbackUrl:
    """The callback URL of one payment."""

    payment: MpesaPayment
    client: Client

    def post(self, body: bytes) -> MpesaPayment:
        """Reset the payment, post the body, and return the payment afterwards."""
        self._reset()
        path = f"/api/payments/hooks/{self.payment.secret}/"
        answer = self.client.generic("POST", path, body, content_type="application/json")
        kept = MpesaCallback.objects.get()
        assert (answer.status_code, answer.json()["ResultCode"]) == (200, 0)
        assert bytes(kept.body) == body[:65_536]
        assert kept.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, kept.detail
        return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=self.payment.pk)

    def _reset(self) -> None:
        for table in (MpesaOutboxMessage, MpesaEvent, MpesaAllocation, MpesaReceipt, MpesaCallback):
            table.objects.all().delete()
        self.payment.save()


def new_callback_url() -> CallbackUrl:
    """Return the callback URL of a new payment."""
    payment = new_payment(now=timezone.now())
    payment.checkout_request_id = CHECKOUT_ID
    return CallbackUrl(payment, Client())


def fuzz_settings(count: int) -> hypothesis_settings:
    """Return hypothesis settings for this number of bodies."""
    return hypothesis_settings(max_examples=count, suppress_health_check=list(HealthCheck))


def assert_payment_is_unpaid(callback_url: CallbackUrl, body: bytes) -> None:
    payment = callback_url.post(body)

    assert payment.status != "completed"
    assert payment.mpesa_order.order.status == "Pending payment"
    assert not MpesaReceipt.objects.exists()
