"""The scenarios of a payment, by name and by the last digits of its phone.

A scenario is a function of the simulator and an accepted push. It returns the reply, None to close the connection
without one, and decides what the phone does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from oscar_mpesa.simulator.pushes import ReceivedPush
from oscar_mpesa.simulator.replies import FIREWALL_PAGE, LOCKED, RATE_LIMIT, Reply, push_accepted


class Daraja(Protocol):
    """The simulator as scenarios use it."""

    late_after: float
    slow_for: float

    def call_back(self, push: ReceivedPush, **options: Any) -> int:
        """Let the phone answer and post its callback now."""
        ...

    def call_back_later(
        self, push: ReceivedPush, *, after: float | None = None, times: int = 1, **options: Any
    ) -> None:
        """Let the phone answer later, and post its callback ``times`` times."""
        ...

    def refuse_token(self, push: ReceivedPush) -> Reply:
        """End the token, and accept the same request with the next one."""
        ...

    def pause(self, seconds: float) -> None:
        """Delay the reply."""
        ...


Scenario: TypeAlias = Callable[[Daraja, ReceivedPush], "Reply | None"]


def usual(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Accept the push. The phone answers after the delay, and its callback is posted once."""
    daraja.call_back_later(push)
    return push_accepted(push.payment)


def no_answer(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Accept the push. The phone never answers, and queries stay pending."""
    return push_accepted(push.payment)


def lost_callback(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Let the phone answer without a callback. Queries return the result."""
    daraja.call_back_later(push, times=0)
    return push_accepted(push.payment)


def late(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Let the phone answer after the payment has expired. Queries stay pending until then."""
    daraja.call_back_later(push, after=daraja.late_after)
    return push_accepted(push.payment)


def duplicate(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Post the callback three times at once."""
    daraja.call_back_later(push, times=3)
    return push_accepted(push.payment)


def early_callback(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Post the callback before the reply to the push."""
    daraja.call_back(push)
    return push_accepted(push.payment)


def lost_reply(daraja: Daraja, push: ReceivedPush) -> None:
    """Close the connection without a reply. The phone has the prompt, and its callback is posted."""
    daraja.call_back_later(push)


def wrong_amount(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Name another amount in the callback than M-PESA took."""
    daraja.call_back_later(push, Amount=push.amount - 1 or 2)
    return push_accepted(push.payment)


def masked_phone(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Mask the phone number in the callback."""
    msisdn = push.payment.msisdn
    daraja.call_back_later(push, PhoneNumber=f"{msisdn[:4]}****{msisdn[-4:]}")
    return push_accepted(push.payment)


def string_code(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Write the callback's ResultCode as text."""
    daraja.call_back_later(push, code=str(push.result.code))
    return push_accepted(push.payment)


def busy(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Refuse the push, because another prompt is open on the phone."""
    return LOCKED.reply


def rate_limited(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Refuse the push, because there are too many requests. Allow another after 12 seconds."""
    return RATE_LIMIT


def html_page(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Reply with a firewall's page and execute nothing. The shop cannot know that."""
    return FIREWALL_PAGE


def expired_token(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Refuse the token once, and accept the push with the next token."""
    return daraja.refuse_token(push)


def slow(daraja: Daraja, push: ReceivedPush) -> Reply:
    """Reply after 20 seconds, when the shop no longer waits."""
    daraja.call_back_later(push)
    daraja.pause(daraja.slow_for)
    return push_accepted(push.payment)


#: Scenarios by the last three digits of a phone.
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

#: The same scenarios by name.
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({each.__name__: each for each in BY_DIGITS.values()})

#: ``usual`` is the default. ``chaos`` chooses a random scenario for each push.
USUAL, CHAOS = "usual", "chaos"

#: Every name that the simulator accepts.
NAMES = (USUAL, *SCENARIOS, CHAOS)


def random_scenario(seed: int, number: int) -> str:
    """Return the scenario of chaos's n-th push, always the same for a seed. Half of the pushes are ``usual``."""
    draw = int.from_bytes(sha256(f"{seed}:{number}".encode()).digest()[:4], "big")
    chances = (*SCENARIOS, *[USUAL] * len(SCENARIOS))
    return chances[draw % len(chances)]
