"""The payment page on unreliable networks and in browsers that stop scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.browser.connection import STATUS, comes_to, held_back, scripts_stopped, stands_still, time_passes
from tests.browser.shopper import Person
from tests.browser.states import enter_pin, unanswered_too_long
from tests.shop import pay

pytestmark = pytest.mark.browser

OFFLINE = "No connection. The prompt is still on the phone."


#: What another site would put into the page.
FOREIGN = b"""<div id="mpesa-payment"><h1 id="mpesa-heading">Foreign</h1>
<div id="mpesa-page-status"><p>x</p><img src="/none" onerror="window.isForeign = true"></div></div>"""


class AnotherSite(BaseHTTPRequestHandler):
    """A site that lets every other site read its page."""

    def do_GET(self) -> None:
        """Send the page."""
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(FOREIGN)


@pytest.fixture
def another_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), AnotherSite) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def waiting(new_visitor: Any) -> tuple[Person, MpesaPayment]:
    """Somebody at a waiting page whose clock stands still, so that it asks when the test lets time pass."""
    payment = enter_pin()
    return stands_still(new_visitor(), payment), payment


def test_offline_page_keeps_its_state_and_updates_once_online(
    waiting: tuple[Person, MpesaPayment],
) -> None:
    guest, payment = waiting
    lost: list[str] = []
    guest.page.on("requestfailed", lambda request: lost.append(request.url))
    before = guest.looks("online").splitlines()

    guest.context.set_offline(True)
    pay(payment, now=timezone.now())
    time_passes(guest, until=lambda: lost)
    offline = guest.looks("offline").splitlines()
    guest.context.set_offline(False)

    assert {line for line in offline if line not in before and ":" not in line} == {OFFLINE}
    assert "Enter your PIN only on the phone. We never ask for it here." in offline
    assert "Paid. Thank you!" in guest.sees("paid")


def test_page_works_during_a_slow_request(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        pay(payment, now=timezone.now())
        guest.page.click("#mpesa-none")
        slow = guest.looks("slow")
        on_hold.pop().continue_()
        paid = guest.sees("paid")

    assert "Unlock the phone and look again." in slow
    assert "Enter your PIN only on the phone." in slow
    assert "Paid. Thank you!" in paid


def test_lost_request_is_repeated(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        pay(payment, now=timezone.now())
        time_passes(guest, until=lambda: len(on_hold) > 1)

    assert "Paid. Thank you!" in comes_to(guest, "paid")


@pytest.mark.parametrize("trouble", [503, None], ids=["server in trouble", "no connection"])
def test_page_shows_the_result_after_several_failures(
    waiting: tuple[Person, MpesaPayment], trouble: int | None
) -> None:
    guest, payment = waiting
    asked: list[str] = []
    guest.page.on("request", lambda request: asked.append(request.url))

    guest.page.route(STATUS, lambda route: route.fulfill(status=trouble) if trouble else route.abort())
    time_passes(guest, until=lambda: len(asked) > 3)
    meanwhile = guest.looks("trouble")
    pay(payment, now=timezone.now())
    guest.page.unroute(STATUS)

    assert "Enter your PIN only on the phone." in meanwhile
    assert "Paid. Thank you!" in comes_to(guest, "paid")


def test_answer_of_another_page_is_not_called_a_lost_connection(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting
    sign_in = "<!doctype html><title>Sign in</title>"

    guest.page.route(STATUS, lambda route: route.fulfill(body=sign_in, content_type="text/html"))
    guest.page.click("#mpesa-check")
    guest.page.wait_for_function("document.querySelector('#mpesa-checked').textContent.startsWith('That')")
    meanwhile = guest.looks("answer of another page")
    pay(payment, now=timezone.now())
    guest.page.unroute(STATUS)

    assert "That didn't work. Try again." in meanwhile and OFFLINE not in meanwhile
    assert "Paid. Thank you!" in comes_to(guest, "paid")


def test_redirect_to_another_site_brings_nothing_of_it(waiting: tuple[Person, MpesaPayment], another_site: str) -> None:
    guest, _ = waiting
    before = guest.page.inner_text("#mpesa-heading")

    guest.page.route(STATUS, lambda route: route.fulfill(json={"version": "another"}))
    guest.page.route(guest.page.url, lambda route: route.fulfill(status=302, headers={"Location": another_site}))
    guest.page.click("#mpesa-check")
    guest.page.wait_for_function("!/^Check/.test((document.querySelector('#mpesa-checked') || {}).textContent)")

    assert (guest.page.inner_text("#mpesa-heading"), guest.page.evaluate("window.isForeign")) == (before, None)


def test_check_now_works_after_scripts_stop(waiting: tuple[Person, MpesaPayment]) -> None:
    guest, payment = waiting

    with held_back(guest) as on_hold:
        time_passes(guest, until=lambda: on_hold)
        with scripts_stopped(guest):
            pay(payment, now=timezone.now())
            guest.page.evaluate("window.dispatchEvent(new Event('focus'))")
            still = guest.looks("stopped")
            with guest.page.expect_navigation():
                guest.page.click("#mpesa-check")
            paid = guest.sees("paid")

    assert "Enter your PIN only on the phone." in still
    assert "Paid. Thank you!" in paid


def test_send_again_works_after_scripts_stop(new_visitor: Any) -> None:
    payment = unanswered_too_long()
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=20), checkout_request_id=None)
    guest = new_visitor().owns(payment).waits_for(payment)
    guest.page.wait_for_selector("#mpesa-again[aria-disabled]")
    guest.page.click("#mpesa-again", force=True)
    too_early = MpesaPayment.objects.count()

    with scripts_stopped(guest):
        MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=70))
        with guest.page.expect_navigation():
            guest.page.click("#mpesa-again", force=True)
        guest.sees("enter-pin")

    assert (too_early, MpesaPayment.objects.count()) == (1, 2)
