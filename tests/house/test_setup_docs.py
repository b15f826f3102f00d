"""Every finding of the set-up check has a row in docs/set-up.md and a test."""

from __future__ import annotations

import re

import pytest

from oscar_mpesa.checkout_check.words import WORDS as CHECKOUT_WORDS
from oscar_mpesa.setup_check.words import WORDS as SETUP_WORDS
from tests.house.sources import ROOT

WORDS = {**SETUP_WORDS, **CHECKOUT_WORDS}
PROBLEMS = [name for name, (level, *_) in WORDS.items() if level != "ok"]


def test_table_of_mistakes_is_complete() -> None:
    document = (ROOT / "docs" / "set-up.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| `([a-z-]+)` \|", document, re.MULTILINE)

    assert sorted(rows) == sorted(PROBLEMS)


@pytest.mark.parametrize("name", WORDS)
def test_every_finding_has_a_test(name: str) -> None:
    tests = [path for place in ("setup_check", "checkout_check") for path in (ROOT / "tests" / place).glob("test_*.py")]

    assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in tests)
