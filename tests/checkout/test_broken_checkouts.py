"""In each broken checkout a purchase fails where the list says, and in each healthy one it succeeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.checkout.broken_checkouts import BROKEN, HEALTHY
from tests.checkout.served_checkout import BrokenCheckout
from tests.shop import new_product
from tests.shopper import Shopper
from tests.stores.shopper_walk import MPESA, Lost, Page, Walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BY_MPESA = [each for each in BROKEN if not each.other]
BY_OTHER = [each for each in BROKEN if each.other]


def is_phone_step(page: Page) -> bool:
    return page.asks_for_phone and "shipping-address" not in page.url


def is_preview(page: Page) -> bool:
    """Return whether the page has a button that goes on, and names the phone."""
    return bool(page.own_forms) and not is_phone_step(page) and "0708 374" in page.html


STAGES: Mapping[str, Callable[[Page], bool]] = {
    "phone": is_phone_step,
    "preview": is_preview,
    "order": lambda page: page.is_payment_page,
}


@pytest.fixture
def walk() -> Walk:
    get_model("address", "Country").objects.get_or_create(
        iso_3166_1_a2="KE",
        defaults={"name": "Kenya", "printable_name": "Kenya", "is_shipping_country": True, "iso_3166_1_a3": "KEN"},
    )
    return Walk(client=Client(raise_request_exception=False))


def start(walk: Walk) -> Page:
    Shopper(walk.client).puts_in_basket(new_product())
    return walk.open(reverse("checkout:index"))


def failed_stage(walk: Walk) -> str:
    """Buy by M-PESA. Return the stage that the purchase does not reach, or an empty string."""
    page = start(walk)
    for stage, is_reached in STAGES.items():
        found = find(walk, page, MPESA, is_reached)
        if found is None:
            return stage
        page = found
    return "" if MpesaPayment.objects.get().push_sent_at else "push"


def find(walk: Walk, page: Page, method: str, is_reached: Callable[[Page], bool]) -> Page | None:
    """Go on until a page is reached. Return None if there is no way."""
    try:
        return walk.goes_on(page, method, until=is_reached)
    except Lost:
        return None


def sells_by(walk: Walk, method: str) -> bool:
    """Buy by another method. Return whether the shopper is thanked, and owes nothing by M-PESA."""
    page = find(walk, start(walk), method, lambda page: page.is_thank_you)
    return page is not None and not MpesaOrder.objects.exists()


@pytest.mark.parametrize("broken", BY_MPESA, ids=lambda each: each.name)
def test_broken_checkout_stops_mpesa_at_its_stage(
    broken: BrokenCheckout, walk: Walk, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with broken.serve(monkeypatch, settings):
        stage = failed_stage(walk)

    assert stage == broken.stage, walk.trail
    assert "POST /checkout/shipping-method/" in walk.trail
    assert MpesaPayment.objects.count() == (1 if broken.stage == "push" else 0)


@pytest.mark.parametrize("broken", BY_OTHER, ids=lambda each: each.name)
def test_broken_checkout_stops_another_method(
    broken: BrokenCheckout, walk: Walk, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with broken.serve(monkeypatch, settings):
        is_sold = sells_by(walk, broken.other)

    assert not is_sold, walk.trail
    assert "POST /checkout/payment-method/" in walk.trail


@pytest.mark.parametrize("healthy", HEALTHY, ids=lambda each: each.name)
def test_unusual_checkout_sells_by_mpesa(
    healthy: BrokenCheckout, walk: Walk, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    with healthy.serve(monkeypatch, settings):
        stage = failed_stage(walk)

    assert stage == "", walk.trail
    assert MpesaPayment.objects.get().status == "processing"


def test_form_of_another_page_sells_by_card(walk: Walk, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    [healthy] = [each for each in HEALTHY if each.other]

    with healthy.serve(monkeypatch, settings):
        is_sold = sells_by(walk, healthy.other)

    assert is_sold, walk.trail
    assert not MpesaOrder.objects.exists()


def test_each_entry_names_its_own_culprit() -> None:
    assert {each.name for each in BROKEN if not each.culprits} == set()
    assert {each.stage for each in BROKEN} == {"phone", "preview", "order", "push", "other method"}
    assert len({each.name for each in (*BROKEN, *HEALTHY)}) == len(BROKEN) + len(HEALTHY)
