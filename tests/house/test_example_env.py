"""The example of the environment names every variable of the demo shop."""

from __future__ import annotations

import re

from tests.house.sources import ROOT


def test_example_file_names_every_variable() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    settings = (ROOT / "sandbox_site" / "settings.py").read_text(encoding="utf-8")

    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', settings)) - {"PORT"}

    assert "SECURE_HSTS_SECONDS" in read
    assert read == {name for name in read if re.search(rf"^#?{name}=", example, re.MULTILINE)}
