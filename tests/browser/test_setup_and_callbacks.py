"""The set-up page and the callbacks fit and are accessible in both languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.simulator.server import Simulator
from tests.browser.axe import violations_at_all_widths
from tests.browser.shopper import Person
from tests.browser.states import confirming
from tests.setup_check.probes import set_up
from tests.shop import ANOTHER, allow_order_pages, failure, new_payment, new_staff_user, pay, post, success

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = pytest.mark.parametrize(("language", "width"), [("en", 360), ("en", 1280), ("sw", 360), ("sw", 1280)])


def signed_in(person: Person) -> Person:
    """Sign in as staff who may act on payments."""
    client = Client()
    clerk = new_staff_user("view_mpesapayment", "act_on_payment")
    allow_order_pages(clerk)
    client.force_login(clerk)
    key = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": key, "value": client.cookies[key].value, "url": person.shop}])
    return person


def some_of_each() -> MpesaCallback:
    """Callbacks with several verdicts, of payments whose ids are as long as a grown shop's; the one that failed."""
    MpesaPayment.objects.filter(pk=new_payment(sent=False).pk).update(id=100_000)
    cancelled, paid = new_payment(phone=ANOTHER), pay(new_payment())
    post(cancelled, failure(cancelled), now=timezone.now())
    post(paid, success(paid), now=timezone.now())
    receive_callback(b"hello", secret="", address="203.0.113.9", now=timezone.now())
    receive_callback(success(paid), secret="0" * 32, address="2001:db8::1234:5678:9abc", now=timezone.now())
    MpesaCallback.objects.filter(payment=paid).update(
        verdict="failed", reason="crashed", detail="RuntimeError('the shop's own fault')"
    )
    return MpesaCallback.objects.filter(verdict="failed").latest("pk")


@LOOKS
def test_setup_page_fits_and_is_accessible(
    new_visitor: Callable[..., Person], settings: Any, language: str, width: int
) -> None:
    set_up(settings, SHORTCODE="5123456", PASSKEY="", AVAILABLE_TO="staff", SUPPORT_CONTACT="0700 000 000")
    clerk = signed_in(new_visitor(language=language, width=width))

    clerk.goes("dashboard/mpesa/set-up/")
    clerk.looks("set-up")

    assert clerk.page.locator(".mpesa-finding-error").count() and clerk.fits()
    assert violations_at_all_widths(clerk.page, within=".mpesa-dashboard") == []


@pytest.mark.parametrize("language", ["en", "sw"])
def test_settings_table_fits_a_phone(new_visitor: Callable[..., Person], settings: Any, language: str) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"]}
    clerk = signed_in(new_visitor(language=language, width=360))

    clerk.goes("dashboard/mpesa/set-up/")

    table = clerk.page.locator(".table-responsive", has=clerk.page.locator(".mpesa-settings"))
    assert table.evaluate("region => region.scrollWidth - region.clientWidth") <= 0


@pytest.mark.parametrize("width", [360, 1280])
def test_full_check_shows_its_findings(
    new_visitor: Callable[..., Person], settings: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    clerk = signed_in(new_visitor(width=width))
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, CALLBACK_URL=f"{clerk.shop}/api/payments/hooks", TRUSTED_PROXIES=1)
        clerk.goes("dashboard/mpesa/set-up/")

        clerk.page.get_by_role("button", name="Run the test").click()
        clerk.page.wait_for_selector("#callback-ok")

    said = clerk.looks("tried")
    assert "A test message to the callback address came through." in said
    assert "MPESA_TRUSTED_PROXIES is too high" in said and clerk.fits()
    assert violations_at_all_widths(clerk.page, within=".mpesa-dashboard") == []


@LOOKS
def test_callback_pages_fit_and_are_accessible(new_visitor: Callable[..., Person], language: str, width: int) -> None:
    failed = some_of_each()
    reported = confirming().callbacks.get(verdict="unconfirmed")
    clerk = signed_in(new_visitor(language=language, width=width))

    clerk.goes("dashboard/mpesa/callbacks/")
    clerk.looks("inbox")
    fits, found = clerk.fits(), violations_at_all_widths(clerk.page, within=".mpesa-dashboard")
    clerk.page.set_viewport_size({"width": width, "height": 740})
    clerk.page.locator(f"a.mpesa-row-link[href$='/callbacks/{failed.pk}/']").click()
    clerk.page.locator("summary").click()
    clerk.looks("callback")
    fits = fits and clerk.fits()
    found += violations_at_all_widths(clerk.page, within=".mpesa-dashboard")
    clerk.page.set_viewport_size({"width": width, "height": 740})
    clerk.goes(f"dashboard/mpesa/callbacks/{reported.pk}/")
    clerk.looks("unconfirmed")

    assert fits and clerk.fits()
    assert found + violations_at_all_widths(clerk.page, within=".mpesa-dashboard") == []


def test_callback_is_processed_again_without_scripts(new_visitor: Callable[..., Person]) -> None:
    failed = some_of_each()
    clerk = signed_in(new_visitor(scripts=False))

    clerk.goes("dashboard/mpesa/callbacks/")
    clerk.page.select_option("#id_verdict", "failed")
    clerk.page.locator(".mpesa-filter button").click()
    clerk.page.locator("a.mpesa-row-link").first.click()
    clerk.page.get_by_role("button", name="Process the callback again").click()

    clerk.page.get_by_text("The callback was processed.").wait_for()
    failed.refresh_from_db()
    assert failed.verdict != "failed"
