"""The payment page of closed orders, and its offer of other methods."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.order_closure import close_for_other_method, mark_basket_restored
from tests.payment_results import HALF_AN_HOUR, cancelled, closed_by_staff, overdue
from tests.shop import OWNER, failure, later, new_payment, post

pytestmark = pytest.mark.django_db

A_DAY = 86_400


def page_of(payment: MpesaPayment, *, at: float = HALF_AN_HOUR, **about: Any) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(at), **about)


def test_expired_order_names_its_deadline_and_offers_its_basket() -> None:
    page = page_of(overdue(cancelled()))

    assert page.state == "closed"
    assert page.sentence == f"We received no payment for order {page.order_number} by 15:30, so it's closed."
    assert (page.can_restore, page.can_retry, page.can_pay_otherwise, page.is_open) == (True, False, False, False)


def test_deadline_of_another_day_includes_the_day() -> None:
    payment = overdue(cancelled())

    english = page_of(payment, at=A_DAY).sentence
    with translation.override("sw"):
        swahili = page_of(payment, at=A_DAY).sentence

    assert english.endswith(" by 15:30, 23 Nov, so it's closed.")
    assert swahili.endswith("kufikia 15:30, 23 Nov, kwa hivyo imefungwa.")


def test_restored_order_does_not_offer_its_basket() -> None:
    payment = overdue(cancelled())
    before = page_of(payment)
    mark_basket_restored(payment.mpesa_order.order, actor=OWNER, now=later(HALF_AN_HOUR))

    page = page_of(payment)

    assert (page.can_restore, page.was_restored) == (False, True)
    assert page.version != before.version


def test_cancelled_order_names_no_deadline(admin_user: Any) -> None:
    payment = closed_by_staff(cancelled(), by=admin_user)

    page = page_of(payment)

    assert page.sentence == f"The shop closed order {page.order_number}. We received no payment for it."
    assert page.can_restore


def test_closed_order_warns_of_a_pending_prompt(admin_user: Any) -> None:
    payment = closed_by_staff(new_payment(), by=admin_user)

    page = page_of(payment, at=30)

    assert (page.state, page.another_may_come) == ("closed", True)
    assert (page.is_open, page.can_restore) == (True, False)


def test_order_closed_for_other_method_says_so() -> None:
    payment = cancelled()
    close_for_other_method(payment.mpesa_order.order, actor=OWNER, now=later(60))

    sentence = page_of(payment).sentence

    assert sentence.startswith("You chose another way to pay, so order ")


def test_expired_order_not_yet_closed_promises_no_items() -> None:
    payment = cancelled()

    before, after = page_of(payment, at=HALF_AN_HOUR - 1), page_of(payment, at=HALF_AN_HOUR)

    assert before.keep_until == later(HALF_AN_HOUR)
    assert (after.state, after.keep_until, after.can_retry) == ("failed", None, True)
    assert after.version != before.version


def test_order_that_staff_moved_on_has_nothing_to_pay() -> None:
    payment = cancelled()
    order = payment.mpesa_order.order
    order.status = "Being processed"
    order.save()

    page = page_of(payment)

    assert (page.state, page.can_retry, page.can_restore) == ("not-waiting", False, False)
    assert page.sentence == "This order isn't waiting for a payment."


def test_other_method_is_offered_once_the_prompt_ended() -> None:
    live = new_payment()

    assert not page_of(live, at=30).can_pay_otherwise
    assert page_of(cancelled()).can_pay_otherwise


def test_other_method_is_offered_while_mpesa_is_unavailable() -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    page = page_of(payment)

    assert (page.can_retry, page.can_pay_otherwise) == (False, True)


def test_other_method_requires_a_setting_or_the_shops_own_view(settings: Any, request: pytest.FixtureRequest) -> None:
    settings.OSCAR_MPESA = {"TEST_MODE": True, "WAKE": settings.OSCAR_MPESA["WAKE"], "SUPPORT_CONTACT": "0700 000 000"}
    payment = new_payment()
    post(payment, failure(payment, code="2028"))

    with_card = page_of(payment)
    request.getfixturevalue("mpesa_only")
    alone = page_of(payment)

    assert (alone.can_pay_otherwise, with_card.can_pay_otherwise) == (False, True)
    assert "0700 000 000" in alone.sentence
    assert "Pay another way." in with_card.sentence
