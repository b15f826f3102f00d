"""The script of a payment's page learns in one query whether the payment has changed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.browser import states
from tests.dashboard.staff import staff_client, url_of
from tests.query_counts import counted
from tests.shop import failure, post

pytestmark = pytest.mark.django_db


def test_state_changes_with_the_payment_and_says_when_it_ended() -> None:
    payment, client = states.enter_pin(), staff_client()
    url = url_of("payment-state", payment.pk)

    first, again = client.get(url).json(), client.get(url).json()
    post(payment, failure(payment, code=1032), now=timezone.now())
    last = client.get(url).json()

    assert first == again
    assert (first["open"], last["open"]) == (True, False)
    assert last["version"] != first["version"]


def test_state_costs_one_query_of_ours_and_names_no_phone() -> None:
    payment, client = states.enter_pin(), staff_client()
    url = url_of("payment-state", payment.pk)

    with counted() as queries:
        answer = client.get(url)

    assert len([sql for sql in queries if "oscar_mpesa_mpesapayment" in sql]) == 1, str(queries)
    assert answer.json()["open"]
    assert payment.phone not in answer.content.decode()


def test_page_follows_only_payments_without_a_result() -> None:
    client = staff_client()

    pages = [
        client.get(url_of("payment", each.pk)).content.decode() for each in (states.enter_pin(), states.failed(1032)())
    ]

    assert ["oscar_mpesa/dashboard.js" in page for page in pages] == [True, False]
    assert ["Look again" in page for page in pages] == [True, False]
