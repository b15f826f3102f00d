"""Lists show twenty rows on a desk's screen, and fold their filters on a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from tests.browser.shopper import Person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: How many rows of the table are wholly within the window.
ROWS_IN_SIGHT = """[...document.querySelectorAll(".mpesa-rows tbody tr")]
    .filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length"""


def owner(person: Person) -> Person:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("boss", "boss@example.com", "x"))
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize("path", ["payments/", "money/?status="])
def test_twenty_rows_are_in_sight_at_a_desk(new_person: Any, path: str, language: str) -> None:
    call_command("make_history", payments=80, verbosity=0)
    desk = owner(new_person(language=language, width=1280))
    desk.page.set_viewport_size({"width": 1280, "height": 900})

    desk.goes(f"dashboard/mpesa/{path}")
    if "?" in path:
        desk.page.evaluate("document.querySelector('.mpesa-filter-fold').open = false")
    desk.looks("rows")

    assert desk.page.evaluate(ROWS_IN_SIGHT) >= 20
    assert desk.fits()


@pytest.mark.parametrize("path", ["payments/", "money/"])
def test_filters_are_folded_on_a_phone_until_one_is_set(new_person: Any, path: str) -> None:
    call_command("make_history", payments=25, verbosity=0)
    desk = owner(new_person(width=360, scripts=False))

    desk.goes(f"dashboard/mpesa/{path}")
    folded = desk.page.locator(".mpesa-filter-fold form").is_visible()
    desk.page.click(".mpesa-filter-fold summary")
    opened = desk.page.locator(".mpesa-filter-fold form").is_visible()
    desk.goes(f"dashboard/mpesa/{path}?amount=500&status=")

    assert (folded, opened) == (False, True)
    assert desk.page.locator(".mpesa-filter-fold form").is_visible()
    assert desk.fits()
