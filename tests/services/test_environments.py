"""Test money never pays an order in production, and real money always counts (L15, M16)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from oscar_mpesa.models import MpesaAllocation, MpesaOrder
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.exceptions import OtherEnvironment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.payments import start_payment
from oscar_mpesa.services.status_query import refresh_payment
from tests.services.daraja_replies import CREDENTIALS
from tests.services.money import (
    FIRST,
    SECOND,
    balance,
    books,
    canceled_twice,
    claim_for,
    entries,
    money,
    order_of,
    paid_order,
    pay_amount,
    reassess,
    receipt,
    row,
    twice_paid,
)
from tests.shop import (
    ANOTHER,
    failure,
    later,
    new_order,
    new_payment,
    pay,
    post,
    query_update,
    success,
)

pytestmark = pytest.mark.django_db

PRODUCTION = {**CREDENTIALS, "ENVIRONMENT": "production", "SHORTCODE": "5123456", "TEST_MODE": False}


@pytest.fixture
def go_live(settings: Any) -> Any:
    """Return a function that makes the shop take real money."""

    def live() -> None:
        settings.OSCAR_MPESA = PRODUCTION

    return live


def real_payment(order: Any, *, at: float = 400) -> Any:
    """Start a payment in production, whose callback is still to come."""
    return new_payment(order, phone=ANOTHER, now=later(at), sent=False)


def test_simulated_payment_is_not_paid_once_the_shop_is_live(go_live: Any) -> None:
    payment = new_payment()
    go_live()

    refresh_payment(payment, now=later(30))
    refresh_payment(payment, now=later(151))

    payment.refresh_from_db()
    assert payment.status == "expired"


def test_test_money_in_a_live_shop_pays_nothing(go_live: Any) -> None:
    payment = new_payment()
    body = success(payment, number=FIRST)
    go_live()

    post(payment, body)

    assert (money(), receipt().environment) == (("unmatched", 1500, "test_money"), "simulated")
    assert (order_of(payment).status, books(order_of(payment))) == ("Pending payment", 0)


def test_real_money_counts_in_a_shop_back_in_test_mode(settings: Any, go_live: Any) -> None:
    test_mode = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = {**PRODUCTION, "CONSUMER_KEY": "another key"}
    payment = new_payment(sent=False)
    settings.OSCAR_MPESA = test_mode

    post(payment, success(payment, checkout_id="ws_CO_1", number=FIRST))

    assert (money(), balance(payment.mpesa_order)) == (("matched", 0, ""), (True, 0))


def test_order_tried_in_test_mode_is_paid_by_a_real_payment(go_live: Any) -> None:
    payment = new_payment()
    post(payment, failure(payment))
    go_live()

    second = start_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(90))
    post(second, success(second, checkout_id="ws_CO_1", number=FIRST), now=later(100))

    assert (payment.environment, second.environment) == ("simulated", "production")
    assert (row(payment.mpesa_order).environment, money(), balance(payment.mpesa_order)) == (
        "production",
        ("matched", 0, ""),
        (True, 0),
    )


def test_real_money_takes_the_place_of_test_money(go_live: Any) -> None:
    first, second = canceled_twice()
    pay(first, number=FIRST, now=later(200))
    type(second).objects.filter(pk=second.pk).update(environment="production")
    second.refresh_from_db()
    go_live()

    pay(second, number=SECOND, now=later(300))

    order = order_of(first)
    assert (row(order).environment, entries(order), books(order)) == ("production", [(SECOND, 1500)], 1500)
    assert (money(FIRST), money(SECOND)) == (("unmatched", 1500, "test_money"), ("matched", 0, ""))
    reversed_one = MpesaAllocation.objects.get(receipt=receipt(FIRST))
    assert reversed_one.reversal_reason == "production"
    assert [each.transactions.first().status for each in order.sources.order_by("pk")] == ["reversed", "confirmed"]


def test_real_claim_makes_a_test_order_real(go_live: Any, staff: Any) -> None:
    payment, _ = canceled_twice()
    go_live()

    claim_for(order_of(payment), staff)

    order = order_of(payment)
    assert (row(order).environment, balance(order)) == ("production", (True, 0))
    assert order.sources.get().transactions.get().status != "simulated"


def test_claim_for_a_real_order_is_real_in_test_mode(settings: Any, staff: Any) -> None:
    test_mode = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = PRODUCTION
    payment = new_payment(sent=False)
    settings.OSCAR_MPESA = test_mode

    claim = claim_for(order_of(payment), staff)

    order = order_of(payment)
    assert (claim.environment, balance(order)) == ("production", (True, 0))
    assert order.sources.get().transactions.get().status == "reported"


def test_claim_in_test_mode_names_the_money_of_a_real_order(settings: Any, staff: Any) -> None:
    test_mode = settings.OSCAR_MPESA
    settings.OSCAR_MPESA = PRODUCTION
    payment = new_payment(sent=False)
    apply_update(payment, query_update("0"), now=later(30))
    settings.OSCAR_MPESA = test_mode
    order = order_of(payment)

    claim = claim_for(order, staff)

    assert claim.receipt == receipt(None)
    assert entries(order) == [("", 1500)]


def test_real_claim_takes_the_place_of_test_money(go_live: Any, staff: Any) -> None:
    order = paid_order()
    go_live()

    claim_for(order, staff, number=SECOND)

    assert (row(order).environment, entries(order), books(order)) == ("production", [(SECOND, 1500)], 1500)
    assert money() == ("unmatched", 1500, "test_money")


def test_real_money_is_matched_to_an_order_that_test_money_paid(go_live: Any, staff: Any) -> None:
    order = paid_order()
    own = new_payment(new_order(), phone=ANOTHER, now=later(100))
    real = pay_amount(own, 1400, number=SECOND, at=110)
    type(real).objects.filter(pk=real.pk).update(environment="production")
    go_live()

    allocate(receipt(SECOND), order, by=staff, now=later(800))

    assert (row(order).environment, entries(order), balance(order)) == ("production", [(SECOND, 1400)], (False, 100))


def test_order_new_to_mpesa_gets_the_money_s_environment(staff: Any) -> None:
    twice_paid()
    other = new_order(status="Pending")

    allocate(receipt(SECOND), other, by=staff, now=later(800))

    assert row(other).environment == "simulated"


def test_test_money_and_real_orders_do_not_match(go_live: Any, staff: Any) -> None:
    twice_paid()
    order, real = new_order(), new_order()
    go_live()
    start_payment(real, phone=ANOTHER, now=later(600))

    for each in (order, real):
        with pytest.raises(OtherEnvironment):
            allocate(receipt(SECOND), each, by=staff, now=later(800))
    assert not MpesaOrder.objects.filter(pk=order.pk).exists()


def test_test_money_stays_unused_when_a_real_order_is_reassessed(go_live: Any) -> None:
    payment = new_payment()
    body = success(payment, number=FIRST)
    go_live()
    post(payment, body)
    MpesaOrder.objects.update(environment="production", created_at=timezone.now())

    reassess(order_of(payment))

    assert (money(), entries(order_of(payment))) == (("unmatched", 1500, "test_money"), [])
