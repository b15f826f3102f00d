"""Whatever is posted with a payment's own secret: 200, kept, and believed only where it is a right success."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from oscar_mpesa.lifecycle.callbacks import KEPT
from oscar_mpesa.models import Allocation, MpesaCallback, MpesaDue, MpesaEvent, MpesaPayment, MpesaReceipt, Verdict
from tests.callbacks.bodies import CHECKOUT_ID, NUMBER, RIGHT, RIGHT_ALL_THE_SAME, WORTHLESS
from tests.shop import new_payment

pytestmark = pytest.mark.django_db(transaction=True)


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
        assert bytes(kept.body) == body[:KEPT]
        assert kept.verdict not in {Verdict.RECEIVED, Verdict.FAILED}, kept.reason
        return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=self.payment.pk)

    def _forget_the_last_one(self) -> None:
        for table in (MpesaDue, MpesaEvent, MpesaReceipt, MpesaCallback):
            table.objects.all().delete()
        self.payment.save()


@pytest.fixture
def door() -> Door:
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


@posting(1_000)
@given(body=WORTHLESS)
def test_nothing_but_a_right_success_pays(door: Door, body: bytes) -> None:
    assert_nothing_is_believed(door, body)


@posting(100)
@given(body=RIGHT_ALL_THE_SAME)
def test_a_right_success_pays_beside_things_that_nobody_foresaw(door: Door, body: bytes) -> None:
    payment = door.takes(body)

    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().number == NUMBER


def test_the_success_that_all_of_them_nearly_are_pays(door: Door) -> None:
    assert door.takes(RIGHT).status == "completed"
