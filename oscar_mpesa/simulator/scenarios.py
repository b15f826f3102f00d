"""What can go wrong with a payment, by name and by the last digits of its phone: a closed table.

A scenario is a function of the simulator and a push that was let through. It says what is answered, None for a line
that breaks before the answer, and what the phone does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.replies import LOCKED, PAGE, RATE_LIMIT, Reply, push_accepted


class Daraja(Protocol):
    """What a scenario may ask of the simulator."""

    late_after: float
    slow_for: float

    def call_back(self, push: ReceivedPush, **told: Any) -> int:
        """Let the phone answer and post its callback, now."""
        ...

    def call_back_later(self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **told: Any) -> None:
        """Let the phone answer after a while, and post its callback so many times."""
        ...

    def refuse_token(self, push: ReceivedPush) -> Reply:
        """End the token; the same request with another one is then taken."""
        ...

    def pause(self, seconds: float) -> None:
        """Let the shop wait."""
        ...


Scenario: TypeAlias = Callable[[Daraja, ReceivedPush], "Reply | None"]


def usual(daraja: Daraja, push: ReceivedPush) -> Reply:
    """No disaster: the push is accepted, the phone answers after a while, its callback is posted once."""
    daraja.call_back_later(push)
    return push_accepted(push.facts)


def no_answer(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The phone never answers, and a query stays pending."""
    return push_accepted(push.facts)


def lost_callback(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The phone pays, no callback comes; a query tells."""
    daraja.call_back_later(push, times=0)
    return push_accepted(push.facts)


def late(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The phone answers when the shop has given up; a query stays pending until then."""
    daraja.call_back_later(push, after=daraja.late_after)
    return push_accepted(push.facts)


def duplicate(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The callback comes three times at once."""
    daraja.call_back_later(push, times=3)
    return push_accepted(push.facts)


def early_callback(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The callback overtakes the answer to the push."""
    daraja.call_back(push)
    return push_accepted(push.facts)


def lost_reply(daraja: Daraja, push: ReceivedPush) -> None:
    """The line breaks before the answer; the prompt is on the phone, and its callback comes."""
    daraja.call_back_later(push)


def wrong_amount(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Another amount is taken than was asked for."""
    daraja.call_back_later(push, amount=push.amount - 1 or 2)
    return push_accepted(push.facts)


def masked_phone(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The callback hides the phone number."""
    msisdn = push.facts.msisdn
    daraja.call_back_later(push, PhoneNumber=f"{msisdn[:4]}****{msisdn[-4:]}")
    return push_accepted(push.facts)


def string_code(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The callback's ResultCode is a text."""
    daraja.call_back_later(push, code=str(push.result.code))
    return push_accepted(push.facts)


def busy(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Another request is open on the phone; this one is not executed."""
    return LOCKED.reply


def rate_limited(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Too many requests; this one is not executed, and may come again after 12 seconds."""
    return RATE_LIMIT


def html_page(daraja: Daraja, push: ReceivedPush) -> Reply:
    """A firewall's page comes in place of an answer; nothing is executed, but the shop cannot know."""
    return PAGE


def expired_token(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The token is refused once; with another one it goes on."""
    return daraja.refuse_token(push)


def slow(daraja: Daraja, push: ReceivedPush) -> Reply:
    """The answer to the push comes after 20 seconds, when the shop waits for it no more."""
    daraja.call_back_later(push)
    daraja.pause(daraja.slow_for)
    return push_accepted(push.facts)


#: By the last three digits of a phone.
BY_DIGITS: Mapping[str, Scenario] = MappingProxyType(
    {
        "201": no_answer,
        "202": lost_callback,
        "203": late,
        "204": duplicate,
        "205": early_callback,
        "206": lost_reply,
        "207": wrong_amount,
        "208": masked_phone,
        "209": string_code,
        "210": busy,
        "211": rate_limited,
        "212": html_page,
        "213": expired_token,
        "214": slow,
    }
)

#: By name.
DISASTERS: Mapping[str, Scenario] = MappingProxyType({act.__name__: act for act in BY_DIGITS.values()})

#: Of these two, chaos is one of the disasters or none for each push.
USUAL, CHAOS = "usual", "chaos"

#: What may be asked for by name.
NAMES = (USUAL, *DISASTERS, CHAOS)


def drawn(seed: int, number: int) -> str:
    """The name for chaos's n-th push, always the same for a seed; every second time it is the usual."""
    draw = int.from_bytes(sha256(f"{seed}:{number}".encode()).digest()[:4], "big")
    chances = (*DISASTERS, *[USUAL] * len(DISASTERS))
    return chances[draw % len(chances)]
