"""Each finding of Bandit that the code turns off names its rule and its reason."""

from __future__ import annotations

import re

from tests.house.sources import python_files


def test_each_nosec_names_its_rule_and_its_reason() -> None:
    lines = [line for source in python_files("oscar_mpesa", "sandbox_site") for line in source.text.splitlines()]

    marked = [line for line in lines if "nosec" in line]

    assert any("nosec B101 # narrows the type" in line for line in marked)
    assert [line for line in marked if not re.search(r"  # nosec B\d{3} # \w+.* \w+", line)] == []
