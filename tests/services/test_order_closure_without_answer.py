"""Staff close an unpaid order, or its shopper pays with another method (M10, M11)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from oscar.core.loading import get_model

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MessageKind, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt, ReceiptStatus
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.allocation import resolve_receipt
from oscar_mpesa.services.claims import record_claim
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.order_closure import (
    CloseResult,
    MoneyArrived,
    NotPending,
    NotRestorable,
    PromptPending,
    close_expired_order,
    close_for_other_method,
    close_order,
    mark_basket_restored,
)
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.testing import ScriptedTransport
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.services.money import set_status
from tests.shop import CANCELS, failure, later, new_order, new_payment, new_staff_user, pay, post, query_update, success

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


def cancel(order: Any) -> None:
    """Cancel the order as Oscar's dashboard does."""
    order.refresh_from_db()
    set_status(order, "Cancelled")


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def allocated() -> int:
    return sum(record.num_allocated or 0 for record in StockRecord.objects.all())


def failed_payment(order: Any = None) -> MpesaPayment:
    payment = new_payment(order, phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    payment.refresh_from_db()
    return payment


# Staff close an order


def test_staff_close_an_order_at_once_and_it_keeps_their_name() -> None:
    order, staff = failed_payment().mpesa_order.order, new_staff_user("close_order")

    close_order(order, by=staff, note="the customer rang", now=later(60))

    closed, event = row(order), MpesaEvent.objects.get(type="order_closed")
    assert (closed.order.status, closed.close_reason) == ("Payment expired", "staff")
    assert allocated() == 0
    assert (event.by, event.by_name) == (staff, "Achieng Were")
    assert event.params == {"reason": "staff", "note": "the customer rang"}
    assert closed.outbox_messages.filter(kind=MessageKind.CLOSED_EMAIL).exists()


def test_closing_needs_permission() -> None:
    order = failed_payment().mpesa_order.order

    with pytest.raises(PermissionDenied):
        close_order(order, by=new_staff_user("match_receipt"), now=later(60))

    assert (row(order).is_closed, allocated()) == (False, 1)


def test_live_prompt_of_a_closed_order_stays_live_and_its_money_waits() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order

    close_order(order, by=new_staff_user("close_order"), now=later(10))
    post(payment, success(payment), now=later(20))

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().status == ReceiptStatus.UNMATCHED
    assert (row(order).is_closed, allocated()) == (True, 0)


def test_order_closes_once() -> None:
    order, staff = failed_payment().mpesa_order.order, new_staff_user("close_order")
    close_order(order, by=staff, now=later(60))

    with pytest.raises(NotPending):
        close_order(order, by=staff, now=later(61))


def test_paid_order_cannot_be_closed() -> None:
    payment = pay(new_payment())

    with pytest.raises(NotPending):
        close_order(payment.mpesa_order.order, by=new_staff_user("close_order"), now=later(60))


def test_paid_order_set_back_to_pending_cannot_be_closed() -> None:
    order = pay(new_payment()).mpesa_order.order
    order.__class__.objects.update(status="Pending payment")

    with pytest.raises(MoneyArrived):
        close_order(order, by=new_staff_user("close_order"), now=later(60))


# Staff cancel an order in Oscar's dashboard


def test_cancelling_releases_stock_and_vouchers() -> None:
    order = failed_payment().mpesa_order.order

    cancel(order)

    assert (row(order).close_reason, row(order).order.status, allocated()) == ("staff", "Cancelled", 0)


def test_cancelling_a_paid_order_frees_its_money_and_its_stock() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, query_update("0"), now=later(30))

    cancel(order)

    receipt = MpesaReceipt.objects.get()
    assert (receipt.status, receipt.unmatched_reason, receipt.unallocated) == ("unmatched", "order_canceled", 1500)
    assert (row(order).is_closed, row(order).close_reason, allocated()) == (True, "staff", 0)
    assert (row(order).is_paid, row(order).order.sources.get().amount_debited) == (False, 0)
    assert MpesaEvent.objects.get(type="order_canceled_paid").mpesa_order_id == order.pk
    assert MpesaEvent.objects.filter(type="order_unpaid").count() == 1


def test_cancelled_order_whose_closing_crashed_is_closed_by_reconcile() -> None:
    payment = failed_payment()
    payment.mpesa_order.order.__class__.objects.update(status="Cancelled")

    close_expired_order(row(payment.mpesa_order.order), now=later(60 * 60))

    closed = row(payment.mpesa_order.order)
    assert (closed.is_closed, closed.close_reason, allocated()) == (True, "staff", 0)
    assert closed.order.status == "Cancelled"


def test_cancelling_a_closed_order_releases_nothing_twice() -> None:
    order = failed_payment().mpesa_order.order
    close_order(order, by=new_staff_user("close_order"), now=later(60))
    stock_snapshot = row(order).stock_snapshot

    cancel(order)

    assert (row(order).stock_snapshot, row(order).order.status) == (stock_snapshot, "Cancelled")
    assert MpesaEvent.objects.filter(type="order_closed").count() == 1


def test_cancelling_an_order_of_another_method_releases_no_stock() -> None:
    order = new_order(status="Pending payment")
    amount = order.total_incl_tax - 1
    record_claim("OD123ABC45", amount, order=order, by=new_staff_user("record_claim"), note="seen", now=later(0))

    cancel(order)

    assert (row(order).is_closed, row(order).balance, allocated()) == (False, 0, 1)
    assert [entry.reversal_reason for entry in order.mpesa_allocations.all()] == ["not_owed"]
    assert order.mpesa_claims.get().status == "open"


# The shopper pays with another method


def test_other_method_closes_the_order_without_an_email() -> None:
    order = failed_payment().mpesa_order.order

    close_for_other_method(order, actor=Actor(), now=later(60))

    assert (row(order).close_reason, row(order).order.status, allocated()) == ("other_method", "Payment expired", 0)
    assert not row(order).outbox_messages.filter(kind=MessageKind.CLOSED_EMAIL).exists()


def test_money_after_another_method_waits_for_a_person() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, actor=Actor(), now=later(60))

    post(payment, success(payment), now=later(90))

    assert MpesaReceipt.objects.get().status == ReceiptStatus.UNMATCHED
    assert allocated() == 0


def test_live_prompt_must_end_before_another_method() -> None:
    order = new_payment(phone=CANCELS).mpesa_order.order

    with pytest.raises(PromptPending):
        close_for_other_method(order, actor=Actor(), now=later(3))

    assert not row(order).is_closed


def test_other_method_is_chosen_once() -> None:
    order = failed_payment().mpesa_order.order
    close_for_other_method(order, actor=Actor(), now=later(60))

    with pytest.raises(NotPending):
        close_for_other_method(order, actor=Actor(), now=later(61))


def test_wrong_amount_keeps_the_order_open() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5))

    with pytest.raises(MoneyArrived):
        close_for_other_method(payment.mpesa_order.order, actor=Actor(), now=later(60))


@pytest.mark.parametrize(
    ("answer", "refused"),
    [(query_reply("0"), True), (DarajaUnreachable("no answer"), False), (query_reply("77777"), False)],
)
def test_other_method_queries_once_and_only_a_success_keeps_the_order(
    settings: Any, answer: Any, refused: bool
) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    transport = ScriptedTransport({"push": [ACCEPTED], "query": [answer]})
    with replaced_transport(transport):
        order = failed_payment().mpesa_order.order
        if refused:
            with pytest.raises(MoneyArrived):
                close_for_other_method(order, actor=Actor(), now=later(60))
        else:
            close_for_other_method(order, actor=Actor(), now=later(60))

    assert len(transport.sent("query")) == 1
    assert row(order).is_closed is not refused


# The items go back to a basket


def test_items_of_a_closed_order_go_back_to_a_basket_once() -> None:
    order = failed_payment().mpesa_order.order
    close_for_other_method(order, actor=Actor(), now=later(60))

    with transaction.atomic():
        restored = mark_basket_restored(order, actor=Actor(), now=later(61))

    assert (restored.basket_restored_at, row(order).basket_restored_at) == (later(61), later(61))
    assert MpesaEvent.objects.filter(type="basket_restored").count() == 1
    with pytest.raises(NotRestorable):
        mark_basket_restored(order, actor=Actor(), now=later(62))


def test_items_of_an_open_order_cannot_go_back() -> None:
    with pytest.raises(NotRestorable):
        mark_basket_restored(failed_payment().mpesa_order.order, actor=Actor(), now=later(60))


def test_items_of_an_order_with_late_money_cannot_go_back() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, actor=Actor(), now=later(60))
    post(payment, success(payment), now=later(90))

    with pytest.raises(NotRestorable):
        mark_basket_restored(payment.mpesa_order.order, actor=Actor(), now=later(100))


def test_items_can_go_back_after_late_money_is_resolved() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, actor=Actor(), now=later(60))
    post(payment, success(payment), now=later(90))
    resolve_receipt(MpesaReceipt.objects.get(), note="returned", by=new_staff_user("resolve_receipt"), now=later(95))

    restored = mark_basket_restored(payment.mpesa_order.order, actor=Actor(), now=later(100))
    assert restored.basket_restored_at == later(100)


def test_late_money_does_not_sell_restored_items() -> None:
    payment = failed_payment()
    row_before = row(payment.mpesa_order.order)
    assert close_expired_order(row_before, now=row_before.pay_before) is CloseResult.CLOSED
    mark_basket_restored(payment.mpesa_order.order, actor=Actor(), now=later(3600))

    post(payment, success(payment), now=later(3700))

    assert MpesaReceipt.objects.get().status == ReceiptStatus.UNMATCHED
    assert allocated() == 0
