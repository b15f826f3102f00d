"""The line to Safaricom: silent, or refusing us, until it answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.alerts.connectivity_rows import (
    REFUSED_KEY,
    REFUSED_REQUEST,
    UNREACHABLE,
    called,
    customers_wait,
    minutes,
    with_credentials,
)
from tests.alerts.expected_alerts import said
from tests.shop import NOON

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("reconcile_runs")]


def test_safaricom_is_silent_while_customers_wait_until_it_answers(settings: Any) -> None:
    with_credentials(settings)
    called("push", at=minutes(-20))
    for minute in (-7, -4, -1):
        called("query", UNREACHABLE, at=minutes(minute))
    before = said("silent")
    customers_wait(2)
    meanwhile = said("silent")
    called("query", at=NOON)

    assert before == ""
    assert meanwhile == (
        "Safaricom has not answered for 7 minutes; customers who wait: 2. Their orders are safe; we keep asking."
    )
    assert said("silent") == ""


@pytest.mark.parametrize(
    "unanswered",
    [
        pytest.param((-7, -1), id="two calls are too few"),
        pytest.param((-3, -2, -1), id="three minutes are too short"),
        pytest.param((-60, -30, -1), id="half an hour between them is no row"),
        pytest.param((-40, -35, -30), id="long ago"),
    ],
)
def test_some_calls_without_an_answer_are_no_silence(settings: Any, unanswered: tuple[int, ...]) -> None:
    with_credentials(settings)
    customers_wait(1)
    for minute in unanswered:
        called("query", UNREACHABLE, at=minutes(minute))

    assert said("silent") == ""


def test_the_silence_of_another_short_code_is_not_ours(settings: Any) -> None:
    with_credentials(settings)
    customers_wait(1)
    for minute in (-7, -4, -1):
        called("query", UNREACHABLE, at=minutes(minute), shortcode="600000")

    assert said("silent") == ""


def test_the_key_is_refused_until_it_is_taken(settings: Any) -> None:
    with_credentials(settings)
    called("oauth", at=minutes(-90))
    called("oauth", REFUSED_KEY, at=minutes(-50))
    called("oauth", UNREACHABLE, at=minutes(-30))
    called("oauth", REFUSED_KEY, at=minutes(-10))

    before = said("key-refused")
    called("oauth", at=NOON)

    assert before == "Safaricom refuses our key since 14:10: nobody can pay by M-PESA."
    assert said("key-refused") == ""


def test_requests_are_refused_until_one_is_taken(settings: Any) -> None:
    with_credentials(settings)
    called("oauth", at=minutes(-90))
    called("push", REFUSED_REQUEST, at=minutes(-5))

    before = said("requests-refused")
    called("push", at=NOON)

    assert before.startswith("Safaricom refuses our requests since 14:55:")
    assert said("requests-refused") == ""
