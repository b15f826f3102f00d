"""Each type of event, and each reason, has its sentence in English and Swahili."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.dashboard.payments.event_sentences import PARTS, REASONS, sentence
from oscar_mpesa.models import CloseReason, EventReason, EventType, MpesaEvent, ReceiptReason, UpdateSource

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
    ("update_ignored", {"reason": "on_hold"}, "the payment is on hold"),
    (
        "update_not_verified",
        {"reason": "not_final", "source": "callback"},
        "the update is not final · Safaricom's callback",
    ),
    ("query_requested", {}, ""),
    ("query_unanswered", {"reason": "unknown_code", "code": "8001"}, "the result code 8001 is unknown"),
    ("query_unanswered", {"reason": "unknown_code"}, "the result code … is unknown"),
    ("push_unanswered", {"error_kind": "unreachable"}, "unreachable"),
    ("callback_reprocessed", {"callback": 12}, "callback 12"),
    ("order_closed", {"reason": "staff", "note": "100% %(code)s sure"}, "by staff · 100% %(code)s sure"),
    ("order_canceled_paid", {}, "refund the money"),
    ("result_unknown", {}, "look up the order's prompts in the M-PESA portal"),
    ("pay_later_chosen", {"until": "2026-11-23T12:00+00:00"}, "until 23 Nov 2026, 15:00"),
    ("phone_blocked", {"phone": "0712 •••678", "note": "rang us"}, "0712 •••678 · rang us"),
    (
        "receipt_unmatched",
        {"after": "mismatch", "reason": "wrong_amount", "expected": "1500", "arrived": "1400.00"},
        "wrong amount · KSh 1,500 expected, KSh 1,400 arrived",
    ),
    (
        "receipt_unmatched",
        {"after": "mismatch", "reason": "wrong_total", "expected": "1500.00", "arrived": "1400"},
        "wrong amount · the order is KSh 1,500, KSh 1,400 arrived",
    ),
    (
        "receipt_unmatched",
        {"after": "mismatch", "reason": "code_of_other_order", "number": "OD123ABC45", "order": "100042"},
        "wrong amount · its code OD123ABC45 belongs to order 100042",
    ),
    ("receipt_matched", {"order": "100042"}, "matched to order 100042"),
    ("receipt_duplicated", {"reason": "same_money", "number": "OD123ABC45"}, "the same money as OD123ABC45"),
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
    assert set(REASONS) == {*EventReason.values, *ReceiptReason.values, *CloseReason.values}
    assert len(REASONS) == len(EventReason) + len(ReceiptReason) + len(CloseReason)


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
