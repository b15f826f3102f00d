"""A retry asks about the last request first, and never where it would be refused anyway: questions are few (M8, M9)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.models import MpesaBlockedPhone, MpesaOrder, MpesaPayment
from oscar_mpesa.services.exceptions import MpesaUnavailable, NotPayable, PhoneBlocked, StartRefused, TooManyPushes
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.update_sources import push_expired
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, told
from tests.shop import ANOTHER, later, new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


@pytest.fixture
def ended() -> MpesaPayment:
    """An attempt that nobody answered; Safaricom knows it."""
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))
    payment.refresh_from_db()
    return payment


def retried(payment: MpesaPayment, transport: ScriptedTransport, *, at: float = 200) -> MpesaPayment:
    with replaced_transport(transport):
        return retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(at))


def is_switched_off(payment: MpesaPayment, settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "AVAILABLE_TO": "nobody"}


def is_closed(payment: MpesaPayment, settings: Any) -> None:
    MpesaOrder.objects.update(closed_at=later(190))


def is_of_another_status(payment: MpesaPayment, settings: Any) -> None:
    payment.mpesa_order.order.status = "Cancelled"


def is_to_a_blocked_phone(payment: MpesaPayment, settings: Any) -> None:
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=later(190))


def is_one_too_many(payment: MpesaPayment, settings: Any) -> None:
    for _ in range(3):
        other = new_payment(sent=False)
        MpesaPayment.objects.filter(pk=other.pk).update(phone=ANOTHER.msisdn, push_sent_at=later(100))


def is_for_too_much(payment: MpesaPayment, settings: Any) -> None:
    payment.mpesa_order.order.total_incl_tax = Decimal(300_000)


@pytest.mark.parametrize(
    ("it", "refused"),
    [
        (is_switched_off, MpesaUnavailable),
        (is_closed, NotPayable),
        (is_of_another_status, NotPayable),
        (is_to_a_blocked_phone, PhoneBlocked),
        (is_one_too_many, TooManyPushes),
        (is_for_too_much, AmountRefused),
    ],
    ids=lambda value: value.__name__,
)
def test_a_retry_that_would_be_refused_asks_safaricom_nothing(
    ended: MpesaPayment, settings: Any, it: Callable[[MpesaPayment, Any], None], refused: type[Exception]
) -> None:
    it(ended, settings)
    transport = ScriptedTransport({"query": [told("0")]})

    with pytest.raises(refused):
        retried(ended, transport)

    assert transport.sent("query") == []


def test_a_retry_asks_once_and_a_clear_no_lets_it_go_on(ended: MpesaPayment) -> None:
    transport = ScriptedTransport({"query": [told("1037")], "push": [{**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]})

    second = retried(ended, transport)

    second.refresh_from_db()
    assert second.status == "processing"
    assert len(transport.sent("query")) == 1


def test_one_browser_that_presses_again_and_again_leaves_the_budget_to_others(ended: MpesaPayment) -> None:
    push = [{**ACCEPTED, "CheckoutRequestID": f"ws_CO_{number}"} for number in range(20)]
    transport = ScriptedTransport({"query": [told("1037")] * 20, "push": push})

    for second in range(20):
        with suppress(StartRefused):
            retried(ended, transport, at=200 + second)

    assert (len(transport.sent("query")), len(transport.sent("push"))) == (1, 1)
