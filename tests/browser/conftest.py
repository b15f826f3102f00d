"""One Chromium for the run, a shop on a live server, and a picture of every page that is looked at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from tests.browser.shopper import Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).resolve().parents[2] / "build" / "screenshots"

# The headless shell is Chromium without the windows that nobody looks at, and half the work.
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

# Playwright's loop runs in this thread, and Django would take every query of a test for one inside it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Start a Chromium with options of Playwright's."""
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
    """The demo shop with its goods and people; its address."""
    call_command("sandbox_shop", verbosity=0)
    return str(live_server.url)


@pytest.fixture
def bare_shop(transactional_db: None, live_server: Any) -> str:
    """The demo shop with empty shelves, which opens at once: for orders that a test makes itself; its address."""
    return str(live_server.url)


@pytest.fixture
def new_person(chromium: Browser, shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Make a shopper with a browser of their own; errors of our own files on its console fail the test."""
    yield from _people(chromium, shop, request)


@pytest.fixture
def new_visitor(chromium: Browser, bare_shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The same, in the shop with empty shelves."""
    yield from _people(chromium, bare_shop, request)


def _people(chromium: Browser, shop: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    people: list[Person] = []

    def make(**wishes: Any) -> Person:
        person = Person(chromium, shop, pictures=PICTURES / request.node.name.partition("[")[0], **wishes)
        people.append(person)
        return person

    yield make
    for person in people:
        person.leaves()
    assert [error for person in people for error in person.errors] == []
