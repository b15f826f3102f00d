"""Which number does what, and in which of Safaricom's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Answer(str, Enum):
    """What the owner of a phone does with a prompt."""

    PAYS = "pays"
    NO_FUNDS = "no_funds"
    CANCELS = "cancels"
    WRONG_PIN = "wrong_pin"
    NO_ANSWER = "no_answer"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How Safaricom reports an answer: its ResultCode, a number or now and then a text, and its ResultDesc."""

    code: int | str
    description: str

    @property
    def is_paid(self) -> bool:
        """Whether money moved."""
        return str(self.code) == "0"


#: By msisdn; every other number pays.
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

#: How a payment ends whose till and paybill stand in each other's place.
MIXED_UP = Result(code=2028, description="The request is not permitted according to product assignment.")

#: What the handset page may say; it never sends a PIN.
PHONE_ANSWERS = frozenset({"right", "wrong", "cancel"})

#: Seconds until a phone answers whose page is not open.
DELAY = 5

#: Seconds that a prompt stays on a phone.
PROMPT_LIFETIME = 60


def scripted_result(msisdn: str) -> Answer:
    """What the owner of that number does when left alone."""
    return ANSWERS.get(msisdn, Answer.PAYS)


def answer_by_result(word: str, *, msisdn: str) -> Answer:
    """What the handset page's word comes to: the right PIN pays unless that number has no money.

    Raises ``KeyError`` for a word that is not in ``HANDSET_ANSWERS``.
    """
    with_right_pin = Answer.NO_FUNDS if scripted_result(msisdn) is Answer.NO_FUNDS else Answer.PAYS
    return {"right": with_right_pin, "wrong": Answer.WRONG_PIN, "cancel": Answer.CANCELS}[word]


def described(code: int | str) -> Result:
    """A result by its code, with Safaricom's words where they are known."""
    known = {str(result.code): result.description for result in (*RESULTS.values(), MIXED_UP)}
    return Result(code=code, description=known.get(str(code), "Told by the simulator."))
