"""The documents and the code in them."""

from __future__ import annotations

import re

from tests.house.sources import ROOT

DOCUMENTS = sorted(
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        *(f"docs/{at.name}" for at in (ROOT / "docs").glob("*.md")),
    ]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def text_of(path: str) -> str:
    """Return the text of a document."""
    return (ROOT / path).read_text(encoding="utf-8")
