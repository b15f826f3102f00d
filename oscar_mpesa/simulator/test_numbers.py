"""The test numbers: how each phone answers, and how Safaricom reports the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Answer(str, Enum):
    """A phone's answer to a prompt."""

    PAYS = "pays"
    NO_FUNDS = "no_funds"
    CANCELS = "cancels"
    WRONG_PIN = "wrong_pin"
    NO_ANSWER = "no_answer"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Safaricom's report of an answer: the ResultCode, a number or text, and the ResultDesc."""

    code: int | str
    description: str

    @property
    def is_paid(self) -> bool:
        """Return whether money moved."""
        return str(self.code) == "0"


#: By MSISDN. Every other number pays.
ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {
        "254708374149": Answer.PAYS,
        "254708374150": Answer.NO_FUNDS,
        "254708374151": Answer.CANCELS,
    }
)

RESULTS: Mapping[Answer, Result] = MappingProxyType(
    {
        Answer.PAYS: Result(code=0, description="The service request is processed successfully."),
        Answer.NO_FUNDS: Result(code=1, description="The balance is insufficient for the transaction."),
        Answer.CANCELS: Result(code=1032, description="Request cancelled by user."),
        Answer.WRONG_PIN: Result(code=2001, description="The initiator information is invalid."),
        Answer.NO_ANSWER: Result(code=1037, description="DS timeout user cannot be reached."),
    }
)

#: The result of a push that mixes up till and paybill.
MIXED_UP = Result(code=2028, description="The request is not permitted according to product assignment.")

#: The answers that the practice phone posts. It never posts a PIN.
PHONE_ANSWERS = frozenset({"right", "wrong", "cancel"})

#: Seconds until a phone answers by default.
DELAY = 5

#: Seconds until a prompt expires on the phone.
PROMPT_LIFETIME = 60


def default_answer(msisdn: str) -> Answer:
    """Return how the number answers by default."""
    return ANSWERS.get(msisdn, Answer.PAYS)


def practice_answer_of(word: str, *, msisdn: str) -> Answer:
    """Return the answer for one of ``PHONE_ANSWERS``. The right PIN pays unless the number has no funds.

    Raises ``KeyError`` for any other word.
    """
    with_right_pin = Answer.NO_FUNDS if default_answer(msisdn) is Answer.NO_FUNDS else Answer.PAYS
    return {"right": with_right_pin, "wrong": Answer.WRONG_PIN, "cancel": Answer.CANCELS}[word]


def result_of_code(code: int | str) -> Result:
    """Return the result with this code, with Safaricom's description if it is known."""
    descriptions = {str(result.code): result.description for result in (*RESULTS.values(), MIXED_UP)}
    return Result(code=code, description=descriptions.get(str(code), "Result set by the simulator."))
