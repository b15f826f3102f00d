"""A token works for one order, for a week."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from oscar_mpesa.services.order_tokens import make_token, read_token
from tests.clocks import signing_clock


def test_token_names_its_order_and_fits_into_a_header() -> None:
    token = make_token(42)

    assert read_token(token) == 42
    assert re.fullmatch(r"[\w.-]+", token, re.ASCII)


@pytest.mark.parametrize("forged", ["", "42", "42.x.y", "42.1w0000.", "\x00"])
def test_forged_token_fails(forged: str) -> None:
    assert read_token(forged) is None


def test_token_for_one_order_fails_for_another() -> None:
    token = make_token(42)
    forged = token.replace("42", "43", 1)

    assert (read_token(token), read_token(forged)) == (42, None)


def test_token_of_another_shop_fails(settings: Any) -> None:
    token = make_token(42)
    here = read_token(token)

    settings.SECRET_KEY = "another shop's"

    assert (here, read_token(token)) == (42, None)


def test_token_expires_after_a_week() -> None:
    token, made = make_token(42), time.time()

    with signing_clock(made + 7 * 24 * 3600 - 2):
        in_time = read_token(token)
    with signing_clock(made + 7 * 24 * 3600 + 2):
        too_late = read_token(token)

    assert (in_time, too_late) == (42, None)
