"""Actions of staff on behalf of a shopper need a permission and keep the user's name."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from oscar_mpesa.models import MpesaEvent, MpesaPayment
from oscar_mpesa.services.actors import Actor, Role
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import QueryResult, query_status
from tests.shop import failure, later, new_order, new_payment, new_staff_user, post

pytestmark = pytest.mark.django_db

STAFF_NAME = "Achieng Were"


def events_by_staff() -> list[tuple[str, str]]:
    return list(MpesaEvent.objects.exclude(by=None).values_list("type", "by_name"))


def test_query_by_staff_keeps_their_name() -> None:
    payment = new_payment()

    result = query_status(payment, now=later(6), by=new_staff_user("act_on_payment"))

    assert result is QueryResult.PAID
    assert events_by_staff() == [("query_requested", STAFF_NAME)]


def test_query_that_was_not_sent_leaves_no_event() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(environment="sandbox", query_count=5)  # another worker queries just now
    payment.environment = "sandbox"

    result = query_status(payment, now=later(6), by=new_staff_user("act_on_payment"))

    assert (result, events_by_staff()) == (QueryResult.NOTHING, [])


def test_push_by_staff_keeps_their_name() -> None:
    order = new_order()
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))

    clerk = Actor(role=Role.STAFF, user=new_staff_user("act_on_payment"))
    again = retry_payment(order, phone=payment.phone_number, now=later(70), actor=clerk)

    assert events_by_staff() == [("push_requested", STAFF_NAME)]
    assert MpesaEvent.objects.get(type="push_requested").payment == again


def test_staff_without_permission_can_neither_query_nor_send() -> None:
    order = new_order()
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))
    nosy = new_staff_user("view_mpesapayment")

    with pytest.raises(PermissionDenied):
        query_status(payment, now=later(70), by=nosy)
    with pytest.raises(PermissionDenied):
        retry_payment(order, phone=payment.phone_number, now=later(70), actor=Actor(role=Role.STAFF, user=nosy))

    assert MpesaPayment.objects.count() == 1
