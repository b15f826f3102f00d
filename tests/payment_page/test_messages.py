"""A refusal says what to do, in the reader's language, with the number in full only for who typed it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.exceptions import (
    MpesaUnavailable,
    NotPayable,
    PaymentInProgress,
    PhoneBlocked,
    StartRefused,
    TooManyOrders,
    TooManyPushes,
    TooManyUnpaidPushes,
    TooSoon,
)
from tests.shop import ANOTHER, NOON, later

TWELVE_MINUTES = later(12 * 60 - 30)
A_DAY = NOON + timedelta(hours=23)

REFUSALS = (
    StartRefused(),
    MpesaUnavailable(),
    NotPayable(),
    PaymentInProgress(MpesaPayment()),
    TooSoon(TWELVE_MINUTES),
    PhoneBlocked(ANOTHER),
    TooManyPushes(ANOTHER, TWELVE_MINUTES),
    TooManyUnpaidPushes(ANOTHER, A_DAY),
    TooManyOrders(TWELVE_MINUTES),
)


@pytest.fixture
def _in_swahili() -> Iterator[None]:
    with translation.override("sw"):
        yield


def names_of(refusals: tuple[StartRefused, ...]) -> list[str]:
    return [type(refusal).__name__ for refusal in refusals]


@pytest.mark.parametrize("refusal", REFUSALS, ids=names_of(REFUSALS))
def test_every_refusal_is_a_whole_sentence(refusal: StartRefused) -> None:
    told = refusal_message(refusal, now=NOON)

    assert told.endswith(".")
    assert "{" not in told


@pytest.mark.parametrize("refusal", REFUSALS, ids=names_of(REFUSALS))
@pytest.mark.usefixtures("_in_swahili")
def test_every_refusal_is_told_in_swahili(refusal: StartRefused) -> None:
    assert translation.gettext(refusal.sentence) != refusal.sentence
    assert "{" not in refusal_message(refusal, now=NOON)


def test_who_typed_the_number_reads_it_in_full() -> None:
    told = refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON, shows_number=True)

    assert told == "Three requests went to 0712 345 678. Wait until 15:12, or use another number."


@pytest.mark.usefixtures("_in_swahili")
def test_who_typed_it_reads_it_in_swahili() -> None:
    told = refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON, shows_number=True)

    assert told == "Maombi matatu yametumwa kwa 0712 345 678. Subiri hadi 15:12, au utumie nambari nyingine."


def test_everybody_else_reads_it_masked() -> None:
    assert "0712 •••678" in refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON)


def test_a_time_that_is_not_today_s_is_tomorrow_s() -> None:
    told = refusal_message(TooManyUnpaidPushes(ANOTHER, A_DAY), now=NOON)

    assert told == (
        "Ten requests to 0712 •••678 went unpaid within 24 hours. Wait until 14:00 tomorrow, or use another number."
    )


@pytest.mark.usefixtures("_in_swahili")
def test_tomorrow_is_told_in_swahili_too() -> None:
    assert "Subiri hadi kesho 14:00," in refusal_message(TooManyUnpaidPushes(ANOTHER, A_DAY), now=NOON)


def test_five_unpaid_orders_leave_something_to_do() -> None:
    told = refusal_message(TooManyOrders(TWELVE_MINUTES), now=NOON)

    assert told == "You have five unpaid orders from the last hour. Pay one that is still open, or wait until 15:12."
