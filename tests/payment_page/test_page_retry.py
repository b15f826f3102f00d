"""When the payment page offers another prompt."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.payment_page.page import PaymentPage, payment_page
from oscar_mpesa.payment_page.queries import latest_payment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.update_sources import push_not_sent
from tests.shop import PAYS, failure, later, new_payment, post

pytestmark = pytest.mark.django_db(transaction=True)


def page_of(payment: MpesaPayment) -> PaymentPage:
    return payment_page(latest_payment(payment.mpesa_order.public_id), now=later(30))


def test_swapped_numbers_offer_a_retry_once_the_numbers_change(settings: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment, code="2028"))
    swapped = page_of(payment)
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "TILL_NUMBER": "5123456"}

    assert (swapped.can_retry, page_of(payment).can_retry) == (False, True)


def test_wrong_settings_offer_a_retry_once_mpesa_is_available_again(settings: Any) -> None:
    payment = new_payment(sent=False)
    apply_update(payment, push_not_sent("misconfigured"), now=later(1))
    right = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**right, "AVAILABLE_TO": "nobody"}
    meanwhile = page_of(payment)
    settings.OSCAR_MPESA = right
    fixed = page_of(payment)

    again = retry_payment(payment.mpesa_order.order, phone=PAYS, now=later(30))

    assert (meanwhile.state, meanwhile.can_retry, meanwhile.can_send_again) == ("failed", False, False)
    assert (fixed.can_retry, fixed.can_send_again, fixed.retry_at) == (True, True, None)
    again.refresh_from_db()
    assert again.status == "processing"
