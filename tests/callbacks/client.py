"""A callback address to post thousands of bodies to, each time as if it were the first."""

from __future__ import annotations

from dataclasses import dataclass

from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from oscar_mpesa.models import (
    Allocation,
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
class Door:
    """The callback address of one payment, before anything was posted to it."""

    payment: MpesaPayment
    client: Client

    def takes(self, body: bytes) -> MpesaPayment:
        """Post a body to the payment as it was at first; the payment as it is after it."""
        self._forget_the_last_one()
        path = f"/api/payments/hooks/{self.payment.secret}/"
        answer = self.client.generic("POST", path, body, content_type="application/json")
        kept = MpesaCallback.objects.get()
        assert (answer.status_code, answer.json()["ResultCode"]) == (200, 0)
        assert bytes(kept.body) == body[:65_536]
        assert kept.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, kept.detail
        return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=self.payment.pk)

    def _forget_the_last_one(self) -> None:
        for table in (MpesaOutboxMessage, MpesaEvent, MpesaReceipt, MpesaCallback):
            table.objects.all().delete()
        self.payment.save()


def new_door() -> Door:
    """That of a new payment, which waits for its callback."""
    payment = new_payment()
    payment.checkout_request_id = CHECKOUT_ID
    return Door(payment, Client())


def posting(count: int) -> hypothesis_settings:
    """So many bodies, each to the same door."""
    return hypothesis_settings(max_examples=count, suppress_health_check=list(HealthCheck))


def assert_nothing_is_believed(door: Door, body: bytes) -> None:
    payment = door.takes(body)

    assert payment.status != "completed"
    assert payment.mpesa_order.order.status == "Pending payment"
    assert set(MpesaReceipt.objects.values_list("allocation", flat=True)) <= {Allocation.MISMATCH}
