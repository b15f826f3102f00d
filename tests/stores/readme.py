"""Give each store the lines of the README, as they stand there. A change of the README changes the stores."""

from __future__ import annotations

import re
from typing import Any

from tests.house.sources import ROOT

SECTION = "## Add it to your shop"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

#: The line that names our URLs, in the block of ``urlpatterns``.
OURS = "oscar_mpesa"

#: Deliver messages in the committing thread, as our own tests do.
WAKE = "oscar_mpesa.testing.deliver_due"


def settings_lines() -> list[str]:
    """Return the lines for the settings."""
    return [line for line in _block("INSTALLED_APPS") if line.strip()]


def url_lines() -> list[str]:
    """Return the lines for the URLconf: those of its list that name our app."""
    return [line for line in _block("urlpatterns") if OURS in line]


def choice() -> str:
    """Return M-PESA's entry in a shop's own list of choices."""
    found = re.search(r"\(\"mpesa\", [^)]+\)", "\n".join(_block("choices")))
    assert found is not None
    return found.group()


def add_to_settings(settings: dict[str, Any], *, also: tuple[str, ...] = ()) -> None:
    """Run the README's lines in the namespace of a settings module, then ``also``: one documented line each.

    ``STORE_LINES`` keeps what was added, for the tests to count.
    """
    lines = [*settings_lines(), *also]
    exec("\n".join(lines), settings)  # noqa: S102 - the README's lines are what is tested
    settings["STORE_LINES"] = lines
    settings["OSCAR_MPESA"]["WAKE"] = WAKE


def our_patterns() -> list[Any]:
    """Return the URL patterns of the README's line."""
    names: dict[str, Any] = {}
    code = ["from django.urls import include, path", "patterns = [", *url_lines(), "]"]
    exec("\n".join(code), names)  # noqa: S102 - the README's line is what is tested
    patterns: list[Any] = names["patterns"]
    return patterns


def _block(word: str) -> list[str]:
    """Return the lines of the first block of code that contains a word, in the section about adding the app."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition(f"\n{SECTION}\n")[2].partition("\n## ")[0]
    block: str = next(code for code in FENCED.findall(section) if word in code)
    return block.splitlines()
