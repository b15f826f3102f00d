"""The sentence of a result says what happened and what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.domain import result_codes
from oscar_mpesa.oscar_adapter import order_messages


def test_result_sentence_names_the_support_contact_or_the_shop(settings: Any, mpesa_only: None) -> None:
    outcome = result_codes.RESULTS["4"]
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": "0700 000 000"}
    with_contact = order_messages.outcome_message(outcome)
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}

    assert "Call or WhatsApp us: 0700 000 000" in with_contact
    assert "Call or WhatsApp us: the shop" in order_messages.outcome_message(outcome)


@pytest.mark.parametrize(
    ("code", "number", "expected"),
    [
        ("4", "0712 345 678", "0712 345 678 has reached its M-PESA limit for today."),
        ("4", "", "That number has reached its M-PESA limit for today."),
        ("1", "0712 345 678", "There isn't enough money on 0712 345 678."),
        ("1", "", "There isn't enough money on that number."),
        ("8006", "", "The M-PESA PIN of that number is locked."),
    ],
)
def test_result_sentence_names_the_number_only_if_given(code: str, number: str, expected: str) -> None:
    outcome = result_codes.RESULTS[code]

    assert order_messages.outcome_message(outcome, number=number).startswith(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("4", "Nambari hiyo imefikia kikomo cha M-PESA cha leo."), ("1", "Salio la nambari hiyo halitoshi.")],
)
def test_result_without_a_number_reads_well_in_swahili(code: str, expected: str) -> None:
    with translation.override("sw"):
        assert order_messages.outcome_message(result_codes.RESULTS[code]).startswith(expected)
