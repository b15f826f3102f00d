"""The cells of the matrix: which versions each has, which tests it runs, and which can't exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.matrix.declared import lowest_constraints, versions_of

#: Oscar's minor versions since the lowest that ``setup.cfg`` allows.
OSCARS = ("4.0", "4.1", "4.2")

#: What depends most on the versions of Django and Oscar. It takes about a minute.
SELECTION = (
    "tests/wiring/test_apps.py",
    "tests/wiring/test_integration.py",
    "tests/wiring/test_shop_views.py",
    "tests/checkout/test_purchase.py",
    "tests/checkout/test_phone_step.py",
    "tests/checkout/test_own_chooser.py",
    "tests/journeys",
    "tests/oscar_adapter",
    "tests/callbacks/test_views.py",
    "tests/stores",
)

#: All tests that check the product. Those in ``tests/house`` check the project's files.
EVERYTHING = ("tests", "--ignore=tests/house")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination of versions."""

    python: str
    django: str
    oscar: str
    is_lowest: bool = False

    @property
    def name(self) -> str:
        """Return a name for files."""
        prefix = "lowest-" if self.is_lowest else ""
        return f"{prefix}py{self.python}-dj{self.django}-oscar{self.oscar}".replace(".", "")

    @property
    def is_corner(self) -> bool:
        """Return whether the cell has the oldest or the newest versions."""
        ends = (0, -1)
        corners = [(pythons()[end], djangos()[end], OSCARS[end]) for end in ends]
        return self.is_lowest or (self.python, self.django, self.oscar) in corners

    @property
    def gap(self) -> str:
        """Return why upstream has no such combination, or an empty text."""
        if self.django == "6.0" and _number(self.python) < (3, 12):
            return "Django 6.0 requires Python 3.12"
        if self.django == "6.0" and _number(self.oscar) < (4, 2):
            return "Oscar before 4.2 requires Django before 6"
        return ""

    def constraints(self) -> list[str]:
        """Return the constraints for pip."""
        treebeard = ["django-treebeard<5"] if _number(self.oscar) < (4, 2) else []  # they need it and don't declare it
        if self.is_lowest:
            return [*lowest_constraints(), *treebeard]
        return [f"Django=={self.django}.*", f"django-oscar=={self.oscar}.*", *treebeard]

    def tests(self, *, is_complete: bool) -> tuple[str, ...]:
        """Return the arguments that select the tests."""
        return EVERYTHING if is_complete or self.is_corner else SELECTION


def pythons() -> list[str]:
    """Return the versions of Python that ``setup.cfg`` names."""
    return versions_of("Programming Language :: Python")


def djangos() -> list[str]:
    """Return the versions of Django that ``setup.cfg`` names."""
    return versions_of("Framework :: Django")


def cells() -> Iterator[Cell]:
    """Yield all combinations, then the lowest versions that ``setup.cfg`` allows."""
    for python in pythons():
        for django in djangos():
            yield from (Cell(python=python, django=django, oscar=oscar) for oscar in OSCARS)
    yield Cell(python=pythons()[0], django=djangos()[0], oscar=OSCARS[0], is_lowest=True)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
