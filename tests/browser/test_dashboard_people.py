"""The owner gives an assistant her role; she works with it; the owner sees what she did."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from oscar_mpesa.models import MpesaEvent
from tests.browser.axe import violations_at_all_widths
from tests.browser.shopper import Person
from tests.shop import NO_FUNDS, failure, new_payment, post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: The clicks that one task may take.
MOST_CLICKS = 5


def signed_in(person: Person, user: object) -> Person:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person


def clicks(person: Person, *selectors: str) -> int:
    """Click each, one after the other; return how many there were."""
    for selector in selectors:
        person.page.locator(selector).first.click()
        person.page.wait_for_load_state()
    return len(selectors)


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)])
def test_owner_gives_a_role_and_sees_what_was_done(
    new_visitor: Callable[..., Person], width: int, scripts: bool
) -> None:
    users = get_user_model().objects
    boss = users.create_superuser("boss", "boss@example.com", "x")
    amina = users.create_user("amina", "amina@example.com", "x", first_name="Amina")
    payment = new_payment(phone=NO_FUNDS, now=timezone.now())
    post(payment, failure(payment), now=timezone.now())
    owner = signed_in(new_visitor(width=width, scripts=scripts), boss)

    owner.goes("dashboard/mpesa/people/")
    owner.page.fill("#mpesa-person", "amina@")
    given = clicks(owner, ".mpesa-filter button", "#found ~ section button[value=cashier]")
    assert "Amina now has the role M-PESA cashier." in owner.page.inner_text("body")

    clerk = signed_in(new_visitor(width=width, scripts=scripts), amina)
    clerk.goes(f"dashboard/mpesa/payments/{payment.pk}/")
    assert clerk.page.locator("text=Block the number").count() == 0
    clicks(clerk, "summary:has-text('Check the status')", "button:has-text('Yes, check the status')")
    clerk.goes("dashboard/mpesa/money/months/")
    refusal = clerk.looks("refused")
    wrong = violations_at_all_widths(clerk.page, within=".mpesa-dashboard") if scripts else []  # axe is a script

    owner.goes("dashboard/mpesa/activity/")
    seen = owner.looks("activity")

    assert given <= MOST_CLICKS
    assert "You need this permission: Can see how much M-PESA brings in." in refusal
    assert wrong == []
    assert MpesaEvent.objects.filter(type="query_requested", by=amina).exists()
    assert "Amina" in seen and "Status check requested" in seen and "Role given" in seen
