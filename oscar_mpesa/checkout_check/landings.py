"""Follow redirects to the page where a shopper lands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urljoin

from oscar_mpesa.checkout_check.browser import MOST_REDIRECTS, PLACED, THANKED, Browser, Visit, is_in_checkout, name_of

#: Oscar's steps before the payment, and its page after the order: not opened.
_NOT_OPENED = {"index", "shipping-address", "shipping-method", "user-address-update", "user-address-delete", THANKED}

#: The pages of Oscar's payment step, and ours.
PAYMENT_PAGES = {"payment-method", "payment-details", "preview", "mpesa-phone"}


class Kind(Enum):
    """Where a shopper landed."""

    PAGE = "page"
    PLACED = "placed"
    LEFT = "left"
    CIRCLE = "circle"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """The visits from one click to the next page. ``target`` is the page that was not opened."""

    kind: Kind
    visits: list[Visit]
    target: str = ""

    @property
    def page(self) -> Visit:
        """Return the last visit."""
        return self.visits[-1]

    @property
    def paths(self) -> str:
        """Return the paths of all visits, for people."""
        return " → ".join(visit.path for visit in self.visits[-4:])


def land(
    browser: Browser, path: str, data: Mapping[str, Any] | None = None, *, only_payment_pages: bool = False
) -> Landing:
    """Open a path, and follow redirects inside the checkout. Opens no page of the app after the order."""
    visits = [browser.open(path, data)]
    seen = set() if data is not None else {path}
    while True:
        visit = visits[-1]
        if visit.error is not None or visit.status >= 400:
            return Landing(kind=Kind.BROKEN, visits=visits)
        if not visit.location:
            return Landing(kind=Kind.PAGE, visits=visits)
        target = browser.target_of(visit)
        if name_of(target) == PLACED:
            return Landing(kind=Kind.PLACED, visits=visits, target=target)
        if not target or not _is_opened(target, only_payment_pages=only_payment_pages):
            return Landing(kind=Kind.LEFT, visits=visits, target=target or visit.location)
        if (target in seen and _is_same_site(visits, target)) or len(visits) > MOST_REDIRECTS:
            return Landing(kind=Kind.CIRCLE, visits=visits, target=target)
        seen.add(target)
        visits.append(browser.open(target))


def send(browser: Browser, page: Visit, action: str, data: Mapping[str, Any], **options: bool) -> Landing:
    """Post a form of a page to its action, and follow redirects."""
    return land(browser, urljoin(page.path, action) if action else page.path, data, **options)


def _is_opened(path: str, *, only_payment_pages: bool) -> bool:
    name = name_of(path)
    if only_payment_pages:
        return name in PAYMENT_PAGES
    return is_in_checkout(path) and name not in _NOT_OPENED


def _is_same_site(visits: list[Visit], target: str) -> bool:
    """Return whether the last redirect led to another path, and not to the same one on another host."""
    return visits[-1].path != target or len(visits) > 2
