"""Several phones by number: each shows its own prompts, and only the one that is looked at makes them wait."""

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

NEWEST = reverse("handset:index")


@pytest.fixture
def other(payment: MpesaPayment) -> MpesaPayment:
    """Another number is asked after the first one."""
    return new_payment(new_order(total="700.00"), phone=NO_FUNDS, now=timezone.now())


@pytest.fixture
def owner(client: Client, payment: MpesaPayment, other: MpesaPayment) -> Client:
    give(client, payment, other)
    return client


def phone_of(payment: MpesaPayment) -> str:
    return reverse("handset:phone", args=[payment.pk])


def seen(payment: MpesaPayment) -> bool:
    payment.refresh_from_db()
    return payment.practice_seen_at is not None


def test_a_phone_shows_the_prompts_of_its_number_and_makes_no_other_wait(
    owner: Client, payment: MpesaPayment, other: MpesaPayment
) -> None:
    page = owner.get(phone_of(payment)).content.decode()

    assert "Do you want to pay KSh 1,500.00" in page
    assert "KSh 700.00" not in page
    assert (seen(payment), seen(other)) == (True, False)


def test_without_a_choice_it_is_the_phone_that_was_asked_last(
    owner: Client, payment: MpesaPayment, other: MpesaPayment
) -> None:
    page = owner.get(NEWEST).content.decode()

    assert "Do you want to pay KSh 700.00" in page
    assert "KSh 1,500.00" not in page
    assert (seen(payment), seen(other)) == (False, True)


def test_the_other_phones_are_listed_with_what_waits_there(owner: Client, payment: MpesaPayment) -> None:
    page = owner.get(NEWEST).content.decode()

    assert f'href="{phone_of(payment)}">{ANOTHER.grouped}' in page
    assert page.count("a request waits there") == 2


def test_one_phone_needs_no_list(client: Client, payment: MpesaPayment) -> None:
    give(client, payment)

    page = client.get(NEWEST).content.decode()

    assert "Do you want to pay KSh 1,500.00" in page
    assert "Asked last" not in page


def test_an_older_prompt_of_the_number_opens_the_same_phone(owner: Client, payment: MpesaPayment) -> None:
    newer = new_payment(new_order(total="90.00"), phone=ANOTHER, now=timezone.now())
    give(owner, payment, newer)

    page = owner.get(phone_of(payment)).content.decode()

    assert "Do you want to pay KSh 90.00" in page


def test_the_phone_of_a_stranger_is_not_there(payment: MpesaPayment, other: MpesaPayment) -> None:
    stranger = Client()
    give(stranger, other)

    page = stranger.get(NEWEST).content.decode()

    assert stranger.get(phone_of(payment)).status_code == 404
    assert ANOTHER.grouped not in page and ANOTHER.masked not in page


def test_staff_see_the_numbers_that_others_typed_masked(
    admin_client: Client, payment: MpesaPayment, other: MpesaPayment
) -> None:
    give(admin_client, other)

    page = admin_client.get(phone_of(payment)).content.decode()

    assert ANOTHER.masked in page and ANOTHER.grouped not in page
    assert NO_FUNDS.grouped in page


def test_in_a_shop_under_construction_numbers_are_full(client: Client, payment: MpesaPayment, settings: Any) -> None:
    settings.DEBUG = True

    assert ANOTHER.grouped in client.get(NEWEST).content.decode()


def test_an_answer_goes_back_to_the_page_it_was_given_on(owner: Client, payment: MpesaPayment) -> None:
    action = reverse("handset:answer", args=[payment.pk])

    stayed = owner.post(action, {"answer": "cancel", "stays": "yes"})

    assert 'name="stays"' in owner.get(phone_of(new_payment_of(owner))).content.decode()
    assert stayed["Location"] == phone_of(payment)


def new_payment_of(client: Client) -> MpesaPayment:
    payment = new_payment(phone=CANCELS, now=timezone.now())
    give(client, payment)
    return payment


def test_a_prompt_that_nobody_saw_in_its_minute_does_not_pop_up_afterwards(client: Client) -> None:
    payment = new_payment_of(client)
    MpesaPayment.objects.update(push_sent_at=timezone.now() - timedelta(seconds=61))

    page = client.get(NEWEST).content.decode()

    payment.refresh_from_db()
    assert "No request now." in page
    assert payment.result_code == "1032"


def test_a_shop_may_show_the_phone_in_a_frame_of_its_own(client: Client) -> None:
    assert client.get(NEWEST)["X-Frame-Options"] == "SAMEORIGIN"


def test_a_phone_costs_the_same_queries_however_much_it_tells(
    owner: Client, payment: MpesaPayment, django_assert_num_queries: Any
) -> None:
    give(owner, payment)
    owner.get(phone_of(payment))
    with CaptureQueriesContext(connection) as few:
        owner.get(phone_of(payment))
    told = [_paid(hours) for hours in (9, 7, 5, 3)]
    give(owner, payment, *told)

    with django_assert_num_queries(len(few)):
        page = owner.get(phone_of(payment)).content.decode()

    assert page.count("Confirmed.") == len(told)


def _paid(hours: int) -> MpesaPayment:
    moment = timezone.now() - timedelta(hours=hours)
    return pay(new_payment(phone=ANOTHER, now=moment), number=f"OD{hours}23ABC45", now=moment)
