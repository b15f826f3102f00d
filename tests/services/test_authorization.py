"""What staff do for a shopper who calls: the audit keeps their name, and their permission is asked for."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from oscar_mpesa.models import MpesaEvent, MpesaPayment
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.status_query import QueryResult, query_status
from tests.shop import failure, later, new_clerk, new_order, new_payment, post

pytestmark = pytest.mark.django_db

CLERK = "Achieng Were"


def done_by_people() -> list[tuple[str, str]]:
    return list(MpesaEvent.objects.exclude(by=None).values_list("type", "by_name"))


def test_a_question_keeps_the_name_of_who_asked() -> None:
    payment = new_payment()

    said = query_status(payment, now=later(6), by=new_clerk("act_on_payment"))

    assert said is QueryResult.PAID
    assert done_by_people() == [("query_requested", CLERK)]


def test_a_question_that_was_not_put_is_not_in_the_audit() -> None:
    payment = new_payment()
    MpesaPayment.objects.update(environment="sandbox", query_count=5)  # somebody else asks just now
    payment.environment = "sandbox"

    said = query_status(payment, now=later(6), by=new_clerk("act_on_payment"))

    assert (said, done_by_people()) == (QueryResult.NOTHING, [])


def test_a_request_keeps_the_name_of_who_sent_it() -> None:
    order = new_order()
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))

    again = retry_payment(order, phone=payment.phone_number, now=later(70), by=new_clerk("act_on_payment"))

    assert done_by_people() == [("push_requested", CLERK)]
    assert MpesaEvent.objects.get(type="push_requested").payment == again


def test_who_may_not_act_neither_asks_nor_sends() -> None:
    order = new_order()
    payment = new_payment(order)
    post(payment, failure(payment), now=later(10))
    nosy = new_clerk("view_mpesapayment")

    with pytest.raises(PermissionDenied):
        query_status(payment, now=later(70), by=nosy)
    with pytest.raises(PermissionDenied):
        retry_payment(order, phone=payment.phone_number, now=later(70), by=nosy)

    assert MpesaPayment.objects.count() == 1
