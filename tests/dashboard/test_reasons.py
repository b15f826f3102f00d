"""Reasons that the lifecycle wrote down, in the language of who reads them."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from oscar_mpesa.dashboard.reasons import because
from oscar_mpesa.lifecycle.allocating import ORDER_CLOSED, SOLD_OUT
from tests.house.sources import ROOT

WRITTEN = [
    ("callback 1032", "Safaricom's callback 1032"),
    ("clock", "our clock"),
    ("already cancelled; query 0", "it was over already: cancelled on the phone; Safaricom's answer to our question 0"),
    ("asked for 1500, 1400.00 arrived", "KSh 1500 asked for, KSh 1400.00 arrived"),
    ("the order is 1500.00, 1400 arrived", "the order is KSh 1500.00, KSh 1400 arrived"),
    ("its code OD123ABC45 belongs to order 100042", "its code OD123ABC45 belongs to order 100042"),
    ("the same money as OD123ABC45", "the same money as OD123ABC45"),
    ("unknown code 8001", "an answer that we do not know: 8001"),
    ("used for order 100042", "used for order 100042"),
    ("query said nothing final", "Safaricom's answer to our question said nothing final"),
]


def literal_reasons() -> set[str]:
    """Every reason that stands word for word in the lifecycle."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("oscar_mpesa/lifecycle/*.py"))
    return {ORDER_CLOSED, SOLD_OUT, *re.findall(r'why="([^"]+)"', sources)}


@pytest.mark.parametrize(("why", "words"), WRITTEN)
def test_a_reason_is_said_in_words(why: str, words: str) -> None:
    assert because(why) == words


@pytest.mark.parametrize("why", sorted({*literal_reasons(), *(why for why, _ in WRITTEN)}))
def test_a_reason_is_said_in_swahili(why: str) -> None:
    with translation.override("sw"):
        assert because(why) != why


def test_what_a_person_wrote_stays_as_it_is() -> None:
    assert because("agreed by phone; will call back") == "agreed by phone; will call back"
