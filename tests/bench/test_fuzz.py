"""The callback fuzz test with ten times as many bodies."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.callbacks.bodies import INVALID
from tests.callbacks.client import CallbackUrl, assert_payment_is_unpaid, fuzz_settings, new_callback_url

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def callback_url() -> CallbackUrl:
    return new_callback_url()


@fuzz_settings(10_000)
@given(body=INVALID)
def test_only_a_valid_success_pays(callback_url: CallbackUrl, body: bytes) -> None:
    assert_payment_is_unpaid(callback_url, body)
