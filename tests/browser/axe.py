"""axe-core put into a page: what of WCAG 2.2 A and AA, and of best practice, it finds wrong there.

``make test-browser`` fetches it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: What axe calls best practice besides: landmarks, headings, and the like.
ALL = (*WCAG, "best-practice")

#: A narrow phone, and a desk.
WIDTHS = (360, 1280)
#: The narrowest phone as well.
ALL_WIDTHS = (320, *WIDTHS)

RUN = """([within, tags]) =>
    axe.run(within || document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})"""

#: Colours in the middle of an animation are neither the first nor the last ones.
STILL = """document.getAnimations().forEach((each) => {
    each.effect.updateTiming({iterations: 1});
    each.finish();
})"""


def violations(page: Page, *, within: str = "", tags: tuple[str, ...] = WCAG) -> list[str]:
    """What axe finds in a part of the page, or in all of it, a line for each element; none is what is wanted."""
    if not AXE.is_file():
        pytest.skip("axe-core is not here: `make test-browser` fetches it")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    page.evaluate(STILL)
    found = page.evaluate(RUN, [within, list(tags)])
    return [
        f"{violation['id']}: {node['target'][-1]} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def violations_at_all_widths(
    page: Page, *, within: str = "", tags: tuple[str, ...] = WCAG, widths: tuple[int, ...] = WIDTHS
) -> list[str]:
    """The same, with the page as wide as a phone and as a desk."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 740})
        found += [f"at {width}: {line}" for line in violations(page, within=within, tags=tags)]
    return found


def all_violations(page: Page) -> list[str]:
    """What axe finds of WCAG and of best practice in the whole page, at all widths."""
    return violations_at_all_widths(page, tags=ALL, widths=ALL_WIDTHS)
