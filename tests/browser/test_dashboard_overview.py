"""The overview with no, few and many payments, on narrow and wide screens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services import reconciliation
from tests.alerts.connectivity_rows import new_ended_payments
from tests.browser.axe import violations
from tests.browser.shopper import Person
from tests.browser.states import confirming, paid
from tests.services.unmatched import surplus
from tests.shop import new_staff_user

pytestmark = pytest.mark.browser


def nothing() -> None:
    """A shop that opened this morning."""


def a_little() -> None:
    """Twenty-five requests, and one thing to decide about, though nothing is out of order."""
    reconciliation.record_job_run(reconciliation.RECONCILE, now=timezone.now())
    surplus()
    new_ended_payments(19, status="completed", at=timezone.now() - timedelta(hours=30))
    for code, status in (("1032", "cancelled"), ("1037", "failed"), ("1", "failed")):
        new_ended_payments(2, status=status, code=code, at=timezone.now() - timedelta(hours=2))


def unclear() -> None:
    """A success that Safaricom has not confirmed for a day, and an email that was never delivered."""
    reconciliation.record_job_run(reconciliation.RECONCILE, now=timezone.now())
    confirming()
    MpesaCallback.objects.filter(verdict="unconfirmed").update(received_at=timezone.now() - timedelta(hours=25))
    paid()
    MpesaOutboxMessage.objects.filter(kind="paid_email").update(
        delivered_at=None, reserved_at=None, tries=12, due_at=timezone.now() - timedelta(days=1)
    )


def much() -> None:
    """Sixty days of trade, and a reconcile that stopped yesterday."""
    call_command("sandbox_shop", verbosity=0)
    call_command("make_history", payments=3000, days=60, verbosity=0)
    reconciliation.record_job_run(reconciliation.RECONCILE, now=timezone.now() - timedelta(days=1))


def signed_in(visitor: Person) -> Person:
    """Sign in as staff without the shop's login page."""
    client = Client()
    client.force_login(new_staff_user("view_mpesapayment", "view_turnover"))
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    visitor.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": visitor.shop}])
    return visitor


@pytest.mark.parametrize(("build", "needs"), [(nothing, 0), (a_little, 1), (unclear, 2), (much, 6)])
def test_overview_fits_and_is_accessible_in_both_languages(
    new_visitor: Any, build: Callable[[], None], needs: int
) -> None:
    build()
    found: dict[str, list[str]] = {}
    shown = set()
    for language in ("en", "sw"):
        for width in (360, 1280):
            clerk = signed_in(new_visitor(language=language, width=width))
            clerk.goes("dashboard/mpesa/")
            clerk.looks(build.__name__)
            assert clerk.fits()
            details = clerk.page.locator(".mpesa-dashboard summary")
            if details.count():
                details.first.click()
            clerk.looks(f"{build.__name__}-open")
            shown.add(clerk.page.locator(".mpesa-alerts li").count())
            found[f"{language} {width}"] = violations(clerk.page, within=".mpesa-dashboard")

    assert {place: lines for place, lines in found.items() if lines} == {}
    assert shown == {needs}
    assert MpesaPayment.objects.exists() is (build is not nothing)
