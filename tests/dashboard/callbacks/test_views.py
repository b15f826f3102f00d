"""The pages of callbacks: verdicts, addresses, and masked bodies."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.callbacks import receive_callback
from tests.query_counts import counted
from tests.services.concurrent_changes import failing_queries
from tests.shop import NOON, failure, new_payment, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db(transaction=True)

INBOX = "dashboard:mpesa-callbacks"
VIEW, ACT = "view_mpesapayment", "act_on_payment"


def clerk(*permissions: str) -> Client:
    client = Client()
    client.force_login(new_staff_user(VIEW, *permissions))
    return client


def one(callback: MpesaCallback) -> str:
    return reverse("dashboard:mpesa-callback", args=[callback.pk])


def opened(client: Client, callback: MpesaCallback) -> str:
    return client.get(one(callback)).content.decode()


def failed_callback() -> MpesaCallback:
    payment = new_payment()
    return MpesaCallback.objects.create(
        body=success(payment),
        received_at=NOON,
        environment="simulated",
        payment=payment,
        verdict="failed",
        reason="crashed",
        detail=f"IntegrityError('phone {payment.phone}')",
    )


def test_list_shows_verdicts_and_addresses() -> None:
    payment = new_payment()
    callback = post(payment, failure(payment))
    receive_callback(b"hello", secret="", address="203.0.113.9", now=timezone.now())

    page = clerk().get(reverse(INBOX)).content.decode()

    for words in ("accepted", "196.201.214.200", "not verified", "203.0.113.9", one(callback)):
        assert words in page
    assert str(payment.mpesa_order.order.number) in page
    assert "Simulated (test)" in page


def test_list_is_filtered_by_verdict_and_day() -> None:
    payment = new_payment()
    callback = post(payment, failure(payment))
    receive_callback(b"hello", secret="", address=None, now=timezone.now())

    by_verdict = clerk().get(reverse(INBOX), {"verdict": "applied"}).content.decode()
    by_day = clerk().get(reverse(INBOX), {"day": "2026-11-23"}).content.decode()
    on_another = clerk().get(reverse(INBOX), {"day": "2026-11-21"}).content.decode()

    assert all(one(callback) in page and page.count("mpesa-row-link") == 1 for page in (by_verdict, by_day))
    assert "There are no such callbacks." in on_another


@pytest.mark.parametrize("asked", [{"verdict": "believed"}, {"day": "yesterday"}, {"before": "-1"}])
def test_invalid_filter_shows_no_rows(asked: dict[str, str]) -> None:
    receive_callback(b"hello", secret="", address=None, now=timezone.now())

    answer = clerk().get(reverse(INBOX), asked)

    assert answer.status_code == 200
    assert b"mpesa-row-link" not in answer.content


def test_link_to_older_callbacks_keeps_the_filter() -> None:
    MpesaCallback.objects.bulk_create(
        MpesaCallback(body=b"{}", received_at=NOON, environment="production", verdict="unverified")
        for _ in range(25 + 1)
    )

    first = clerk().get(reverse(INBOX), {"verdict": "unverified"})
    second = clerk().get(f"{reverse(INBOX)}?{first.context['older']}")

    assert first.content.count(b"mpesa-row-link") == 25
    assert second.content.count(b"mpesa-row-link") == 1
    assert "verdict=unverified" in first.context["older"]
    assert b"Newest" in second.content and b"Older" not in second.content


def test_callback_shows_its_verdict_without_phones_and_secrets() -> None:
    payment = new_payment()
    callback = post(payment, success(payment, Secret=payment.secret))

    page, in_full = opened(clerk(), callback), opened(clerk("view_full_phone"), callback)

    assert "Accepted.</strong> It was accepted" in page
    assert payment.phone not in page and "708374149" not in page and "•••149" in page
    assert "OD123ABC45" in page and "196.201.214.200" in page
    assert payment.phone in in_full and str(payment.checkout_request_id) in in_full
    assert payment.secret not in page + in_full


def test_address_outside_the_allowed_list_is_marked(settings: Any) -> None:
    payment = new_payment()
    callback = post(payment, failure(payment))
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALLOWED_IPS": ["196.201.214.0/24"]}
    expected = opened(clerk(), callback)

    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ALLOWED_IPS": ["203.0.113.0/24"]}

    assert "not in MPESA_ALLOWED_IPS" in opened(clerk(), callback)
    assert "not in MPESA_ALLOWED_IPS" not in expected


@pytest.mark.parametrize(
    ("language", "why"),
    [("en", "too long: <code"), ("sw", "ni ndefu mno: <code")],
)
def test_reason_of_an_unreadable_callback_is_translated(language: str, why: str) -> None:
    callback = post(new_payment(), b'{"Body": {"stkCallback": {"ResultCode": "' + b"9" * 65 + b'"}}}')
    client = clerk()

    with translation.override(language):
        page = opened(client, callback)

    assert why in page
    assert ">ResultCode</code>" in page


@pytest.mark.parametrize(
    ("language", "verdict", "why"),
    [
        ("en", "Unconfirmed.</strong> It reports a payment", "Safaricom had said before that it was not paid"),
        ("sw", "Haijathibitishwa na Safaricom.</strong>", "Safaricom ilikuwa imesema kwamba haijalipiwa"),
    ],
)
def test_unconfirmed_callback_shows_its_reason_on_both_pages(language: str, verdict: str, why: str) -> None:
    payment = new_payment()
    post(payment, failure(payment))
    callback = post(payment, success(payment), confirmed=False)
    client = clerk()

    with translation.override(language):
        page = opened(client, callback)
        inbox = client.get(reverse(INBOX)).content.decode()

    assert verdict in page and f"<dd>{why}</dd>" in page
    assert f"<small>{why}</small>" in inbox


def test_markup_in_a_callback_is_escaped() -> None:
    callback = receive_callback(b"<script>alert(1)</script>", secret="", address=None, now=NOON)
    assert callback is not None

    page = opened(clerk(), callback)

    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_error_of_a_callback_masks_the_phone() -> None:
    page = opened(clerk(), failed_callback())

    assert "IntegrityError" in page and "•••149" in page
    assert "you lack the permission" in page.lower() and "<button" in page and "Process the callback again" not in page


def test_failed_callback_is_processed_again_with_permission() -> None:
    callback, client = failed_callback(), clerk(ACT)
    page = opened(client, callback)

    answer = client.post(reverse("dashboard:mpesa-callback-process", args=[callback.pk]), follow=True)

    assert "Process the callback again" in page
    assert answer.redirect_chain == [(one(callback), 302)]
    assert "The callback was processed." in answer.content.decode()
    assert MpesaPayment.objects.get().is_paid


def test_callback_that_fails_again_shows_the_error() -> None:
    callback = failed_callback()

    with failing_queries("UPDATE", "mpesapayment", error=RuntimeError("still broken")):
        answer = clerk(ACT).post(reverse("dashboard:mpesa-callback-process", args=[callback.pk]), follow=True)

    page = answer.content.decode()
    assert "It failed again." in page and "still broken" in page


def test_processed_callback_is_not_processed_again() -> None:
    callback = post(payment := new_payment(), failure(payment))

    answer = clerk(ACT).post(reverse("dashboard:mpesa-callback-process", args=[callback.pk]), follow=True)

    assert "This callback already has its result." in answer.content.decode()


def test_unknown_callback_is_not_found() -> None:
    assert clerk().get(reverse("dashboard:mpesa-callback", args=[1])).status_code == 404


def test_pages_cost_at_most_twelve_queries() -> None:
    for _ in range(3):
        pay(new_payment(), number=f"OD{MpesaPayment.objects.count():08}")
    client = clerk()
    client.get(reverse(INBOX))

    with counted() as of_list:
        client.get(reverse(INBOX), {"verdict": "applied", "day": "2026-11-23"})
    with counted() as of_one:
        opened(client, MpesaCallback.objects.latest("pk"))

    assert len(of_list) <= 12, str(of_list)
    assert len(of_one) <= 12, str(of_one)
