"""Every dashboard page with no, few or many payments: narrow, wide, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaCallback, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.blocked_phones import block_phone
from tests.browser.axe import WIDTHS, violations
from tests.browser.keys import Keyboard
from tests.browser.shopper import Person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Numbers of payments. A busy year takes minutes to create, so only the benchmarks run it.
COUNTS = [0, 25, pytest.param(100_000, marks=pytest.mark.bench)]

#: The pages without a row of their own.
NAMES = ["overview", "payments", "blocked-phones", "receipts", "record", "month", "callbacks", "activity", "people"]
NAMES += ["search", "setup"]

#: The tests skip Oscar's own menus.
DASHBOARD, PANEL = ".mpesa-dashboard", ".mpesa-order-panel"


@pytest.fixture
def desk(new_person: Any) -> Person:
    """The owner's browser."""
    owner = get_user_model().objects.create_superuser("boss", "boss@example.com", "karibu-boss")
    person, client = new_person(width=WIDTHS[0]), Client()
    client.force_login(owner)
    name = django_settings.SESSION_COOKIE_NAME
    person.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": person.shop}])
    return person  # type: ignore[no-any-return]


def trade(count: int) -> None:
    """A year of it, and one number that wants no requests."""
    if count:
        call_command("make_history", payments=count, verbosity=0)
        phone = MpesaPayment.objects.earliest("pk").phone_number
        block_phone(phone, by=get_user_model().objects.get(username="boss"), note="rang us", now=timezone.now())


def pages() -> Iterator[tuple[str, str, str]]:
    """Name, address and the part of it that is ours; of rows those that there are."""
    for name in NAMES:
        yield name, reverse(f"dashboard:mpesa-{name}"), DASHBOARD
    yield "people-found", f"{reverse('dashboard:mpesa-people')}?q=boss", DASHBOARD
    yield "all-money", f"{reverse('dashboard:mpesa-receipts')}?status=", DASHBOARD
    yield "report", f"{reverse('dashboard:reports-index')}?report_type=mpesa_report", ""
    rows = {"payment": MpesaPayment, "receipt": MpesaReceipt, "callback": MpesaCallback}
    for name, model in rows.items():
        row = model._default_manager.order_by("pk").last()
        if row is not None:
            yield name, reverse(f"dashboard:mpesa-{name}", args=[row.pk]), DASHBOARD
    paid = MpesaPayment.objects.filter(mpesa_order__is_paid=True, status="completed").order_by("pk").last()
    if paid is not None:
        yield "payment-confirmation", reverse("dashboard:mpesa-payment-confirmation", args=[paid.pk]), DASHBOARD
    order = get_model("order", "Order").objects.order_by("pk").last()
    if order is not None:
        yield "order", reverse("dashboard:order-detail", args=[order.number]), PANEL


def faults(person: Person, name: str, address: str, within: str) -> list[str]:
    """What is wrong with a page, folded and unfolded, at each width; a picture of each."""
    wrong = []
    person.page.goto(person.shop + address)
    for width in WIDTHS:
        person.width = width
        person.page.set_viewport_size({"width": width, "height": 740})
        for folded in person.page.locator(f"{DASHBOARD} details").all():
            folded.evaluate("each => each.open = true")
        person.looks(name)
        if within:
            wrong += [f"{name} at {width}: {line}" for line in violations(person.page, within=within)]
        if within == DASHBOARD and not person.fits():
            wrong.append(f"{name} at {width} sticks out")
    return wrong


@pytest.mark.parametrize("count", COUNTS)
def test_every_page_fits_and_is_accessible(desk: Person, count: int) -> None:
    trade(count)

    wrong = []
    for language in ("en", "sw"):
        desk.language = language
        with translation.override(language):
            looked_at = list(pages())
        for name, address, within in looked_at:
            wrong += faults(desk, f"{name}-{count}", address, within)

    assert wrong == [], "\n".join(wrong)
    assert len(looked_at) == (14 if count == 0 else 19)


def test_payment_is_found_and_opened_by_keyboard(desk: Person) -> None:
    trade(25)
    payment = MpesaPayment.objects.select_related("mpesa_order__order").latest("pk")
    number = payment.mpesa_order.order.number
    desk.goes("dashboard/mpesa/payments/")

    keyboard = Keyboard(desk.page).goes_to(".mpesa-filter-fold summary").presses("Enter").types("#id_q", number.lower())
    with desk.page.expect_navigation():
        keyboard.presses("Enter")
    Keyboard(desk.page).follows("td a[href*='/payments/']")

    assert f"for order {number}" in desk.looks("found")
