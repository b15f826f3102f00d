"""What the M-PESA panel says about the money of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaAllocation, RefundPurpose
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.payment_updates import apply_update
from tests.dashboard.payments.order_money import (
    closed_by_staff,
    part_paid,
    part_recorded,
    recorded_and_closed,
    refunded,
)
from tests.dashboard.payments.order_pages import panel_of
from tests.dashboard.staff import new_claim
from tests.services.unmatched import mismatch, surplus, unallocated
from tests.shop import later, new_order, new_payment, new_staff_user, pay, query_update

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        pytest.param(lambda: pay(new_payment()).mpesa_order.order, "Paid by M-PESA: KSh 1,500, OD123ABC45.", id="paid"),
        pytest.param(
            lambda: new_payment().mpesa_order.order, "Not paid yet: a prompt is on the phone.", id="on the phone"
        ),
        pytest.param(closed_by_staff, "Not paid. The order was closed: by staff.", id="closed"),
        pytest.param(
            lambda: surplus().meant_for,
            "Paid by M-PESA: KSh 1,500, OD123ABC45. Overpaid: refund KSh 1,500, OD222BBB22, or match it",
            id="twice",
        ),
        pytest.param(lambda: mismatch().meant_for, "Wrong amount: KSh 1,400, OD123ABC45.", id="other amount"),
        pytest.param(
            lambda: unallocated().meant_for,
            "Money waits for a decision: KSh 1,500, OD123ABC45. The reason: the order was closed.",
            id="late",
        ),
        pytest.param(part_paid, "Partly paid by M-PESA: KSh 1,000, OD123ABC45. KSh 500 is missing.", id="part payment"),
        pytest.param(
            lambda: refunded(500),
            "Paid by M-PESA and partly refunded: KSh 1,500, OD123ABC45, of which KSh 500 went back.",
            id="part refund",
        ),
        pytest.param(
            lambda: refunded(500, RefundPurpose.PAYMENT_RETURNED),
            "Partly paid by M-PESA: KSh 1,000, OD123ABC45. KSh 500 was refunded. KSh 500 is missing.",
            id="payment returned",
        ),
        pytest.param(
            lambda: part_recorded(500),
            "Paid by M-PESA: KSh 1,500, OD123ABC45, OD777KKK77. Safaricom has not confirmed KSh 500 of it.",
            id="part recorded",
        ),
        pytest.param(
            lambda: part_recorded(300),
            "KSh 1,300, OD123ABC45, OD777KKK77. Safaricom has not confirmed KSh 300 of it. KSh 200 is missing.",
            id="recorded and partly paid",
        ),
        pytest.param(
            recorded_and_closed,
            "Not paid. The order was closed: by staff. A recorded payment counts for nothing: KSh 500, OD777KKK77.",
            id="recorded and closed",
        ),
        pytest.param(lambda: refunded(1500), "Not paid: KSh 1,500, OD123ABC45, was refunded.", id="full refund"),
        pytest.param(
            lambda: new_claim(new_order()).order,
            "Paid by M-PESA: KSh 1,500, OD777KKK77. Safaricom has not confirmed it.",
            id="recorded",
        ),
    ],
)
def test_panel_says_whether_the_order_is_paid(build: Any, sentence: str) -> None:
    assert sentence in panel_of(build())


def test_code_of_two_entries_is_named_once() -> None:
    receipt, clerk = unallocated(), new_staff_user("match_receipt")
    order = new_order(total="1000.00")
    allocate(receipt, order, amount=Decimal(400), by=clerk, now=later(120))
    allocate(receipt, order, by=clerk, now=later(130))

    assert "Paid by M-PESA: KSh 1,000, OD123ABC45." in panel_of(order)


@pytest.mark.parametrize(
    ("build", "use"),
    [
        pytest.param(
            lambda: new_claim(new_order(), amount=2000).order, "; KSh 1,500 of it counts for the order", id="too much"
        ),
        pytest.param(recorded_and_closed, "; it counts for nothing", id="closed"),
    ],
)
def test_recorded_payment_is_listed_with_what_counts(build: Any, use: str) -> None:
    panel = panel_of(build())

    assert f"recorded by staff; Safaricom has not reported it yet{use}" in panel and "mpesa-action-needed" in panel


def test_receipt_matched_to_another_order_does_not_pay_this_one() -> None:
    order, other = pay(new_payment()).mpesa_order.order, new_order()
    clerk = new_staff_user("match_receipt")
    receipt = reverse_allocation(MpesaAllocation.objects.get(), by=clerk, note="of another order", now=later(60))
    allocate(receipt, other, by=clerk, now=later(70))

    panel = panel_of(order)
    assert f"Not paid: KSh 1,500, OD123ABC45: matched to order {other.number}." in panel
    assert "Paid by M-PESA: KSh 1,500, OD123ABC45." in panel_of(other)


def test_receipt_of_two_orders_is_listed_with_both_amounts() -> None:
    receipt, cheap, clerk = unallocated(), new_order(total="300.00"), new_staff_user("match_receipt")
    other = new_order(total="1000.00")
    for order in (cheap, other):
        allocate(receipt, order, by=clerk, now=later(120))

    panel = " ".join(panel_of(other).split())
    assert f"KSh 300 matched to order {cheap.number}, KSh 1,000 matched to this order, KSh 200 unmatched" in panel
    assert "Paid by M-PESA: KSh 1,000, OD123ABC45." in panel


def test_code_that_staff_reported_is_shown_as_theirs() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(30))
    new_claim(payment.mpesa_order.order, at=later(60))

    panel = " ".join(panel_of(payment.mpesa_order.order).split())
    assert "code missing</a> · matched to this order · code reported by staff: OD777KKK77" in panel
    assert "Paid by M-PESA: KSh 1,500, code missing." in panel
