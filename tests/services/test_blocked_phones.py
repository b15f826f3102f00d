"""A phone whose owner said no gets no more requests, and it stands written who decided so."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from oscar_mpesa.models import MpesaBlockedPhone, MpesaEvent, MpesaOrder
from oscar_mpesa.services.blocked_phones import block_phone, unblock_phone
from oscar_mpesa.services.exceptions import PhoneBlocked
from oscar_mpesa.services.payments import retry_payment, start_payment
from tests.shop import ANOTHER, NOON, PAYS, failure, later, new_clerk, new_order, new_payment, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Any:
    return new_clerk("block_phone")


def test_a_blocked_phone_gets_no_request_and_another_one_does(clerk: Any) -> None:
    block_phone(PAYS, by=clerk, note="rang us", now=NOON)

    with pytest.raises(PhoneBlocked) as refusal, transaction.atomic():
        start_payment(new_order(), phone=PAYS, now=later(10))

    assert refusal.value.phone == PAYS
    assert PAYS.local not in f"{refusal.value} {refusal.value!r}"
    assert not MpesaOrder.objects.exists()
    assert start_payment(new_order(), phone=ANOTHER, now=later(10)).status == "pending"


def test_an_order_that_was_placed_before_is_not_prompted_there_again(clerk: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))

    block_phone(PAYS, by=clerk, note="", now=later(20))

    with pytest.raises(PhoneBlocked):
        retry_payment(payment.mpesa_order.order, phone=PAYS, now=later(120))


def test_it_is_written_down_who_blocked_it_and_why(clerk: Any) -> None:
    blocked = block_phone(PAYS, by=clerk, note="rang us", now=NOON)

    event = MpesaEvent.objects.get()
    assert (blocked.phone, blocked.note, blocked.by, blocked.by_name) == (PAYS.msisdn, "rang us", clerk, "Achieng Were")
    assert (event.type, event.params) == ("phone_blocked", {"phone": PAYS.masked, "note": "rang us"})
    assert (event.by, event.by_name, event.created_at) == (clerk, "Achieng Were", NOON)
    assert event.mpesa_order is None


def test_a_second_wish_changes_nothing(clerk: Any) -> None:
    first = block_phone(PAYS, by=clerk, note="rang us", now=NOON)

    second = block_phone(PAYS, by=clerk, note="rang us again", now=later(60))

    assert (second, second.note, second.created_at) == (first, "rang us", NOON)
    assert MpesaBlockedPhone.objects.count() == MpesaEvent.objects.count() == 1


def test_only_who_may_block_phones_blocks_one() -> None:
    with pytest.raises(PermissionDenied, match=r"oscar_mpesa\.block_phone"):
        block_phone(PAYS, by=new_clerk("close_order"), note="", now=NOON)

    assert not MpesaBlockedPhone.objects.exists()


def test_a_phone_whose_owner_wants_requests_again_gets_them_and_it_stands_written_who_decided_so(clerk: Any) -> None:
    block_phone(PAYS, by=clerk, note="rang us", now=NOON)

    unblock_phone(PAYS, by=clerk, note="has a new owner", now=later(60))
    unblock_phone(PAYS, by=clerk, note="twice", now=later(70))

    assert start_payment(new_order(), phone=PAYS, now=later(80)).status == "pending"
    event = MpesaEvent.objects.get(type="phone_unblocked")
    assert event.params == {"phone": PAYS.masked, "note": "has a new owner"}
    assert (event.by, event.created_at) == (clerk, later(60))


def test_only_who_may_block_phones_lets_requests_pass_again(clerk: Any) -> None:
    block_phone(PAYS, by=clerk, note="rang us", now=NOON)

    with pytest.raises(PermissionDenied, match=r"oscar_mpesa\.block_phone"):
        unblock_phone(PAYS, by=new_clerk("close_order"), note="", now=later(60))

    assert MpesaBlockedPhone.objects.exists()
