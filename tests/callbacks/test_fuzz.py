"""Any body with the payment's secret is stored with status 200, and only a valid success pays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from oscar_mpesa.models import MpesaReceipt
from tests.callbacks.bodies import INVALID, NUMBER, VALID, VALID_WITH_EXTRAS
from tests.callbacks.client import CallbackUrl, assert_payment_is_unpaid, fuzz_settings, new_callback_url

# Coverage tracing would double the time, and other tests cover the same lines.
pytestmark = [pytest.mark.usefixtures("untraced"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def callback_url(settings: Any) -> CallbackUrl:
    """Return the callback URL of a payment that no query pays meanwhile."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "WAKE": ""}
    return new_callback_url()


@fuzz_settings(150)
@given(body=INVALID)
def test_only_a_valid_success_pays(callback_url: CallbackUrl, body: bytes) -> None:
    assert_payment_is_unpaid(callback_url, body)


@fuzz_settings(20)
@given(body=VALID_WITH_EXTRAS)
def test_valid_success_with_unknown_fields_pays(callback_url: CallbackUrl, body: bytes) -> None:
    payment = callback_url.post(body)

    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().number == NUMBER


def test_valid_success_pays(callback_url: CallbackUrl) -> None:
    assert callback_url.post(VALID).status == "completed"
