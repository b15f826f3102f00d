"""Choose the scenario of each push."""

from __future__ import annotations

from collections import deque
from secrets import randbelow

from oscar_mpesa.simulator.scenarios import BY_DIGITS, CHAOS, NAMES, SCENARIOS, USUAL, Scenario, random_scenario, usual


class ScenarioQueue:
    """The scenarios of coming pushes: first the scripted ones, then by the phone's last digits, then ``scenario``."""

    def __init__(self, *, scenario: str | None, seed: int | None) -> None:
        self.seed = randbelow(10**6) if seed is None else seed
        self._default = _valid_name(scenario or USUAL)
        self._scripted: deque[str | Scenario] = deque()

    def add(self, *scenarios: str | Scenario) -> None:
        """Script the next pushes. Raises ``ValueError`` for an unknown name."""
        self._scripted.extend(_valid_name(each) if isinstance(each, str) else each for each in scenarios)

    def next_for(self, *, msisdn: str, number: int) -> tuple[str, Scenario]:
        """Return the name and function for the ``number``-th push. Removes it if it was scripted."""
        chosen = self._scripted.popleft() if self._scripted else BY_DIGITS.get(msisdn[-3:], self._default)
        if not isinstance(chosen, str):
            return chosen.__name__, chosen
        name = random_scenario(self.seed, number) if chosen == CHAOS else chosen
        return name, SCENARIOS.get(name, usual)


def _valid_name(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")
    return name
