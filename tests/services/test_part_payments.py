"""A part payment gives the shopper time for the rest; then the order closes, and the rest reopens it (L6, L7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MessageKind, MpesaAllocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS
from tests.services.unpaid_orders import A_DAY, HALF_AN_HOUR, check_order, prompted, result_of, row
from tests.shop import ANOTHER, failure, later, new_order, new_staff_user, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")
StockRecord = get_model("partner", "StockRecord")

#: When the order closes whose part payment arrived 30 seconds after the order.
CLOSES_AT = 30 + A_DAY


@pytest.fixture(autouse=True)
def sandbox(settings: Any) -> None:
    settings.OSCAR_MPESA = {**CREDENTIALS, "WAKE": ""}


def part_paid(*, stock: int = 10) -> MpesaPayment:
    """Create an order of KSh 2,500 whose push was sent for KSh 1,500, and paid after 30 seconds."""
    payment = prompted(new_order(total="1500.00"))
    Order.objects.update(total_incl_tax=Decimal(2500))
    StockRecord.objects.update(num_in_stock=stock)
    return pay(payment, now=later(30))


def push_rest(first: MpesaPayment, *, at: float) -> MpesaPayment:
    """Send another push, whose prompt the shopper cancels."""
    ids = {"CheckoutRequestID": f"ws_CO_{MpesaPayment.objects.count()}", "MerchantRequestID": "29116"}
    with replaced_transport(ScriptedTransport({"push": [{**ACCEPTED, **ids}]})):
        payment = retry_payment(Order.objects.get(pk=first.order_id), phone=ANOTHER, now=later(at))
    payment.refresh_from_db()
    post(payment, failure(payment), now=later(at + 9))
    payment.refresh_from_db()
    return payment


def money() -> list[tuple[str | None, str, str]]:
    return list(MpesaReceipt.objects.order_by("pk").values_list("number", "status", "unmatched_reason"))


def test_part_payment_extends_the_deadline_once_by_a_day() -> None:
    first = part_paid()
    extended = row(first)
    Order.objects.update(total_incl_tax=Decimal(5000))
    second = push_rest(first, at=100)
    Order.objects.update(total_incl_tax=Decimal(9000))

    pay(second, number="OD222BBB22", now=later(3600))

    assert (extended.is_paid, extended.balance, extended.part_paid_at) == (False, 1000, later(30))
    assert extended.pay_before == extended.close_check_at == later(CLOSES_AT)
    assert (row(first).balance, row(first).pay_before) == (4000, later(CLOSES_AT))


def test_part_payment_is_booked_without_lines_and_leaves_the_order_pending() -> None:
    order = part_paid().mpesa_order.order

    order.refresh_from_db()
    event = order.payment_events.get()
    assert (event.event_type.name, event.amount, event.lines.count()) == ("Part payment", 1500, 0)
    assert (order.status, order.sources.get().amount_debited) == ("Pending payment", 1500)


def test_next_push_asks_for_the_balance_and_completes_the_order() -> None:
    first = part_paid()

    second = push_rest(first, at=100)
    pay(second, number="OD222BBB22", now=later(200))

    assert second.amount == 1000
    assert (row(first).is_paid, row(first).balance, row(first).order.status) == (True, 0, "Being processed")
    assert money() == [("OD123ABC45", "matched", ""), ("OD222BBB22", "matched", "")]
    assert [event.event_type.name for event in row(first).order.payment_events.order_by("pk")] == [
        "Part payment",
        "Paid",
    ]


def test_order_closes_if_the_rest_does_not_come() -> None:
    first = part_paid()

    early = check_order(first, at=CLOSES_AT - 1)
    closed_as = check_order(first, at=CLOSES_AT)

    closed, receipt = row(first), MpesaReceipt.objects.get()
    assert (early.value, closed_as.value, closed.close_reason) == ("unchanged", "closed", "expired")
    assert [entry.reversal_reason for entry in MpesaAllocation.objects.all()] == ["order_closed"]
    assert (receipt.status, receipt.unmatched_reason, receipt.unallocated) == ("unmatched", "order_closed", 1500)
    assert (closed.balance, StockRecord.objects.get().num_allocated) == (2500, 0)
    assert closed.order.sources.get().amount_debited == 0
    kinds = set(closed.outbox_messages.values_list("kind", flat=True))
    about_money = {MessageKind.RECEIPT_UNMATCHED, MessageKind.UNMATCHED_EMAIL}
    assert kinds == {MessageKind.PART_PAID_EMAIL, MessageKind.CLOSED_EMAIL, *about_money}


def test_late_rest_reopens_the_order_with_both_parts() -> None:
    first = part_paid()
    second = push_rest(first, at=100)
    check_order(first, result_of(second, "1032"), at=CLOSES_AT)
    closed = row(first)

    pay(second, number="OD222BBB22", now=later(CLOSES_AT + 60))

    reopened = row(first)
    assert (closed.is_closed, reopened.is_closed, reopened.is_paid, reopened.balance) == (True, False, True, 0)
    assert money() == [("OD123ABC45", "matched", ""), ("OD222BBB22", "matched", "")]
    assert (reopened.order.status, StockRecord.objects.get().num_allocated) == ("Being processed", 1)
    assert sum(source.amount_debited for source in reopened.order.sources.all()) == 2500


def test_late_rest_stays_unmatched_if_the_items_are_sold() -> None:
    first = part_paid(stock=1)
    second = push_rest(first, at=100)
    check_order(first, result_of(second, "1032"), at=CLOSES_AT)
    StockRecord.objects.update(num_in_stock=0)

    pay(second, number="OD222BBB22", now=later(CLOSES_AT + 60))

    assert row(first).is_closed
    assert money() == [("OD123ABC45", "unmatched", "sold_out"), ("OD222BBB22", "unmatched", "sold_out")]


def test_part_of_the_rest_reopens_nothing() -> None:
    first = part_paid()
    second = push_rest(first, at=100)
    check_order(first, result_of(second, "1032"), at=CLOSES_AT)
    Order.objects.update(total_incl_tax=Decimal(4000))

    pay(second, number="OD222BBB22", now=later(CLOSES_AT + 60))

    assert (row(first).is_closed, StockRecord.objects.get().num_allocated) == (True, 0)
    assert money() == [("OD123ABC45", "unmatched", "order_closed"), ("OD222BBB22", "unmatched", "order_closed")]


def test_closed_order_with_a_part_payment_takes_no_push() -> None:
    first = part_paid()
    check_order(first, at=CLOSES_AT)

    with pytest.raises(NotPayable):
        push_rest(first, at=CLOSES_AT + 60)


def test_wrong_amount_waits_for_a_person_and_stops_pushes() -> None:
    payment = prompted()
    post(payment, success(payment, amount=1000), now=later(30))

    with pytest.raises(NotPayable):
        push_rest(payment, at=100)

    assert (money(), row(payment).balance) == ([("OD123ABC45", "wrong_amount", "wrong_amount")], 1500)
    assert MpesaPayment.objects.get().status == "completed"


def test_staff_match_the_part_again_and_the_shopper_pays_the_rest() -> None:
    first = part_paid()
    check_order(first, at=CLOSES_AT)
    staff = new_staff_user("match_receipt")

    allocate(MpesaReceipt.objects.get(), row(first).order, by=staff, now=later(CLOSES_AT + 60))
    reopened = row(first)
    second = push_rest(first, at=CLOSES_AT + 120)
    pay(second, number="OD222BBB22", now=later(CLOSES_AT + 180))

    assert (reopened.is_closed, reopened.order.status, reopened.balance) == (False, "Pending payment", 1000)
    assert reopened.pay_before == reopened.close_check_at == later(CLOSES_AT + 60 + A_DAY)
    assert (second.amount, row(first).is_paid, row(first).order.status) == (1000, True, "Being processed")


def test_claim_for_part_of_a_closed_order_gives_time_for_the_rest() -> None:
    payment = prompted()
    post(payment, failure(payment), now=later(9))
    check_order(payment, result_of(payment, "1032"))
    staff, order = new_staff_user("record_claim"), row(payment).order

    record_claim("OD333CCC33", Decimal(500), order=order, by=staff, note="seen", now=later(HALF_AN_HOUR + 60))

    reopened = row(payment)
    assert (reopened.is_closed, reopened.order.status, reopened.balance) == (False, "Pending payment", 1000)
    assert reopened.close_check_at == later(HALF_AN_HOUR + 60 + A_DAY)


# Other payment methods


def gift_card(order: Any, amount: int) -> None:
    source_type, _ = SourceType.objects.get_or_create(code="gift-card", defaults={"name": "Gift card"})
    Source.objects.create(order=order, source_type=source_type, amount_allocated=amount, amount_debited=amount)


def test_gift_card_lowers_the_first_push_and_the_balance() -> None:
    order = new_order(total="1500.00")
    gift_card(order, 600)

    payment = pay(prompted(order))

    assert payment.amount == 900
    assert (row(payment).is_paid, row(payment).balance, row(payment).order.status) == (True, 0, "Being processed")


def test_gift_card_used_after_a_push_leaves_the_rest_overpaid() -> None:
    payment = prompted(new_order(total="1500.00"))
    gift_card(payment.mpesa_order.order, 600)

    pay(payment)

    receipt = MpesaReceipt.objects.get()
    assert (receipt.status, receipt.unallocated) == ("overpaid", 600)
    assert row(payment).is_paid
