"""The set-up page: findings, settings without secrets, and the full check for permitted users."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment
from oscar_mpesa.simulator.server import Simulator
from tests.query_counts import counted
from tests.setup_check.probes import KEYS, set_up
from tests.shop import new_product, new_staff_user

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "dashboard:mpesa-setup"
VIEW, ACT = "view_mpesapayment", "act_on_payment"


def clerk(*permissions: str) -> Client:
    client = Client()
    client.force_login(new_staff_user(VIEW, *permissions))
    return client


def test_page_shows_findings_without_calls_to_safaricom(settings: Any) -> None:
    set_up(settings, ENVIRONMENT="production", SHORTCODE="600986", PASSKEY="", TEST_MODE=False)

    page = clerk().get(reverse(PAGE)).content.decode()

    assert "Some M-PESA credentials are missing." in page
    assert "What to do: Set all of MPESA_CONSUMER_KEY" in page
    assert "M-PESA is not offered until this is fixed." in page
    assert "mpesa_reconcile has never run here." in page
    assert not MpesaApiCall.objects.exists()


def test_page_asks_for_the_shortcode_type(settings: Any) -> None:
    set_up(settings, SHORTCODE="5123456")
    unclear = clerk().get(reverse(PAGE)).content.decode()

    set_up(settings, SHORTCODE="7654321", TILL_NUMBER="5123456")
    clear = clerk().get(reverse(PAGE)).content.decode()

    assert "Is 5123456 a paybill or a till?" in unclear
    assert "paybill or a till?" not in clear and "Which number goes where" in clear
    assert "mpesa-number-yours" in clear and "mpesa-number-yours" not in unclear


def test_page_shows_settings_and_hides_secrets(settings: Any) -> None:
    set_up(settings, AVAILABLE_TO="staff", PASSKEY="")

    page = clerk().get(reverse(PAGE)).content.decode()

    assert "<code>MPESA_AVAILABLE_TO</code></th><td>staff</td>" in page
    assert "<code>MPESA_CONSUMER_SECRET</code></th><td>set</td>" in page
    assert "<code>MPESA_PASSKEY</code></th><td>missing</td>" in page
    assert not any(KEYS[name] in page for name in ("CONSUMER_KEY", "CONSUMER_SECRET", "PASSKEY"))


def test_user_with_permission_runs_the_full_check(
    settings: Any, live_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Simulator() as simulator:
        set_up(settings, BASE_URL=simulator.url, CALLBACK_URL=f"{live_server.url}/api/payments/hooks")

        page = clerk(ACT).post(reverse(PAGE)).content.decode()

    assert "Safaricom knows the short code 174379 and takes its passkey." in page
    assert "A test message to the callback address came through." in page
    assert "Run the test again" in page
    assert not MpesaCallback.objects.exists()


def test_user_without_permission_cannot_run_the_check(settings: Any) -> None:
    set_up(settings)
    client = clerk()

    page, answer = client.get(reverse(PAGE)).content.decode(), client.post(reverse(PAGE))

    assert "Run the test" not in page and "Staff who may act on payments" in page
    assert answer.status_code == 403
    assert not MpesaApiCall.objects.exists()


def test_button_tries_the_checkout_and_shows_what_it_finds(settings: Any) -> None:
    set_up(settings, OTHER_METHODS=[("cod", "Cash on delivery", "checkout:nowhere")])
    new_product()

    page = clerk(ACT).post(reverse(PAGE), {"check": "checkout"}).content.decode()

    assert "The order is placed." in page and "The STK push follows" in page
    assert 'id="method-url"' in page and "to checkout:nowhere, which is no URL name of this shop." in page
    assert "Try the checkout again" in page
    assert not MpesaPayment.objects.exists() and not MpesaApiCall.objects.exists()


def test_user_without_permission_cannot_try_the_checkout() -> None:
    client = clerk()

    page, answer = client.get(reverse(PAGE)).content.decode(), client.post(reverse(PAGE), {"check": "checkout"})

    assert "Does your checkout reach M-PESA?" in page and "Try the checkout" not in page
    assert answer.status_code == 403


def test_page_is_not_cached() -> None:
    assert "no-store" in clerk().get(reverse(PAGE))["Cache-Control"]


def test_page_costs_at_most_twelve_queries() -> None:
    client = clerk(ACT)
    client.get(reverse(PAGE))

    with counted() as count:
        client.get(reverse(PAGE))

    assert len(count) <= 12, str(count)
