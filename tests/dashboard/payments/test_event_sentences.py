"""Each type of event, and each reason, has its sentence in English and Swahili."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.dashboard.payments.event_sentences import PARTS, REASONS, sentence
from oscar_mpesa.models import (
    CallbackReason,
    CloseReason,
    EventReason,
    EventType,
    MpesaEvent,
    ReversalReason,
    UnmatchedReason,
    UpdateSource,
)

SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    (
        "payment_settled",
        {"before": "processing", "after": "cancelled", "source": "callback", "code": "1032"},
        "waiting for the phone → canceled on the phone · Safaricom's callback 1032",
    ),
    (
        "update_ignored",
        {"ignored_status": "completed", "reason": "already_final", "status": "cancelled", "source": "clock"},
        "paid · the payment had already ended: canceled on the phone · our clock",
    ),
    (
        "update_not_verified",
        {"reason": "not_final", "source": "callback"},
        "the update is not final · Safaricom's callback",
    ),
    ("success_unconfirmed", {"reason": "other_amount"}, "it has another amount than the payment"),
    ("result_named", {"source": "callback", "code": "1032"}, "Safaricom's callback 1032"),
    ("query_requested", {}, ""),
    ("query_unanswered", {"reason": "unknown_code", "code": "8001"}, "the result code 8001 is unknown"),
    ("query_unanswered", {"reason": "unknown_code"}, "the result code … is unknown"),
    ("push_unanswered", {"error_kind": "unreachable"}, "unreachable"),
    ("callback_reprocessed", {"callback": 12}, "callback 12"),
    ("message_resent", {"kind": "paid_email"}, "email: the order is paid"),
    ("order_closed", {"reason": "staff", "note": "100% %(code)s sure"}, "by staff · 100% %(code)s sure"),
    ("order_canceled_paid", {}, "refund the money"),
    ("result_unknown", {}, "look up the order's prompts in the M-PESA portal"),
    ("pay_later_chosen", {"until": "2026-11-23T12:00+00:00"}, "until 23 Nov 2026, 15:00"),
    ("phone_blocked", {"phone": "0712 •••678", "note": "rang us"}, "0712 •••678 · rang us"),
    ("order_paid", {}, ""),
    ("order_unpaid", {"balance": "500.00"}, "KSh 500 is missing"),
    ("order_unpaid", {"balance": "0.00"}, ""),
    (
        "receipt_unmatched",
        {"amount": "1400.00", "reason": "wrong_amount"},
        "KSh 1,400 · another amount than the payment's arrived",
    ),
    ("receipt_matched", {"amount": "1500.00", "order": "100042"}, "KSh 1,500 · matched to order 100042"),
    (
        "allocation_reversed",
        {"amount": "1500.00", "number": "OD123ABC45", "reason": "staff", "note": "of order 7"},
        "KSh 1,500 · OD123ABC45 · by staff · of order 7",
    ),
    (
        "allocation_reversed",
        {"amount": "1500.00", "reason": "confirmed_money"},
        "KSh 1,500 · confirmed money took its place",
    ),
    (
        "allocation_reversed",
        {"amount": "1500.00", "order": "100042", "reason": "staff"},
        "KSh 1,500 · it was matched to order 100042 · by staff",
    ),
    ("receipt_matched", {"amount": "1500.00", "meant_for": "100041"}, "KSh 1,500 · meant for order 100041"),
    (
        "allocation_moved",
        {"amount": "1500.00", "number": "OD123ABC45", "moved_to": "100042", "left_over": "300.00", "note": "hers"},
        "KSh 1,500 · OD123ABC45 · to order 100042 · KSh 300 of it was left over · hers",
    ),
    ("allocation_moved", {"amount": "1200.00", "moved_from": "100041"}, "KSh 1,200 · from order 100041"),
    ("resolution_undone", {"amount": "300.00", "note": "it was not"}, "KSh 300 · it was not"),
    ("receipt_resolved", {"amount": "300.00", "note": "at the counter"}, "KSh 300 · at the counter"),
    ("receipt_code_added", {"number": "OD123ABC45", "source": "callback"}, "OD123ABC45 · Safaricom's callback"),
    ("receipt_code_conflict", {"number": "OD123ABC45"}, "OD123ABC45"),
    (
        "claim_recorded",
        {"amount": "1500.00", "number": "OD123ABC45", "note": "portal"},
        "KSh 1,500 · OD123ABC45 · portal",
    ),
    ("claim_confirmed", {"number": "OD123ABC45", "claim": 3}, "OD123ABC45"),
    (
        "claim_withdrawn",
        {"amount": "1500.00", "number": "OD123ABC45", "note": "mistyped"},
        "KSh 1,500 · OD123ABC45 · mistyped",
    ),
    (
        "refund_voided",
        {"amount": "600", "reference": "SKN7AAA60", "note": "not sent"},
        "KSh 600 · SKN7AAA60 · not sent",
    ),
    ("receipt_amount_conflict", {"amount": "1400.00"}, "KSh 1,400"),
    (
        "refund_recorded",
        {"amount": "600", "day": "2026-11-23", "reference": "SKN7AAA60", "note": "half today"},
        "KSh 600 · 23 Nov 2026 · SKN7AAA60 · half today",
    ),
]


@pytest.mark.parametrize(("event_type", "params", "words"), SENTENCES)
def test_event_sentence_has_its_type_and_params(event_type: str, params: dict[str, Any], words: str) -> None:
    assert sentence(MpesaEvent(type=event_type, params=params)) == words


def test_every_event_type_and_every_reason_is_in_the_tables() -> None:
    assert set(PARTS) == set(EventType.values)
    kinds = (EventReason, UnmatchedReason, ReversalReason, CloseReason, CallbackReason)
    assert set(REASONS) == {value for kind in kinds for value in kind.values}


@pytest.mark.parametrize(
    "words", [*EventType.choices, *REASONS.items(), *UpdateSource.choices], ids=lambda pair: pair[0]
)
def test_every_event_type_reason_and_source_has_swahili_words(words: tuple[str, Any]) -> None:
    with translation.override("en"):
        english = str(words[1])

    with translation.override("sw"):
        assert str(words[1]) != english


@pytest.mark.parametrize(
    ("event_type", "params"), [(kind, params) for kind, params, words in SENTENCES if "reason" in params]
)
def test_reason_has_a_swahili_sentence(event_type: str, params: dict[str, Any]) -> None:
    event = MpesaEvent(type=event_type, params=params)
    english = sentence(event)

    with translation.override("sw"):
        assert sentence(event) != english
