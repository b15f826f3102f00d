"""axe-core put into a page: what of WCAG 2.2 A and AA it finds wrong there. ``make test-browser`` fetches it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

#: A narrow phone, and a desk.
WIDTHS = (360, 1280)

RUN = """([within, tags]) =>
    axe.run(within || document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})"""

#: Colours in the middle of an animation are neither the first nor the last ones.
STILL = """document.getAnimations().forEach((each) => {
    each.effect.updateTiming({iterations: 1});
    each.finish();
})"""


def violations(page: Page, *, within: str = "") -> list[str]:
    """What axe finds in a part of the page, or in all of it, a line for each element; none is what is wanted."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: `make test-browser` fetches it")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(STILL)
    found = page.evaluate(RUN, [within, TAGS])
    return [
        f"{violation['id']}: {node['target'][-1]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def violations_at_all_widths(page: Page, *, within: str = "") -> list[str]:
    """The same, with the page as wide as a phone and as a desk."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        found += [f"at {width}: {line}" for line in violations(page, within=within)]
    return found
