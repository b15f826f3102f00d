"""Amounts and times are written alike in every language."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from django.utils import translation

from oscar_mpesa.templatetags.mpesa import clock, ksh


@pytest.mark.parametrize("language", ["en", "sw"])
def test_amounts_and_times_do_not_change_with_the_language(language: str) -> None:
    moment = datetime(2026, 11, 23, 12, 34, tzinfo=timezone.utc)

    with translation.override(language):
        assert (ksh(1500), ksh(Decimal("1499.50")), clock(moment)) == ("KSh 1,500", "KSh 1,499.50", "15:34")


def test_nothing_is_written_as_nothing() -> None:
    assert (ksh(None), clock(None)) == ("", "")
