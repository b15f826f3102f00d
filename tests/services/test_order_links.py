"""A token of an email's link works for one order, for thirty days."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services import order_tokens
from oscar_mpesa.services.order_links import make_token, read_token
from tests.clocks import signing_clock
from tests.pay_links import link_to
from tests.shop import new_payment

pytestmark = pytest.mark.django_db


@pytest.fixture
def mpesa_order() -> MpesaOrder:
    return new_payment().mpesa_order


def test_token_names_its_order_and_fits_into_a_url(mpesa_order: MpesaOrder) -> None:
    token = make_token(mpesa_order)

    assert read_token(token) == mpesa_order
    assert re.fullmatch(r"[\w.-]{1,200}", token, re.ASCII)


def test_forged_tokens_and_other_tokens_fail(mpesa_order: MpesaOrder) -> None:
    token, payment = make_token(mpesa_order), mpesa_order.payments.get()
    others = [order_tokens.make_token(mpesa_order.pk), link_to(payment).token, mpesa_order.public_id]
    forged = ["", token[:-1], f"{token}A", token.replace(mpesa_order.public_id, "0" * 32), "\x00"]

    assert read_token(token) == mpesa_order
    assert [read_token(each) for each in [*others, *forged]] == [None] * 8
    assert order_tokens.read_token(token) is None


def test_token_of_another_secret_key_fails(mpesa_order: MpesaOrder, settings: Any) -> None:
    token = make_token(mpesa_order)
    here = read_token(token)

    settings.SECRET_KEY = "a new secret"

    assert (here, read_token(token)) == (mpesa_order, None)


def test_token_expires_after_thirty_days(mpesa_order: MpesaOrder) -> None:
    token, made = make_token(mpesa_order), time.time()

    with signing_clock(made + 30 * 24 * 3600 - 2):
        in_time = read_token(token)
    with signing_clock(made + 30 * 24 * 3600 + 2):
        too_late = read_token(token)

    assert (in_time, too_late) == (mpesa_order, None)


def test_token_of_a_deleted_order_fails(mpesa_order: MpesaOrder) -> None:
    token, kept = make_token(mpesa_order), read_token(make_token(mpesa_order))

    MpesaOrder.objects.update(public_id="0" * 32)

    assert (kept, read_token(token)) == (mpesa_order, None)
