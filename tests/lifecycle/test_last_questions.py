"""Money that nobody told of is found by the last question, whatever became of its order meanwhile (M7, M11)."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.daraja.errors import DarajaUnreachable
from oscar_mpesa.lifecycle.gateway import replaced_transport
from oscar_mpesa.lifecycle.releasing import MoneyIsThere, Release, choose_other_method, release
from oscar_mpesa.models import Allocation, DueKind, MpesaEvent, MpesaPayment, MpesaReceipt
from oscar_mpesa.testing import ScriptedTransport
from tests.lifecycle.test_releasing import A_DAY, HALF_AN_HOUR, expired, looked_at, prompted, row, said
from tests.lifecycle.wire import CREDENTIALS
from tests.shop import ANOTHER, later, new_clerk, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = CREDENTIALS


def paid_by_another(first: MpesaPayment) -> MpesaPayment:
    """The shopper got no answer, sent again to another phone, and paid."""
    return pay(prompted(first.mpesa_order.order, phone=ANOTHER, now=later(200)), now=later(220))


def astray() -> MpesaReceipt:
    """The one receipt that waits for a person; its payer was told."""
    receipt = MpesaReceipt.objects.to_sort_out().get()
    kinds = set(receipt.dues.values_list("kind", flat=True))
    assert kinds == {DueKind.MONEY_ASTRAY, DueKind.ASTRAY_MAIL}
    return receipt


def test_an_order_that_another_attempt_paid_may_have_been_paid_twice() -> None:
    first = expired()
    paid_by_another(first)

    outcome = looked_at(first, said(first, "0"))

    assert (outcome, row(first).release_at) == (Release.PAID, None)
    assert (astray().allocation, astray().payment) == (Allocation.SURPLUS, first)


def test_a_no_ends_the_questions_about_a_paid_order() -> None:
    first = expired()
    paid_by_another(first)

    outcome = looked_at(first, said(first, "1032"))

    assert (outcome, row(first).release_at) == (Release.PAID, None)
    assert MpesaReceipt.objects.count() == 1


def test_without_an_answer_a_paid_order_is_asked_about_for_a_day_and_then_noted_for_staff() -> None:
    first = expired()
    paid_by_another(first)

    in_time = looked_at(first, DarajaUnreachable("no answer"))
    in_the_end = looked_at(first, DarajaUnreachable("no answer"), at=HALF_AN_HOUR + A_DAY)

    assert (in_time, in_the_end) == (Release.POSTPONED, Release.PAID)
    assert (row(first).release_at, row(first).order.status) == (None, "Being processed")
    assert MpesaEvent.objects.filter(mpesa_order_id=first.order_id, what="never answered").count() == 1


def test_an_order_that_staff_closed_while_its_prompt_was_out_may_have_been_paid() -> None:
    payment = expired()
    release(payment.mpesa_order.order, by=new_clerk("release_order"), now=later(200))

    outcome = looked_at(payment, said(payment, "0"))

    assert (outcome, row(payment).release_at) == (Release.PAID, None)
    assert astray().allocation == Allocation.UNALLOCATED


def test_an_order_whose_shopper_pays_in_another_way_may_have_been_paid() -> None:
    payment = expired()
    with replaced_transport(ScriptedTransport({"query": [DarajaUnreachable("no answer")]})):
        choose_other_method(payment.mpesa_order.order, now=later(200))

    outcome = looked_at(payment, said(payment, "0"))

    assert outcome is Release.PAID
    assert astray().allocation == Allocation.UNALLOCATED


def test_who_wants_to_pay_a_paid_order_in_another_way_causes_no_question() -> None:
    first = expired()
    paid_by_another(first)

    with replaced_transport(ScriptedTransport()), pytest.raises(MoneyIsThere):
        choose_other_method(first.mpesa_order.order, now=later(300))
