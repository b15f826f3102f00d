"""A blocked phone gets no prompt, and the block keeps the name of who set it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from oscar_mpesa.models import MpesaBlockedPhone, MpesaEvent, MpesaOrder
from oscar_mpesa.services.blocked_phones import block_phone, unblock_phone
from oscar_mpesa.services.limit_exceptions import PhoneUnavailable
from oscar_mpesa.services.payments import retry_payment, start_payment
from tests.shop import ANOTHER, NOON, PAYS, failure, later, new_order, new_payment, new_staff_user, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Any:
    return new_staff_user("block_phone")


def test_blocked_phone_gets_no_prompt_and_another_one_does(staff: Any) -> None:
    block_phone(PAYS, by=staff, note="rang us", now=NOON)

    with pytest.raises(PhoneUnavailable) as refusal, transaction.atomic():
        start_payment(new_order(), phone=PAYS, now=later(10))

    assert refusal.value.phone == PAYS
    assert PAYS.local not in f"{refusal.value} {refusal.value!r}"
    assert not MpesaOrder.objects.exists()
    assert start_payment(new_order(), phone=ANOTHER, now=later(10)).status == "pending"


def test_order_placed_before_the_block_sends_no_prompt_to_that_phone(staff: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment), now=later(10))

    block_phone(PAYS, by=staff, note="", now=later(20))

    with pytest.raises(PhoneUnavailable):
        retry_payment(payment.mpesa_order.order, phone=PAYS, now=later(120))


def test_block_keeps_who_blocked_it_and_why(staff: Any) -> None:
    blocked = block_phone(PAYS, by=staff, note="rang us", now=NOON)

    event = MpesaEvent.objects.get()
    assert (blocked.phone, blocked.note, blocked.by, blocked.by_name) == (PAYS.msisdn, "rang us", staff, "Achieng Were")
    assert (event.type, event.params) == ("phone_blocked", {"phone": PAYS.masked, "note": "rang us"})
    assert (event.by, event.by_name, event.created_at) == (staff, "Achieng Were", NOON)
    assert event.mpesa_order is None


def test_blocking_twice_changes_nothing(staff: Any) -> None:
    first = block_phone(PAYS, by=staff, note="rang us", now=NOON)

    second = block_phone(PAYS, by=staff, note="rang us again", now=later(60))

    assert (second, second.note, second.created_at) == (first, "rang us", NOON)
    assert MpesaBlockedPhone.objects.count() == MpesaEvent.objects.count() == 1


def test_blocking_needs_permission() -> None:
    with pytest.raises(PermissionDenied, match=r"oscar_mpesa\.block_phone"):
        block_phone(PAYS, by=new_staff_user("close_order"), note="", now=NOON)

    assert not MpesaBlockedPhone.objects.exists()


def test_unblocked_phone_gets_prompts_and_the_event_keeps_who_unblocked_it(staff: Any) -> None:
    block_phone(PAYS, by=staff, note="rang us", now=NOON)

    unblock_phone(PAYS, by=staff, note="has a new owner", now=later(60))
    unblock_phone(PAYS, by=staff, note="twice", now=later(70))

    assert start_payment(new_order(), phone=PAYS, now=later(80)).status == "pending"
    event = MpesaEvent.objects.get(type="phone_unblocked")
    assert event.params == {"phone": PAYS.masked, "note": "has a new owner"}
    assert (event.by, event.created_at) == (staff, later(60))


def test_unblocking_needs_permission(staff: Any) -> None:
    block_phone(PAYS, by=staff, note="rang us", now=NOON)

    with pytest.raises(PermissionDenied, match=r"oscar_mpesa\.block_phone"):
        unblock_phone(PAYS, by=new_staff_user("close_order"), note="", now=later(60))

    assert MpesaBlockedPhone.objects.exists()
