"""A token works for one order and one use, for a week."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from oscar_mpesa.services.order_tokens import TokenPurpose, make_token, read_token
from tests.clocks import signing_clock


@pytest.mark.parametrize("use", TokenPurpose)
def test_token_names_its_order_and_fits_into_a_url(use: TokenPurpose) -> None:
    token = make_token(42, use)

    assert read_token(token, use) == 42
    assert re.fullmatch(r"[\w.-]+", token, re.ASCII)


def test_token_for_one_use_fails_for_another() -> None:
    to_pay, to_own = make_token(42, TokenPurpose.PAY), make_token(42, TokenPurpose.OWN)

    assert (read_token(to_pay, TokenPurpose.PAY), read_token(to_pay, TokenPurpose.OWN)) == (42, None)
    assert (read_token(to_own, TokenPurpose.OWN), read_token(to_own, TokenPurpose.PAY)) == (42, None)


@pytest.mark.parametrize("forged", ["", "42", "42.x.y", "42.1w0000.", "\x00"])
def test_forged_token_fails(forged: str) -> None:
    assert read_token(forged, TokenPurpose.PAY) is None


def test_token_for_one_order_fails_for_another() -> None:
    token = make_token(42, TokenPurpose.PAY)
    forged = token.replace("42", "43", 1)

    assert (read_token(token, TokenPurpose.PAY), read_token(forged, TokenPurpose.PAY)) == (42, None)


def test_token_of_another_shop_fails(settings: Any) -> None:
    token = make_token(42, TokenPurpose.PAY)
    here = read_token(token, TokenPurpose.PAY)

    settings.SECRET_KEY = "another shop's"

    assert (here, read_token(token, TokenPurpose.PAY)) == (42, None)


def test_token_expires_after_a_week() -> None:
    token, made = make_token(42, TokenPurpose.PAY), time.time()

    with signing_clock(made + 7 * 24 * 3600 - 2):
        in_time = read_token(token, TokenPurpose.PAY)
    with signing_clock(made + 7 * 24 * 3600 + 2):
        too_late = read_token(token, TokenPurpose.PAY)

    assert (in_time, too_late) == (42, None)
