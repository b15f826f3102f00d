"""One Chromium for all tests, a shop on a live server, and a screenshot of every page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from tests.browser.shopper import PASSWORD, Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).resolve().parents[2] / "build" / "screenshots"

# The headless shell needs half the resources of Chromium.
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Playwright's event loop runs in this thread, so Django would refuse every query of a test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Return a function that starts Chromium with Playwright's options."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        yield partial(playwright.chromium.launch, executable_path=path, args=QUIET)


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def shop(transactional_db: None, live_server: Any, settings: Any) -> str:
    """Return the URL of the demo shop with its products and users."""
    call_command("sandbox_shop", verbosity=0)
    for user in get_user_model().objects.all():
        user.set_password(PASSWORD)
        user.save()
    return str(live_server.url)


@pytest.fixture
def bare_shop(transactional_db: None, live_server: Any) -> str:
    """Return the URL of the demo shop without products, which starts faster."""
    return str(live_server.url)


@pytest.fixture
def new_person(chromium: Browser, shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Yield a function that makes a person with a browser; console errors of our files fail the test."""
    yield from _people(chromium, shop, request)


@pytest.fixture
def new_visitor(chromium: Browser, bare_shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Yield the same for the shop without products."""
    yield from _people(chromium, bare_shop, request)


def _people(chromium: Browser, shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    people: list[Person] = []

    def make(**options: Any) -> Person:
        person = Person(chromium, shop, pictures=PICTURES / request.node.name.partition("[")[0], **options)
        people.append(person)
        return person

    yield make
    for person in people:
        person.leaves()
    assert [error for person in people for error in person.errors] == []
