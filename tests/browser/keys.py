"""Somebody who has a keyboard and no mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: More stops than any page of the shop has.
STOPS = 150

#: Where the focus is, one can see it by an outline, of a radio by that of its label; a pale ring is too little.
SEEN = """() => {
    const at = document.activeElement;
    const look = getComputedStyle(at.matches(".mpesa-pick") ? at.nextElementSibling : at);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
}"""

#: What can be reached in a part of the page; of each group of radios the chosen one.
REACHABLE = """(part) => [...document.querySelector(part).querySelectorAll("a[href], button, input, select, summary")]
    .filter((each) => !each.disabled && each.type !== "hidden" && each.checkVisibility())
    .filter((each) => each.type !== "radio" || each.checked)
    .map((each) => each.id || each.name || each.textContent.trim())"""

NAMED = "(at => at.id || at.name || at.textContent.trim())(document.activeElement)"


class Keyboard:
    """Tab, Enter, Space, arrows and letters; every stop within our own panels must be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def goes_to(self, selector: str) -> Keyboard:
        """Press Tab until the control has the focus."""
        for _ in range(STOPS):
            if self._is_at(selector):
                return self
            self.presses("Tab")
            assert not self._is_at(".mpesa-panel *") or self.page.evaluate(SEEN), f"unseen: {self.page.evaluate(NAMED)}"
        raise AssertionError(f"the keyboard does not reach {selector} on {self.page.url}")

    def presses(self, *keys: str) -> Keyboard:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def follows(self, selector: str) -> Keyboard:
        """Go to a link or button and press Enter; another page comes."""
        self.goes_to(selector)
        with self.page.expect_navigation():
            self.presses("Enter")
        return self

    def types(self, selector: str, text: str) -> Keyboard:
        """Go to a field and write in place of what stands there."""
        self.goes_to(selector).presses("Control+a")
        self.page.keyboard.type(text)
        return self

    def picks(self, selector: str, *, of: str) -> Keyboard:
        """Go to a group of radios and move to this one by arrows."""
        self.goes_to(of)
        for _ in range(self.page.locator(of).count()):
            if self.page.is_checked(selector):
                return self
            self.presses("ArrowDown")
        assert self.page.is_checked(selector)
        return self

    def stops_in(self, part: str) -> tuple[list[str], list[str]]:
        """What Tab reaches in a part of the page, from its top, and what it should."""
        reachable: list[str] = self.page.evaluate(REACHABLE, part)
        stops: list[str] = []
        for _ in range(STOPS):
            self.presses("Tab")
            if self._is_at(f"{part} *"):
                stops.append(self.page.evaluate(NAMED))
            elif stops:
                break
        return stops, reachable

    def _is_at(self, selector: str) -> bool:
        return bool(self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector))
