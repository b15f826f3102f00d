"""A preview says what then happens, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.signals import pre_save
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaOutboxMessage, MpesaReceipt, RefundPurpose
from oscar_mpesa.services.allocation import resolve_receipt, reverse_allocation
from oscar_mpesa.services.exceptions import (
    DecisionRefused,
    InvalidAmount,
    NoDecisionNeeded,
    NoteMissing,
    OtherCurrency,
    OutOfStock,
    RefundKnown,
)
from oscar_mpesa.services.ports import shop
from oscar_mpesa.services.preview import (
    EffectsChanged,
    OrderState,
    Preview,
    ReceiptState,
    do_as_agreed,
    preview,
)
from oscar_mpesa.services.refunds import record_refund
from tests.rows import all_rows
from tests.services.decisions import CASES, entry, match, reopen, reopen_for_a_part, send_back, unmatch
from tests.services.money import (
    SECOND,
    paid_order,
    receipt,
    row,
    twice_paid,
)
from tests.services.refunds import refund
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")


def stored_state(order: Any) -> OrderState:
    """Return what the services wrote about an order."""
    own = row(order)
    assert own.balance is not None
    is_canceled = own.order.status == "Cancelled"
    return OrderState(balance=own.balance, is_paid=own.is_paid, is_closed=own.is_closed, is_canceled=is_canceled)


def kinds_since(last: int, order: Any) -> tuple[str, ...]:
    messages = MpesaOutboxMessage.objects.filter(mpesa_order_id=order.pk, pk__gt=last).order_by("pk")
    return tuple(messages.values_list("kind", flat=True))


@contextmanager
def recorded_shop_code() -> Iterator[list[Any]]:
    """Collect the calls of the shop's own code: its receivers of statuses, books and stock."""
    calls: list[Any] = []

    def receiver(**about: Any) -> None:
        calls.append(about["sender"])

    watched = [Order, StockRecord, get_model("payment", "Source"), get_model("order", "PaymentEvent")]
    order_status_changed.connect(receiver)
    for model in watched:
        pre_save.connect(receiver, sender=model)
    try:
        yield calls
    finally:
        order_status_changed.disconnect(receiver)
        for model in watched:
            pre_save.disconnect(receiver, sender=model)


@pytest.mark.parametrize("name", CASES)
def test_preview_says_what_then_happens(name: str, staff: Any) -> None:
    act, money, orders = CASES[name](staff)
    rows, last = all_rows(), max(MpesaOutboxMessage.objects.values_list("pk", flat=True), default=0)

    with recorded_shop_code() as calls:
        outcome = preview(act, receipt=money, order_ids=[order.pk for order in orders])
        assert (all_rows() == rows, calls) == (True, [])
        act()

    assert outcome.orders
    for effect in outcome.orders:
        assert (effect.after, effect.messages) == (stored_state(effect.order), kinds_since(last, effect.order))
    assert (outcome.money is None) == (money is None)
    if outcome.money is not None:
        own = MpesaReceipt.objects.get(pk=outcome.money.receipt.pk)
        after = outcome.money.after
        assert (after.unallocated, after.status) == (own.unallocated, own.status)
        assert after.unmatched_reason == own.unmatched_reason
    effects: list[Any] = [*outcome.orders, *([outcome.money] if outcome.money else [])]
    assert any(effect.before != effect.after for effect in effects)


def effect_of(outcome: Preview) -> Any:
    assert len(outcome.orders) == 1
    return outcome.orders[0]


def test_preview_of_a_match_has_both_orders_with_their_messages(staff: Any) -> None:
    first, other = twice_paid(), new_order()

    act, money, _ = match(SECOND, other, staff)
    outcome = preview(act, receipt=money, order_ids=[other.pk])

    assert [effect.order for effect in outcome.orders] == [first, other]
    assert [(each.before.balance, each.after.balance) for each in outcome.orders] == [(0, 0), (1500, 0)]
    assert [each.messages for each in outcome.orders] == [(), ("order_paid", "paid_email")]
    assert outcome.money is not None
    assert outcome.money.before == ReceiptState(
        unallocated=Decimal(1500), status="overpaid", unmatched_reason="order_paid", refunded=Decimal(0)
    )
    assert (outcome.money.after.unallocated, outcome.money.after.status) == (0, "matched")
    assert outcome.result.amount == 1500
    assert not MpesaOrder.objects.filter(pk=other.pk).exists()


def test_preview_of_a_refund_says_what_was_refunded(staff: Any) -> None:
    act, money, _ = send_back(RefundPurpose.PAYMENT_RETURNED, 600, staff)

    outcome = preview(act, receipt=money)

    assert outcome.money is not None
    assert (outcome.money.before.refunded, outcome.money.after.refunded) == (0, 600)
    assert (effect_of(outcome).after.is_paid, effect_of(outcome).messages) == (False, ("order_unpaid", "refund_email"))


def test_preview_of_a_closed_order_says_that_it_reopens(staff: Any) -> None:
    act, money, orders = reopen_for_a_part(staff)

    effect = effect_of(preview(act, receipt=money, order_ids=[orders[0].pk]))

    assert (effect.before.is_closed, effect.after.is_closed) == (True, False)
    assert (effect.after.balance, effect.messages) == (900, ("part_paid_email",))


def test_preview_of_sold_out_items_is_refused_like_the_match(staff: Any) -> None:
    act, money, orders = reopen(staff)
    StockRecord.objects.update(num_in_stock=0, num_allocated=0)
    rows = all_rows()

    with pytest.raises(OutOfStock):
        preview(act, receipt=money, order_ids=[orders[0].pk])
    assert all_rows() == rows

    StockRecord.objects.update(num_in_stock=5)
    assert not effect_of(preview(act, receipt=money, order_ids=[orders[0].pk])).after.is_closed


def test_preview_of_a_canceled_order_releases_its_stock(staff: Any) -> None:
    order = paid_order()
    Order.objects.filter(pk=order.pk).update(status="Cancelled")  # unnoticed, until its money is touched
    act = partial(reverse_allocation, entry(), by=staff, note="hers", now=later(900))

    with recorded_shop_code() as calls:
        effect = effect_of(preview(act, receipt=receipt()))

    assert (effect.before.is_canceled, effect.before.is_closed, effect.after.is_closed) == (True, False, True)
    assert calls == []


@pytest.mark.parametrize(
    ("about", "refusal"),
    [
        ({"amount": Decimal(5000)}, InvalidAmount),
        ({"refunded_before": Decimal(100)}, RefundKnown),
        ({"seen_as": "unmatched"}, NoDecisionNeeded),
    ],
)
def test_preview_raises_the_refusal_of_the_service(about: Any, refusal: type[DecisionRefused], staff: Any) -> None:
    paid_order()
    facts = {"amount": Decimal(100), "code": "SKR1234567", **about}
    rows = all_rows()

    with pytest.raises(refusal):
        preview(partial(record_refund, receipt(), **facts, by=staff, now=later(900)), receipt=receipt())
    assert all_rows() == rows


def test_preview_needs_the_permission_of_the_service() -> None:
    act, money, _ = unmatch(new_staff_user("record_refund"))

    with pytest.raises(PermissionDenied):
        preview(act, receipt=money)


def test_preview_of_a_missing_note_and_another_currency_is_refused(staff: Any) -> None:
    twice_paid()
    act = partial(reverse_allocation, entry(), by=staff, note=" ", now=later(900))
    foreign = new_order(currency="USD")

    with pytest.raises(NoteMissing):
        preview(act, receipt=receipt())
    with pytest.raises(OtherCurrency):
        preview(match(SECOND, foreign, staff)[0], receipt=receipt(SECOND), order_ids=[foreign.pk])


def test_preview_inside_another_transaction_undoes_only_itself(staff: Any) -> None:
    act, money, _ = unmatch(staff)

    with transaction.atomic():
        MpesaAllocation.objects.update(note="hers")
        outcome = preview(act, receipt=money)

    assert (entry().note, entry().is_active, effect_of(outcome).after.is_paid) == ("hers", True, False)


def test_nothing_of_a_preview_runs_after_the_commit(
    staff: Any, django_capture_on_commit_callbacks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    act, money, _ = unmatch(staff)
    caplog.clear()

    with django_capture_on_commit_callbacks(execute=True) as hooks:
        preview(act, receipt=money)
    assert (hooks, caplog.text) == ([], "")

    with django_capture_on_commit_callbacks(execute=True) as hooks:
        act()
    assert hooks
    assert "needs a decision: unmatched_by_staff" in caplog.text


def test_shop_adapter_is_the_real_one_after_a_preview(staff: Any) -> None:
    act, money, _ = unmatch(staff)
    real, seen = shop(), []

    def look() -> None:
        seen.append(shop())
        act()

    preview(look, receipt=money)

    assert shop() is real
    assert seen != [real]


def test_same_effects_have_the_same_fingerprint(staff: Any) -> None:
    twice_paid()
    other = new_order()

    def fingerprint(amount: int) -> str:
        act, money, _ = match(SECOND, other, staff, amount=amount)
        return preview(act, receipt=money, order_ids=[other.pk]).fingerprint

    seen = fingerprint(600)
    assert (fingerprint(600) == seen, fingerprint(700) == seen, len(seen)) == (True, False, 16)

    refund(receipt(SECOND), staff, amount=100)
    assert fingerprint(600) != seen


def test_agreed_decision_is_made_once(staff: Any) -> None:
    twice_paid()
    other = new_order()
    act, money, _ = match(SECOND, other, staff, amount=600)
    seen = preview(act, receipt=money, order_ids=[other.pk])

    made = do_as_agreed(act, agreed=seen.fingerprint, receipt=money, order_ids=[other.pk])
    with pytest.raises(EffectsChanged) as changed:
        do_as_agreed(act, agreed=seen.fingerprint, receipt=money, order_ids=[other.pk])

    assert [each.pk for each in other.mpesa_allocations.all()] == [made.pk]
    assert changed.value.preview.orders[-1].after.balance == 300


def test_agreed_decision_about_money_without_an_order_is_made(staff: Any) -> None:
    twice_paid()
    MpesaReceipt.objects.filter(number=SECOND).update(meant_for=None)
    money = receipt(SECOND)
    act = partial(resolve_receipt, money, note="a voucher", by=staff, now=later(800))

    do_as_agreed(act, agreed=preview(act, receipt=money).fingerprint, receipt=money)

    assert receipt(SECOND).status == "resolved"
