"""A retry queries the last payment first, but not if it would be refused anyway (M8, M9)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaApiCall, MpesaBlockedPhone, MpesaOrder, MpesaPayment
from oscar_mpesa.services.exceptions import (
    MpesaUnavailable,
    NotPayable,
    ResultUnknown,
    StartRefused,
)
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.limit_exceptions import PhoneUnavailable
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.update_sources import push_expired
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import ANOTHER, later, new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


@pytest.fixture
def expired() -> MpesaPayment:
    """Create an expired payment whose id is known."""
    with replaced_transport(ScriptedTransport({"push": [ACCEPTED]})):
        payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))
    payment.refresh_from_db()
    return payment


def retry(payment: MpesaPayment, transport: ScriptedTransport, *, at: float = 200) -> MpesaPayment:
    with replaced_transport(transport):
        return retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(at))


def switch_off(payment: MpesaPayment, settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "AVAILABLE_TO": "nobody"}


def close(payment: MpesaPayment, settings: Any) -> None:
    MpesaOrder.objects.update(closed_at=later(190))


def cancel(payment: MpesaPayment, settings: Any) -> None:
    payment.mpesa_order.order.status = "Cancelled"


def block_phone(payment: MpesaPayment, settings: Any) -> None:
    MpesaBlockedPhone.objects.create(phone=ANOTHER.msisdn, created_at=later(190))


def exceed_push_limit(payment: MpesaPayment, settings: Any) -> None:
    for _ in range(3):
        other = new_payment(sent=False)
        MpesaPayment.objects.filter(pk=other.pk).update(phone=ANOTHER.msisdn, push_sent_at=later(100))


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (switch_off, MpesaUnavailable),
        (close, NotPayable),
        (cancel, NotPayable),
        (block_phone, PhoneUnavailable),
        (exceed_push_limit, PhoneUnavailable),
    ],
    ids=lambda value: value.__name__,
)
def test_refused_retry_sends_no_query(
    expired: MpesaPayment, settings: Any, change: Callable[[MpesaPayment, Any], None], refused: type[Exception]
) -> None:
    change(expired, settings)
    transport = ScriptedTransport({"query": [query_reply("0")]})

    with pytest.raises(refused):
        retry(expired, transport)

    assert transport.sent("query") == []


def test_retry_queries_once_and_goes_on_if_not_paid(expired: MpesaPayment) -> None:
    transport = ScriptedTransport(
        {"query": [query_reply("1037")], "push": [{**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]}
    )

    second = retry(expired, transport)

    second.refresh_from_db()
    assert second.status == "processing"
    assert len(transport.sent("query")) == 1


def test_repeated_retries_of_one_browser_leave_queries_to_others(expired: MpesaPayment) -> None:
    push = [{**ACCEPTED, "CheckoutRequestID": f"ws_CO_{number}"} for number in range(20)]
    transport = ScriptedTransport({"query": [query_reply("1037")] * 20, "push": push})

    for second in range(20):
        with suppress(StartRefused):
            retry(expired, transport, at=200 + second)

    assert (len(transport.sent("query")), len(transport.sent("push"))) == (1, 1)


def test_retry_without_an_answer_waits_five_minutes(expired: MpesaPayment) -> None:
    silent = [DarajaUnreachable("no answer")]

    with pytest.raises(ResultUnknown) as refusal:
        retry(expired, ScriptedTransport({"query": silent}), at=200)
    MpesaApiCall.objects.all().delete()
    push = [{**ACCEPTED, "CheckoutRequestID": "ws_CO_2"}]
    second = retry(expired, ScriptedTransport({"query": silent, "push": push}), at=450)

    assert refusal.value.until == later(450)
    assert second.phone == ANOTHER.msisdn
