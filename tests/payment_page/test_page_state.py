"""The states of the payment page and their headings."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from oscar_mpesa.payment_page.page_state import PaymentPageState

HEADINGS = {
    "enter-pin": "Enter your M-PESA PIN on the phone",
    "checking": "We're checking with M-PESA",
    "confirming": "We're confirming your payment",
    "paid": "Paid. Thank you!",
    "surplus": "Paid twice",
    "part-paid": "This order is partly paid",
    "mismatch": "A different amount arrived",
    "late": "Your payment arrived late",
    "reviewed": "The shop is reviewing your payment",
    "closed": "This order is closed",
    "unanswered": "No answer yet",
    "wait": "M-PESA asks you to wait",
    "failed": "The payment didn't go through",
    "to-pay": "Pay by M-PESA",
    "unpaid": "This order isn't paid yet",
    "not-waiting": "Nothing to pay",
    "returned": "The shop refunded your money",
    "used": "Your payment was used for another order",
    "explained": "The shop has resolved your payment",
}


def states_with(name: str) -> set[str]:
    return {state.value for state in PaymentPageState if getattr(state, name)}


def test_every_state_has_a_heading() -> None:
    assert {state.value: str(state.label) for state in PaymentPageState} == HEADINGS


@pytest.mark.parametrize(("state", "title"), HEADINGS.items(), ids=list(HEADINGS))
def test_each_heading_is_translated(state: str, title: str) -> None:
    with translation.override("sw"):
        translated = str(PaymentPageState(state).label)

    assert translated not in {"", title}


def test_state_is_written_as_its_value() -> None:
    assert str(PaymentPageState.ENTER_PIN) == "enter-pin"
    assert json.dumps({"state": PaymentPageState.ENTER_PIN}) == '{"state": "enter-pin"}'


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("has_prompt", {"enter-pin", "checking"}),
        ("is_paid", {"paid", "surplus"}),
        ("shows_code", {"paid", "mismatch"}),
        ("is_undecided", {"surplus", "mismatch", "late", "reviewed"}),
        ("is_decided", {"returned", "used", "explained"}),
        ("has_money", {"surplus", "paid", "mismatch", "late", "reviewed"}),
        ("is_ended", {"failed", "unanswered", "wait", "unpaid", "part-paid"}),
        ("is_payable", {"failed", "unanswered", "wait", "unpaid", "part-paid", "enter-pin", "checking", "to-pay"}),
        ("is_open", {"enter-pin", "checking", "confirming"}),
        ("may_get_late_sms", {"checking", "unanswered"}),
        ("is_restorable", {"closed", "returned", "used", "explained"}),
    ],
)
def test_each_group_has_its_states(name: str, states: set[str]) -> None:
    assert states_with(name) == states
