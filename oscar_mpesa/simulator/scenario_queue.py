"""What befalls which push."""

from __future__ import annotations

from collections import deque
from secrets import randbelow

from oscar_mpesa.simulator.scenarios import BY_DIGITS, CHAOS, DISASTERS, NAMES, USUAL, Scenario, drawn, usual


class ScenarioQueue:
    """What was scripted comes first, then what the phone's last digits say, then ``scenario`` for all others."""

    def __init__(self, *, scenario: str | None, seed: int | None) -> None:
        self.seed = randbelow(10**6) if seed is None else seed
        self._for_all = _known(scenario or USUAL)
        self._coming: deque[str | Scenario] = deque()

    def add(self, *scenarios: str | Scenario) -> None:
        """Script the next pushes; raises ``ValueError`` for an unknown name."""
        self._coming.extend(_known(each) if isinstance(each, str) else each for each in scenarios)

    def next_for(self, *, msisdn: str, number: int) -> tuple[str, Scenario]:
        """The name and the act for the ``number``-th push; what was scripted is used up."""
        chosen = self._coming.popleft() if self._coming else BY_DIGITS.get(msisdn[-3:], self._for_all)
        if not isinstance(chosen, str):
            return chosen.__name__, chosen
        name = drawn(self.seed, number) if chosen == CHAOS else chosen
        return name, DISASTERS.get(name, usual)


def _known(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")
    return name
