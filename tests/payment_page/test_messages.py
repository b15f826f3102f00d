"""Refusals say what to do in the reader's language, and mask phones unless the reader typed them."""

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
    StartRefused,
    TooSoon,
)
from oscar_mpesa.services.limit_exceptions import (
    PhoneBlocked,
    PhoneUnavailable,
    TooManyNumbers,
    TooManyNumbersForOrder,
    TooManyNumbersFromAddress,
    TooManyOrders,
    TooManyPushes,
    TooManyPushesForOrder,
    TooManyUnpaidPushes,
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
    PhoneUnavailable(ANOTHER),
    PhoneBlocked(ANOTHER),
    TooManyPushes(ANOTHER, TWELVE_MINUTES),
    TooManyUnpaidPushes(ANOTHER, A_DAY),
    TooManyNumbersForOrder(),
    TooManyPushesForOrder(),
    TooManyNumbers(TWELVE_MINUTES),
    TooManyNumbersFromAddress(),
    TooManyOrders(TWELVE_MINUTES),
)


@pytest.fixture
def _in_swahili() -> Iterator[None]:
    with translation.override("sw"):
        yield


def names_of(refusals: tuple[StartRefused, ...]) -> list[str]:
    return [type(refusal).__name__ for refusal in refusals]


@pytest.mark.parametrize("refusal", REFUSALS, ids=names_of(REFUSALS))
def test_every_refusal_is_a_complete_sentence(refusal: StartRefused) -> None:
    message = refusal_message(refusal, now=NOON)

    assert message.endswith(".")
    assert "{" not in message


@pytest.mark.parametrize("refusal", REFUSALS, ids=names_of(REFUSALS))
@pytest.mark.usefixtures("_in_swahili")
def test_every_refusal_is_translated_to_swahili(refusal: StartRefused) -> None:
    assert translation.gettext(refusal.sentence) != refusal.sentence
    assert "{" not in refusal_message(refusal, now=NOON)


def test_own_number_is_shown_in_full() -> None:
    message = refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON, shows_number=True)

    assert message == "Three prompts went to 0712 345 678. Wait until 15:12, or use another number."


@pytest.mark.usefixtures("_in_swahili")
def test_own_number_is_shown_in_full_in_swahili() -> None:
    message = refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON, shows_number=True)

    assert message == "Maombi matatu yametumwa kwa 0712 345 678. Subiri hadi 15:12, au tumia nambari nyingine."


def test_number_of_others_is_masked() -> None:
    assert "0712 •••678" in refusal_message(TooManyPushes(ANOTHER, TWELVE_MINUTES), now=NOON)


def test_time_of_another_day_is_tomorrow() -> None:
    message = refusal_message(TooManyUnpaidPushes(ANOTHER, A_DAY), now=NOON)

    assert message == (
        "Ten prompts to 0712 •••678 went unpaid within 24 hours. Wait until 14:00 tomorrow, or use another number."
    )


@pytest.mark.usefixtures("_in_swahili")
def test_tomorrow_is_translated_to_swahili() -> None:
    assert "Subiri hadi kesho 14:00," in refusal_message(TooManyUnpaidPushes(ANOTHER, A_DAY), now=NOON)


def test_refusal_for_unpaid_orders_says_what_to_do() -> None:
    message = refusal_message(TooManyOrders(TWELVE_MINUTES), now=NOON)

    assert (
        message
        == "You have five unpaid orders from the last hour. Pay for one that is still open, or wait until 15:12."
    )


def test_payer_by_link_reads_no_number_in_a_refusal() -> None:
    refusal = TooManyPushes(ANOTHER, TWELVE_MINUTES)

    hidden, masked = (refusal_message(refusal, now=NOON, names_number=names) for names in (False, True))

    assert hidden == "Three prompts went to that number. Wait until 15:12, or use another number."
    assert masked == "Three prompts went to 0712 •••678. Wait until 15:12, or use another number."
