"""Ten thousand posts without a secret, from several sides at once, while the right callback comes (M3, M4)."""

from __future__ import annotations

from functools import partial

import pytest
from django.db.models import Sum

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.callbacks import receive_callback
from tests.databases.crowd import BusyDaraja, at_once
from tests.shop import NOON, new_payment, post, success

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

STRANGERS, POSTS_EACH = 8, 1_250


def flood(body: bytes, posts: int) -> None:
    """What one stranger posts, all within one minute of the shop's clock."""
    for index in range(posts):
        secret = f"{index:032}" if index % 2 else ""
        receive_callback(body, secret=secret, address="203.0.113.7", now=NOON)


def pay_in_the_midst(payment: MpesaPayment, body: bytes) -> str:
    """Safaricom's own post between two of theirs; the payment's status as soon as it was taken."""
    flood(body, POSTS_EACH // 2)
    post(payment, body)
    payment.refresh_from_db()
    status = payment.status
    flood(body, POSTS_EACH // 2)
    return status


def test_ten_thousand_posts_of_strangers_leave_twenty_rows_and_hold_up_nothing(daraja: BusyDaraja) -> None:
    payment, watched = new_payment(), new_payment()
    calls = MpesaApiCall.objects.count()

    jobs = [partial(flood, success(watched), POSTS_EACH) for _ in range(STRANGERS - 1)]
    *_, status = at_once([*jobs, partial(pay_in_the_midst, payment, success(payment))])

    junk = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED)
    watched.refresh_from_db()
    assert status == "completed"
    assert junk.count() <= 20
    assert junk.count() + junk.aggregate(times=Sum("suppressed"))["times"] <= STRANGERS * POSTS_EACH
    assert (watched.status, watched.query_count) == ("processing", 0)
    assert MpesaApiCall.objects.count() == calls
