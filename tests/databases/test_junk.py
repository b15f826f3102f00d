"""Ten thousand unverified posts arrive at once with the right callback, which still pays (M3, M4)."""

from __future__ import annotations

from functools import partial

import pytest
from django.db.models import Sum

from oscar_mpesa.models import MpesaApiCall, MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.callbacks import receive_callback
from tests.databases.threads import BusyDaraja, at_once
from tests.shop import NOON, new_payment, post, success

pytestmark = [pytest.mark.disasters, pytest.mark.django_db(transaction=True)]

SENDERS, POSTS_EACH = 8, 1_250


def flood(body: bytes, posts: int) -> None:
    """Post this many unverified bodies within one minute of the shop's clock."""
    for index in range(posts):
        secret = f"{index:032}" if index % 2 else ""
        receive_callback(body, secret=secret, address="203.0.113.7", now=NOON)


def pay_during_flood(payment: MpesaPayment, body: bytes) -> str:
    """Post the real callback in the middle of a flood; return the status right after it."""
    flood(body, POSTS_EACH // 2)
    post(payment, body)
    payment.refresh_from_db()
    status = payment.status
    flood(body, POSTS_EACH // 2)
    return status


def test_ten_thousand_unverified_posts_leave_twenty_rows_and_delay_no_payment(daraja: BusyDaraja) -> None:
    payment, watched = new_payment(), new_payment()
    calls = MpesaApiCall.objects.count()

    jobs = [partial(flood, success(watched), POSTS_EACH) for _ in range(SENDERS - 1)]
    *_, status = at_once([*jobs, partial(pay_during_flood, payment, success(payment))])

    junk = MpesaCallback.objects.filter(verdict=Verdict.UNVERIFIED)
    watched.refresh_from_db()
    assert status == "completed"
    assert junk.count() <= 20
    assert junk.count() + junk.aggregate(times=Sum("suppressed"))["times"] <= SENDERS * POSTS_EACH
    assert (watched.status, watched.query_count) == ("processing", 0)
    assert MpesaApiCall.objects.count() == calls
