"""What an order's page says once it is closed, or where it may be paid in another way."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.state import PaymentPage, latest_payment, payment_page
from oscar_mpesa.services.order_closure import close_for_other_method, mark_basket_restored
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import failure, later, new_payment, post

pytestmark = pytest.mark.django_db

A_DAY = 86_400


def told(payment: MpesaPayment, *, at: float = HALF_AN_HOUR, **about: Any) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at), **about)


def test_an_overdue_order_says_by_when_no_payment_came_and_offers_its_things() -> None:
    story = told(overdue(cancelled()))

    assert story.state == "closed"
    assert story.sentence == f"Order {story.order_number} is closed. No payment reached us by 15:30."
    assert (story.can_restore, story.can_retry, story.can_pay_otherwise, story.is_open) == (True, False, False, False)


def test_whoever_looks_another_day_reads_the_day_too() -> None:
    payment = overdue(cancelled())

    english = told(payment, at=A_DAY).sentence
    with translation.override("sw"):
        swahili = told(payment, at=A_DAY).sentence

    assert english.endswith("No payment reached us by 15:30, 23 Nov.")
    assert swahili.endswith("kufikia 15:30, 23 Nov.")


def test_an_order_whose_things_went_back_offers_them_no_more() -> None:
    payment = overdue(cancelled())
    before = told(payment)
    mark_basket_restored(payment.mpesa_order.order, now=later(HALF_AN_HOUR))

    story = told(payment)

    assert (story.can_restore, story.was_restored) == (False, True)
    assert story.version != before.version


def test_an_order_that_staff_cancelled_names_no_time(admin_user: Any) -> None:
    payment = closed_by_staff(cancelled(), by=admin_user)

    story = told(payment)

    assert story.sentence == f"The shop closed order {story.order_number}. No payment for it has reached us."
    assert story.can_restore


def test_a_request_that_is_still_on_the_phone_of_a_closed_order_is_to_be_cancelled(admin_user: Any) -> None:
    payment = closed_by_staff(new_payment(), by=admin_user)

    story = told(payment, at=30)

    assert (story.state, story.another_may_come) == ("closed", True)
    assert (story.is_open, story.can_restore) == (True, False)


def test_who_chose_another_way_is_reminded_of_it() -> None:
    payment = cancelled()
    close_for_other_method(payment.mpesa_order.order, now=later(60))

    sentence = told(payment).sentence

    assert sentence.endswith("is closed, because you chose another way to pay.")


def test_an_overdue_order_that_is_not_closed_yet_promises_nothing_about_its_things() -> None:
    payment = cancelled()

    before, after = told(payment, at=HALF_AN_HOUR - 1), told(payment, at=HALF_AN_HOUR)

    assert before.keep_until == later(HALF_AN_HOUR)
    assert (after.state, after.keep_until, after.can_retry) == ("failed", None, True)
    assert after.version != before.version


def test_an_order_that_staff_moved_on_has_nothing_to_pay() -> None:
    payment = cancelled()
    order = payment.mpesa_order.order
    order.status = "Being processed"
    order.save()

    story = told(payment)

    assert (story.state, story.can_retry, story.can_restore) == ("not-waiting", False, False)
    assert story.sentence == "This order is not waiting for a payment."


def test_another_way_is_offered_once_the_last_request_has_ended() -> None:
    live = new_payment()

    assert not told(live, at=30).can_pay_otherwise
    assert told(cancelled()).can_pay_otherwise


def test_another_way_is_offered_too_where_the_shop_cannot_take_mpesa() -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    story = told(payment)

    assert (story.can_retry, story.can_pay_otherwise) == (False, True)


def test_a_shop_with_one_method_offers_no_other_unless_its_own_view_takes_payment(
    settings: Any, request: pytest.FixtureRequest
) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "SUPPORT_CONTACT": "0700 000 000"}
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    with_card = told(payment)
    request.getfixturevalue("mpesa_only")
    alone = told(payment)

    assert (alone.can_pay_otherwise, with_card.can_pay_otherwise) == (False, True)
    assert "0700 000 000" in alone.sentence
    assert "Pay another way." in with_card.sentence
