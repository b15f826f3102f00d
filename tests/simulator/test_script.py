"""Which number does what."""

from __future__ import annotations

import pytest

from oscar_mpesa.domain.outcomes import of_callback
from oscar_mpesa.domain.status import Status
from oscar_mpesa.simulator.script import HANDSET_ANSWERS, RESULTS, Answer, handset, scripted


@pytest.mark.parametrize(
    ("msisdn", "answer"),
    [
        ("254708374149", Answer.PAYS),
        ("254708374150", Answer.NO_FUNDS),
        ("254708374151", Answer.CANCELS),
        ("254712345678", Answer.PAYS),
    ],
)
def test_a_number_left_alone_does_what_its_owner_promised(msisdn: str, answer: Answer) -> None:
    assert scripted(msisdn) is answer


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
def test_the_handset_page_decides_in_the_owners_place(msisdn: str, word: str, answer: Answer) -> None:
    assert handset(word, msisdn=msisdn) is answer


def test_the_handset_page_knows_three_words() -> None:
    with pytest.raises(KeyError):
        handset("1234", msisdn="254712345678")

    assert {handset(word, msisdn="254712345678") for word in HANDSET_ANSWERS} == {
        Answer.PAYS,
        Answer.WRONG_PIN,
        Answer.CANCELS,
    }


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.PAYS, Status.COMPLETED),
        (Answer.NO_FUNDS, Status.FAILED),
        (Answer.CANCELS, Status.CANCELLED),
        (Answer.WRONG_PIN, Status.FAILED),
        (Answer.NO_ANSWER, Status.FAILED),
    ],
    ids=str,
)
def test_every_answer_has_a_code_that_the_shop_knows(answer: Answer, status: Status) -> None:
    assert of_callback(str(RESULTS[answer].code)).status is status
