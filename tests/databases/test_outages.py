"""Two workers, fifty open payment pages, and a server that accepts connections and says nothing (M15)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.services.circuit_breaker import open_circuits
from oscar_mpesa.simulator.server import Simulator
from tests.databases.polls import polling
from tests.databases.threads import BusyDaraja, new_payment
from tests.gunicorn_shop import GunicornShop, TimedResponse, gunicorn_shop
from tests.outages import redis_cache, silent_server
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import new_order, success

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

PAGES, CALLBACKS = 50, 20

#: The most seconds for a callback or a page: the time limit of one call, so that a busy machine passes too.
MAX_SECONDS = 10.0

#: The most seconds until the shop has noticed the outage.
MAX_NOTICE = 60.0


@dataclass(frozen=True, kw_only=True)
class OpenPages:
    """Payments whose prompts are on the phones, the addresses that their pages poll, and the shopper's cookie."""

    payments: list[MpesaPayment]
    paths: list[str]
    cookie: str


@pytest.fixture
def pages(daraja: BusyDaraja) -> OpenPages:
    """Place fifty orders of one user, and send their prompts; all status checks are due."""
    daraja.seconds = 0
    user = get_user_model().objects.create_user("achieng", "achieng@example.com", "a password")
    client = Client()
    client.force_login(user)
    payments = [new_payment(new_order(user=user), now=timezone.now()) for _ in range(PAGES)]
    MpesaPayment.objects.update(next_query_at=timezone.now())
    paths = [reverse("checkout:mpesa-status", args=[payment.mpesa_order.public_id]) for payment in payments]
    return OpenPages(payments=payments, paths=paths, cookie=f"sessionid={client.cookies['sessionid'].value}")


def post_callbacks(shop: GunicornShop, payments: list[MpesaPayment]) -> list[TimedResponse]:
    """Post a success for each payment, three at a time, and ask for the front page after each."""

    def post(numbered: tuple[int, MpesaPayment]) -> list[TimedResponse]:
        number, payment = numbered
        path = reverse("oscar_mpesa:hook", args=[payment.secret])
        body = success(payment, number=f"ODA{number:07}")
        return [shop.post(path, body), shop.get(reverse("catalogue:index"))]

    with ThreadPoolExecutor(3) as pool:
        return [answer for answers in pool.map(post, enumerate(payments)) for answer in answers]


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until the condition holds, for ``MAX_NOTICE`` seconds at most."""
    ends = time.monotonic() + MAX_NOTICE
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.2)


def assert_served(answers: list[TimedResponse], polls: list[TimedResponse]) -> None:
    """Check that callbacks and pages were quick, that all of them and the polls succeeded, and the money is there."""
    slowest = max(answer.seconds for answer in answers)

    assert {answer.status for answer in answers} == {200}
    assert slowest < MAX_SECONDS
    assert len(polls) > 2 * PAGES and {poll.status for poll in polls} == {200}
    assert MpesaPayment.objects.filter(status="completed").count() == CALLBACKS


def test_hanging_safaricom_leaves_the_shop_fast(pages: OpenPages, settings: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "cache")
    caches = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": folder}}
    with silent_server() as silent:
        ours = {**CREDENTIALS, "SHORTCODE": "600999", "BASE_URL": f"http://127.0.0.1:{silent}"}
        settings.CACHES, settings.OSCAR_MPESA = caches, ours
        with (
            gunicorn_shop(tmp_path, settings={"CACHES": caches, "OSCAR_MPESA": ours}) as shop,
            polling(shop, pages.paths, pages.cookie) as polls,
        ):
            wait_until(lambda: open_circuits(timezone.now()) and len(polls) > 2 * PAGES)
            answers = post_callbacks(shop, pages.payments[:CALLBACKS])
        log = shop.log

    assert_served(answers, polls)
    assert MpesaApiCall.objects.filter(error_kind="unreachable").count() <= 6
    assert "Internal Server Error" not in log


def test_hanging_cache_leaves_the_shop_fast(pages: OpenPages, tmp_path: Path) -> None:
    with silent_server() as silent, Simulator() as safaricom:
        ours = {
            **CREDENTIALS,
            "SHORTCODE": "600999",
            "BASE_URL": safaricom.url,
        }
        shop_settings = {"CACHES": {"default": redis_cache(silent)}, "OSCAR_MPESA": ours}
        with (
            gunicorn_shop(tmp_path, settings=shop_settings) as shop,
            polling(shop, pages.paths, pages.cookie) as polls,
        ):
            wait_until(lambda: shop.log.count("is left alone for a while") == 2 and len(polls) > 2 * PAGES)
            answers = post_callbacks(shop, pages.payments[:CALLBACKS])
        log = shop.log

    assert_served(answers, polls)
    assert "Internal Server Error" not in log
