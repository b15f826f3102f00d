"""A flood of unverified callbacks fills no table, triggers few queries and delays no valid callback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from oscar_mpesa.models import MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.callbacks import receive_callback
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.shop import later, new_payment, post, success

pytestmark = pytest.mark.django_db(transaction=True)

POSTS, MINUTES = 600, 3


@pytest.fixture
def daraja(settings: Any) -> Iterator[ScriptedTransport]:
    """Accept one push, and assert that there is no query."""
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    transport = ScriptedTransport({"push": [ACCEPTED]})
    with replaced_transport(transport):
        yield transport
    assert transport.sent("query") == []


def junk_bodies(payment: MpesaPayment) -> list[bytes]:
    """Return bodies that a forger who knows the checkout id could post."""
    return [b"", b"junk" * 5_000, b'{"Body": {"stkCallback": 7}}', success(payment)]


def test_flood_is_counted_not_stored_and_valid_callback_pays(daraja: ScriptedTransport) -> None:
    payment = new_payment(now=timezone.now())
    bodies = junk_bodies(payment)

    for index in range(POSTS):
        now = later(index * 60 * MINUTES / POSTS)
        receive_callback(bodies[index % len(bodies)], secret="0" * 32, address=None, now=now)
        if index == POSTS // 2:
            assert post(payment, success(payment), now=now).verdict == Verdict.APPLIED

    junk = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED)
    payment.refresh_from_db()
    assert junk.count() <= 20 * MINUTES
    assert junk.count() + junk.aggregate(times=Sum("suppressed"))["times"] == POSTS
    assert all(len(bytes(body)) <= 2_048 for body in junk.values_list("body", flat=True))
    assert payment.status == "completed"


def test_forged_callbacks_trigger_one_query_a_minute(daraja: ScriptedTransport) -> None:
    payment = new_payment(now=timezone.now())
    forgery, moved = success(payment), set()

    for second in range(0, 60, 2):
        receive_callback(forgery, secret="", address=None, now=later(second))
        payment.refresh_from_db()
        moved.add(payment.next_query_at)

    assert moved == {later(0)}
    assert payment.status == "processing"
