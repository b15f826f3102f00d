"""The checkout warns if M-PESA does not work: cheaply, and without ever failing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.urls import reverse

from tests.alerts.readiness_shop import WARNING, WRONG_PASSKEY, chooser, open_shop, outage, paid, run_setup_test
from tests.outages import closed_port, redis_cache
from tests.query_counts import counted
from tests.shop import new_product
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shop(settings: Any) -> None:
    open_shop(settings)
    settings.TEMPLATES = [without_the_demos_bar(each) for each in settings.TEMPLATES]


def without_the_demos_bar(engine: dict[str, Any]) -> dict[str, Any]:
    """Leave out the demo's bar, because it asks the database when its periodic work ran."""
    options = engine["OPTIONS"]
    processors = [each for each in options["context_processors"] if each != "sandbox_site.context.demo"]
    return {**engine, "OPTIONS": {**options, "context_processors": processors}}


def warns() -> bool:
    page = chooser()
    assert 'value="mpesa"' in page
    return WARNING in page


def test_checkout_repeats_what_was_found_without_a_query(settings: Any) -> None:
    outage(settings)
    shopper = Shopper().puts_in_basket(new_product()).gives_address()
    page = reverse("checkout:payment-method")
    shopper.client.get(page)

    with counted() as count:
        answer = shopper.client.get(page)

    assert WARNING in answer.content.decode()
    assert [sql for sql in count if "oscar_mpesa" in sql] == []


def test_checkout_follows_when_a_monitor_or_staff_look(settings: Any) -> None:
    paid()
    before = warns()
    run_setup_test(WRONG_PASSKEY)

    assert (before, warns()) == (False, True)


@pytest.mark.parametrize("is_down", [False, True])
def test_checkout_finds_out_without_a_cache(settings: Any, is_down: bool) -> None:
    paid()
    if is_down:
        run_setup_test(WRONG_PASSKEY)
    settings.CACHES = {"default": redis_cache(closed_port())}
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"

    assert warns() is is_down


def test_checkout_opens_if_the_readiness_cannot_be_read(settings: Any) -> None:
    paid()
    run_setup_test(WRONG_PASSKEY)
    cache.clear()

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "oscar_mpesa_mpesajobrun" in sql:
            raise OperationalError("no such table: oscar_mpesa_mpesajobrun")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        unknown = warns()

    assert (unknown, warns()) == (False, True)
