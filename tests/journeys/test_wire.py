"""The Daraja of these tests is as strict as the real one, so that what it lets through is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.daraja.credentials import Credentials
from oscar_mpesa.daraja.messages import Push, push_body
from tests.journeys.wire import KEY, PAIR, PASSKEY, SECRET, SHORTCODE, Wire
from tests.shop import PAYS

PUSH = "/mpesa/stkpush/v1/processrequest"


@pytest.fixture(autouse=True)
def shop() -> None:
    """No shop is needed here."""


@pytest.fixture
def strict() -> Iterator[Wire]:
    """A Daraja that may complain, with a token given."""
    with Wire() as wire:
        wire.gives_token(PAIR)
        yield wire


def right() -> dict[str, Any]:
    """What a shop without faults sends."""
    keys = {"consumer_key": KEY, "consumer_secret": SECRET, "shortcode": SHORTCODE, "passkey": PASSKEY}
    about = {"callback_url": "https://shop.example/hooks/ab/", "account_reference": "100001", "description": "Order"}
    push = Push(phone=PAYS, amount=1500, **about)
    return dict(push_body(Credentials(**keys, base_url=""), push, now=timezone.now()))


def status_of(wire: Wire, fields: dict[str, Any], *, path: str = PUSH, token: str = "token-1") -> int:
    reply = wire.takes(path, f"Bearer {token}", fields)
    assert reply is not None
    return reply.status


def test_what_is_right_is_taken(strict: Wire) -> None:
    assert status_of(strict, right()) == 200
    assert len(strict.pushes) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Amount", 1500.0),
        ("Amount", "1500"),
        ("Amount", 0),
        ("Amount", 250_001),
        ("PhoneNumber", "0708374149"),
        ("AccountReference", "1234567890123"),
        ("AccountReference", "A-1"),
        ("TransactionDesc", ""),
        ("Timestamp", "20200101000000"),
        ("Password", "cGFzc3dvcmQ="),
    ],
)
def test_what_daraja_would_refuse_is_refused(strict: Wire, name: str, value: object) -> None:
    assert status_of(strict, right() | {name: value}) == 400
    assert (strict.pushes, len(strict.complaints)) == ([], 1)


def test_an_old_token_wrong_keys_and_a_wrong_path_are_refused(strict: Wire) -> None:
    assert status_of(strict, right(), token="token-0") == 404
    assert status_of(strict, right(), path="/mpesa/stkpush/v2/processrequest") == 400
    assert strict.gives_token("Basic d3Jvbmc6a2V5cw==").status == 400
    assert strict.pushes == []
