"""The test numbers and their answers."""

from __future__ import annotations

import pytest

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.result_codes import result_outcome
from oscar_mpesa.simulator.test_numbers import PHONE_ANSWERS, RESULTS, Answer, default_answer, practice_answer_of


@pytest.mark.parametrize(
    ("msisdn", "answer"),
    [
        ("254708374149", Answer.PAYS),
        ("254708374150", Answer.NO_FUNDS),
        ("254708374151", Answer.CANCELS),
        ("254712345678", Answer.PAYS),
    ],
)
def test_numbers_have_their_default_answers(msisdn: str, answer: Answer) -> None:
    assert default_answer(msisdn) is answer


@pytest.mark.parametrize(
    ("msisdn", "word", "answer"),
    [
        ("254712345678", "right", Answer.PAYS),
        ("254712345678", "wrong", Answer.WRONG_PIN),
        ("254712345678", "cancel", Answer.CANCELS),
        ("254708374150", "right", Answer.NO_FUNDS),
        ("254708374151", "right", Answer.PAYS),
    ],
)
def test_practice_answer_overrides_the_default(msisdn: str, word: str, answer: Answer) -> None:
    assert practice_answer_of(word, msisdn=msisdn) is answer


def test_practice_phone_has_three_answers() -> None:
    with pytest.raises(KeyError):
        practice_answer_of("1234", msisdn="254712345678")

    assert {practice_answer_of(word, msisdn="254712345678") for word in PHONE_ANSWERS} == {
        Answer.PAYS,
        Answer.WRONG_PIN,
        Answer.CANCELS,
    }


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.PAYS, PaymentStatus.COMPLETED),
        (Answer.NO_FUNDS, PaymentStatus.FAILED),
        (Answer.CANCELS, PaymentStatus.CANCELLED),
        (Answer.WRONG_PIN, PaymentStatus.FAILED),
        (Answer.NO_ANSWER, PaymentStatus.FAILED),
    ],
    ids=str,
)
def test_every_answer_has_a_known_code(answer: Answer, status: PaymentStatus) -> None:
    assert result_outcome(str(RESULTS[answer].code)).status is status
