"""Whoever answers the phone finds a customer by whatever the customer says."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests.browser.axe import violations_at_all_widths
from tests.browser.keys import Keyboard
from tests.browser.shopper import Person
from tests.shop import new_payment, new_staff_user, pay

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MESSAGE = "OD123ABC45 Confirmed. Ksh1,500.00 sent to DUKA LETU for account 1 on 23/11/26 at 3:00 PM"


def clerk(person: Person) -> Person:
    client = Client()
    client.force_login(new_staff_user("view_mpesapayment", "view_full_phone", "record_claim"))
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("term", [MESSAGE, "od123-abc45", "374149", "0708 374 149", "guest@ex", "0708 •••149"])
def test_payment_is_found_from_any_page(new_visitor: Callable[..., Person], term: str, scripts: bool) -> None:
    payment = pay(new_payment(now=timezone.now()))
    call_command("mpesa_index_search", stdout=StringIO())
    desk = clerk(new_visitor(width=360, scripts=scripts))
    desk.goes("dashboard/mpesa/set-up/")

    desk.page.fill("#mpesa-search", term)
    desk.page.click(".mpesa-search button")
    desk.page.click("#payments ~ ul a")

    assert desk.page.url.endswith(f"/payments/{payment.pk}/")


def test_unknown_code_is_recorded_by_keyboard(new_visitor: Callable[..., Person]) -> None:
    desk = clerk(new_visitor(width=1280))
    desk.goes("dashboard/mpesa/")

    keyboard = Keyboard(desk.page).types("#mpesa-search", MESSAGE.replace("OD123ABC45", "OD999ZZZ99"))
    with desk.page.expect_navigation():
        keyboard.presses("Enter")
    Keyboard(desk.page).follows("a[href*='record/?code=']")

    assert desk.page.input_value("[name=code]") == "OD999ZZZ99"


@pytest.mark.parametrize("language", ["en", "sw"])
def test_results_are_accessible_and_fit(new_visitor: Callable[..., Person], language: str) -> None:
    pay(new_payment(now=timezone.now()))
    desk = clerk(new_visitor(language=language, width=360))

    wrong = []
    for term in ("OD123ABC45", "OD999ZZZ99", "Wanjiru", ""):
        desk.goes(f"dashboard/mpesa/search/?q={term}")
        desk.looks(f"search-{term}")
        assert desk.fits()
        wrong += violations_at_all_widths(desk.page, within=".mpesa-dashboard")

    assert wrong == []
