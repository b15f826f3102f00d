"""Each phone shows the prompts of its number. Only prompts of an open phone wait for an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from tests.practice_phone.conftest import give
from tests.shop import ANOTHER, CANCELS, NO_FUNDS, new_order, new_payment, pay

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = reverse("practice_phone:index")


@pytest.fixture
def other(payment: MpesaPayment) -> MpesaPayment:
    """A newer payment of another number."""
    return new_payment(new_order(total="700.00"), phone=NO_FUNDS, now=timezone.now())


@pytest.fixture
def owner(client: Client, payment: MpesaPayment, other: MpesaPayment) -> Client:
    give(client, payment, other)
    return client


def phone_of(payment: MpesaPayment) -> str:
    return reverse("practice_phone:phone", args=[payment.pk])


def is_seen(payment: MpesaPayment) -> bool:
    payment.refresh_from_db()
    return payment.practice_seen_at is not None


def test_phone_shows_only_prompts_of_its_number(owner: Client, payment: MpesaPayment, other: MpesaPayment) -> None:
    page = owner.get(phone_of(payment)).content.decode()

    assert "Do you want to pay KSh 1,500.00" in page
    assert "KSh 700.00" not in page
    assert (is_seen(payment), is_seen(other)) == (True, False)


def test_index_shows_the_phone_of_the_newest_payment(owner: Client, payment: MpesaPayment, other: MpesaPayment) -> None:
    page = owner.get(INDEX).content.decode()

    assert "Do you want to pay KSh 700.00" in page
    assert "KSh 1,500.00" not in page
    assert (is_seen(payment), is_seen(other)) == (False, True)


def test_list_marks_phones_with_a_waiting_prompt(owner: Client, payment: MpesaPayment) -> None:
    page = owner.get(INDEX).content.decode()

    assert f'href="{phone_of(payment)}">{ANOTHER.grouped}' in page
    assert page.count("a prompt is waiting") == 2


def test_single_phone_has_no_list(client: Client, payment: MpesaPayment) -> None:
    give(client, payment)

    page = client.get(INDEX).content.decode()

    assert "Do you want to pay KSh 1,500.00" in page
    assert "Last prompted" not in page


def test_older_payment_opens_the_same_phone(owner: Client, payment: MpesaPayment) -> None:
    newer = new_payment(new_order(total="90.00"), phone=ANOTHER, now=timezone.now())
    give(owner, payment, newer)

    page = owner.get(phone_of(payment)).content.decode()

    assert "Do you want to pay KSh 90.00" in page


def test_visitor_cannot_see_another_sessions_phone(payment: MpesaPayment, other: MpesaPayment) -> None:
    visitor = Client()
    give(visitor, other)

    page = visitor.get(INDEX).content.decode()

    assert visitor.get(phone_of(payment)).status_code == 404
    assert ANOTHER.grouped not in page and ANOTHER.masked not in page


def test_staff_see_other_sessions_numbers_masked(
    admin_client: Client, payment: MpesaPayment, other: MpesaPayment
) -> None:
    give(admin_client, other)

    page = admin_client.get(phone_of(payment)).content.decode()

    assert ANOTHER.masked in page and ANOTHER.grouped not in page
    assert NO_FUNDS.grouped in page


def test_debug_shows_full_numbers(client: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.DEBUG = True

    assert ANOTHER.grouped in client.get(INDEX).content.decode()


def test_answer_redirects_to_its_own_page(owner: Client, payment: MpesaPayment) -> None:
    action = reverse("practice_phone:answer", args=[payment.pk])

    answered = owner.post(action, {"answer": "cancel", "stays": "yes"})

    assert 'name="stays"' in owner.get(phone_of(new_payment_of(owner))).content.decode()
    assert answered["Location"] == phone_of(payment)


def new_payment_of(client: Client) -> MpesaPayment:
    payment = new_payment(phone=CANCELS, now=timezone.now())
    give(client, payment)
    return payment


def test_unseen_prompt_expires_after_a_minute(client: Client) -> None:
    payment = new_payment_of(client)
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=61))

    page = client.get(INDEX).content.decode()

    payment.refresh_from_db()
    assert "No prompt now." in page
    assert payment.result_code == "1032"


def test_same_origin_may_frame_the_phone(client: Client) -> None:
    assert client.get(INDEX)["X-Frame-Options"] == "SAMEORIGIN"


def test_query_count_does_not_grow_with_messages(
    owner: Client, payment: MpesaPayment, django_assert_num_queries: Any
) -> None:
    give(owner, payment)
    owner.get(phone_of(payment))
    with CaptureQueriesContext(connection) as few:
        owner.get(phone_of(payment))
    paid = [_paid(hours) for hours in (9, 7, 5, 3)]
    give(owner, payment, *paid)

    with django_assert_num_queries(len(few)):
        page = owner.get(phone_of(payment)).content.decode()

    assert page.count("Confirmed.") == len(paid)


def _paid(hours: int) -> MpesaPayment:
    moment = timezone.now() - timedelta(hours=hours)
    return pay(new_payment(phone=ANOTHER, now=moment), number=f"OD{hours}23ABC45", now=moment)
