"""An unpaid order is given up because a person decided so: staff, or the shopper who pays in another way (M10, M11)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from oscar.core.loading import get_class, get_model

from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import Allocation, MessageKind, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.claims import record_receipt
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
from oscar_mpesa.services.receipt_decisions import record_refund, resolve_receipt
from oscar_mpesa.testing import ScriptedTransport
from tests.payment_results import HALF_AN_HOUR
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, told
from tests.shop import CANCELS, failure, later, new_clerk, new_order, new_payment, pay, post, said_by_query, success

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")
EventHandler = get_class("order.processing", "EventHandler")


def cancel(order: Any) -> None:
    """As Oscar's own dashboard does it."""
    order.refresh_from_db()
    EventHandler().handle_order_status_change(order, "Cancelled")


def row(order: Any) -> MpesaOrder:
    return MpesaOrder.objects.select_related("order").get(pk=order.pk)


def allocated() -> int:
    return sum(record.num_allocated or 0 for record in StockRecord.objects.all())


def failed_payment(order: Any = None) -> MpesaPayment:
    payment = new_payment(order, phone=CANCELS)
    post(payment, failure(payment), now=later(20))
    payment.refresh_from_db()
    return payment


# Staff release an order


def test_staff_release_an_order_at_once_and_their_name_stays_with_it() -> None:
    order, clerk = failed_payment().mpesa_order.order, new_clerk("close_order")

    close_order(order, by=clerk, note="the customer rang", now=later(60))

    released, event = row(order), MpesaEvent.objects.get(type="order_closed")
    assert (released.order.status, released.close_reason) == ("Payment expired", "staff")
    assert allocated() == 0
    assert (event.by, event.by_name) == (clerk, "Achieng Were")
    assert event.params == {"reason": "staff", "note": "the customer rang"}
    assert released.outbox_messages.filter(kind=MessageKind.CLOSED_EMAIL).exists()


def test_who_has_no_permission_releases_nothing() -> None:
    order = failed_payment().mpesa_order.order

    with pytest.raises(PermissionDenied):
        close_order(order, by=new_clerk("apply_receipt"), now=later(60))

    assert (row(order).is_closed, allocated()) == (False, 1)


def test_a_prompt_that_is_out_stays_live_and_its_money_waits_for_a_person() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order

    close_order(order, by=new_clerk("close_order"), now=later(10))
    post(payment, success(payment), now=later(20))

    payment.refresh_from_db()
    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert (row(order).is_closed, allocated()) == (True, 0)


def test_an_order_is_released_once() -> None:
    order, clerk = failed_payment().mpesa_order.order, new_clerk("close_order")
    close_order(order, by=clerk, now=later(60))

    with pytest.raises(NotPending):
        close_order(order, by=clerk, now=later(61))


def test_a_paid_order_is_not_released() -> None:
    payment = pay(new_payment())

    with pytest.raises(NotPending):
        close_order(payment.mpesa_order.order, by=new_clerk("close_order"), now=later(60))


def test_a_paid_order_that_staff_set_back_to_pending_is_not_released_either() -> None:
    order = pay(new_payment()).mpesa_order.order
    order.__class__.objects.update(status="Pending payment")

    with pytest.raises(MoneyArrived):
        close_order(order, by=new_clerk("close_order"), now=later(60))


# Staff cancel it in Oscar's own dashboard


def test_cancelling_in_oscar_s_dashboard_gives_everything_back() -> None:
    order = failed_payment().mpesa_order.order

    cancel(order)

    assert (row(order).close_reason, row(order).order.status, allocated()) == ("staff", "Cancelled", 0)


@pytest.mark.parametrize("told_differently", [False, True], ids=["applied", "another amount told after it"])
def test_a_cancelled_order_whose_money_is_in_the_books_releases_nothing_and_says_so(told_differently: bool) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, said_by_query("0"), now=later(30))
    if told_differently:
        post(payment, success(payment, amount=1400), now=later(40))

    cancel(order)

    assert (row(order).is_closed, row(order).close_check_at, allocated()) == (False, later(HALF_AN_HOUR), 1)
    assert MpesaEvent.objects.get(type="order_canceled_paid").mpesa_order_id == order.pk


@pytest.mark.parametrize("has_money", [False, True], ids=["no money", "money to sort out"])
def test_a_cancelled_order_whose_own_release_crashed_is_released_by_the_clock(has_money: bool) -> None:
    payment = new_payment()
    payment.mpesa_order.order.__class__.objects.update(status="Cancelled")
    if has_money:
        post(payment, success(payment), now=later(60))

    outcome = close_expired_order(row(payment.mpesa_order.order), now=later(60 * 60))

    released = row(payment.mpesa_order.order)
    assert (outcome, released.close_reason, allocated()) == (CloseResult.CLOSED, "staff", 0)
    assert released.order.status == "Cancelled"


def test_cancelling_a_released_order_gives_nothing_back_twice() -> None:
    order = failed_payment().mpesa_order.order
    close_order(order, by=new_clerk("close_order"), now=later(60))
    stock_snapshot = row(order).stock_snapshot

    cancel(order)

    assert (row(order).stock_snapshot, row(order).order.status) == (stock_snapshot, "Cancelled")
    assert MpesaEvent.objects.filter(type="order_closed").count() == 1


def test_an_order_of_another_method_is_not_touched_when_it_is_cancelled() -> None:
    order, clerk = new_order(status="Pending"), new_clerk("record_receipt", "record_return")
    receipt = record_receipt("OD123ABC45", order.total_incl_tax - 1, order=order, by=clerk, note="seen", now=later(0))
    record_refund(receipt, amount=receipt.amount, reference="OD999", by=clerk, now=later(1))

    order.__class__.objects.update(status="Pending payment")
    cancel(order)

    assert (row(order).is_closed, allocated()) == (False, 1)


# The shopper pays in another way


def test_a_shopper_who_pays_in_another_way_closes_the_order_and_gets_no_mail() -> None:
    order = failed_payment().mpesa_order.order

    close_for_other_method(order, now=later(60))

    assert (row(order).close_reason, row(order).order.status, allocated()) == ("other_method", "Payment expired", 0)
    assert not row(order).outbox_messages.filter(kind=MessageKind.CLOSED_EMAIL).exists()


def test_money_that_comes_after_another_method_was_chosen_waits_for_a_person() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, now=later(60))

    post(payment, success(payment), now=later(90))

    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert allocated() == 0


def test_a_prompt_that_is_out_has_to_end_before_another_method_is_chosen() -> None:
    order = new_payment(phone=CANCELS).mpesa_order.order

    with pytest.raises(PromptPending):
        close_for_other_method(order, now=later(3))

    assert not row(order).is_closed


def test_another_method_is_chosen_once() -> None:
    order = failed_payment().mpesa_order.order
    close_for_other_method(order, now=later(60))

    with pytest.raises(NotPending):
        close_for_other_method(order, now=later(61))


def test_money_of_another_amount_keeps_the_order() -> None:
    payment = new_payment()
    post(payment, success(payment, amount=5))

    with pytest.raises(MoneyArrived):
        close_for_other_method(payment.mpesa_order.order, now=later(60))


@pytest.mark.parametrize(
    ("answer", "refused"), [(told("0"), True), (DarajaUnreachable("no answer"), False), (told("77777"), False)]
)
def test_safaricom_is_asked_once_before_and_only_its_yes_keeps_the_order(
    settings: Any, answer: Any, refused: bool
) -> None:
    settings.OSCAR_MPESA = CREDENTIALS
    transport = ScriptedTransport({"push": [ACCEPTED], "query": [answer]})
    with replaced_transport(transport):
        order = failed_payment().mpesa_order.order
        if refused:
            with pytest.raises(MoneyArrived):
                close_for_other_method(order, now=later(60))
        else:
            close_for_other_method(order, now=later(60))

    assert len(transport.sent("query")) == 1
    assert row(order).is_closed is not refused


# Its things go back to a basket


def test_a_released_order_s_things_go_back_to_a_basket_once() -> None:
    order = failed_payment().mpesa_order.order
    close_for_other_method(order, now=later(60))

    with transaction.atomic():
        handed = mark_basket_restored(order, now=later(61))

    assert (handed.basket_restored_at, row(order).basket_restored_at) == (later(61), later(61))
    assert MpesaEvent.objects.filter(type="basket_restored").count() == 1
    with pytest.raises(NotRestorable):
        mark_basket_restored(order, now=later(62))


def test_an_open_order_s_things_stay_with_it() -> None:
    with pytest.raises(NotRestorable):
        mark_basket_restored(failed_payment().mpesa_order.order, now=later(60))


def test_an_order_whose_money_came_after_all_is_not_put_into_a_basket() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, now=later(60))
    post(payment, success(payment), now=later(90))

    with pytest.raises(NotRestorable):
        mark_basket_restored(payment.mpesa_order.order, now=later(100))


def test_once_that_money_was_closed_with_a_note_it_may_be() -> None:
    payment = failed_payment()
    close_for_other_method(payment.mpesa_order.order, now=later(60))
    post(payment, success(payment), now=later(90))
    resolve_receipt(MpesaReceipt.objects.get(), note="returned", by=new_clerk("explain_receipt"), now=later(95))

    assert mark_basket_restored(payment.mpesa_order.order, now=later(100)).basket_restored_at == later(100)


def test_a_thing_that_is_in_a_basket_again_is_not_sold_by_late_money_too() -> None:
    payment = failed_payment()
    row_before = row(payment.mpesa_order.order)
    assert close_expired_order(row_before, now=row_before.pay_before) is CloseResult.CLOSED
    mark_basket_restored(payment.mpesa_order.order, now=later(3600))

    post(payment, success(payment), now=later(3700))

    assert MpesaReceipt.objects.get().allocation == Allocation.UNALLOCATED
    assert allocated() == 0
