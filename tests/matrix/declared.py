"""Read what ``setup.cfg`` declares. Needs no package, so that it runs before anything is installed."""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: The extras whose dependencies a shop or the tests of a cell use.
EXTRAS = ("sandbox", "redis", "xlsx", "test", "headless")

REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z,]+\])?>=(?P<lowest>[0-9.]+)")


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def lowest_versions() -> dict[str, str]:
    """Return the lower bound of each dependency, by its name."""
    setup = _setup()
    lists = [setup["options"]["install_requires"], *(setup["options.extras_require"][extra] for extra in EXTRAS)]
    found: dict[str, str] = {}
    for line in filter(None, "\n".join(lists).splitlines()):
        match = REQUIREMENT.fullmatch(line)
        if match is None:
            raise ValueError(f"setup.cfg: {line} has no lower bound")
        found[match["name"]] = match["lowest"]
    return found


def versions_of(classifier: str) -> list[str]:
    """Return the versions of the classifiers that begin like this, such as ``Framework :: Django``."""
    listed = _setup()["metadata"]["classifiers"].splitlines()
    matches = (re.fullmatch(rf"{classifier} :: (\d+\.\d+)", line) for line in listed)
    return [match[1] for match in matches if match]


def lowest_constraints() -> Iterator[str]:
    """Yield a constraint for each dependency, for a file that ``pip install --constraint`` reads."""
    yield from (f"{name}=={version}" for name, version in lowest_versions().items())


if __name__ == "__main__":
    sys.stdout.write("\n".join([*lowest_constraints(), ""]))
