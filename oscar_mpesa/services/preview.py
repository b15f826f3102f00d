"""Show what a decision about money would do: do it in a transaction, read what changed, and roll all of it back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from oscar_mpesa.models import MessageKind, MpesaOrder, MpesaOutboxMessage, MpesaReceipt, RefundStatus
from oscar_mpesa.services.commit import hook_safe_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.entry_sums import total
from oscar_mpesa.services.ledger import read_ledger
from oscar_mpesa.services.locks import lock_order
from oscar_mpesa.services.ports import adapter_for_preview
from oscar_mpesa.services.receipt_locks import orders_of

__all__ = [
    "EffectsChanged",
    "MoneyEffect",
    "OrderEffect",
    "OrderState",
    "Preview",
    "ReceiptState",
    "do_as_agreed",
    "preview",
]

#: Characters of a fingerprint.
FINGERPRINT_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """What an order owes at a moment, below zero if it has too much, in shillings; and whether it is open."""

    balance: Decimal
    is_paid: bool
    is_closed: bool
    is_canceled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEffect:
    """An order before and after a decision. ``messages`` are the kinds that the decision enqueues for it, each once."""

    order: Any
    before: OrderState
    after: OrderState
    messages: tuple[MessageKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptState:
    """What a receipt has left at a moment, and what was refunded of it, in shillings."""

    unallocated: Decimal
    status: str
    unmatched_reason: str
    refunded: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyEffect:
    """A receipt before and after a decision; ``receipt`` is the row before it."""

    receipt: MpesaReceipt
    before: ReceiptState
    after: ReceiptState


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a decision would do.

    ``orders`` are in the order of their ids. ``result`` is what the service returned; rows that it made are gone. Two
    previews of the same effects have the same ``fingerprint``.
    """

    orders: tuple[OrderEffect, ...]
    money: MoneyEffect | None
    result: Any
    fingerprint: str


class EffectsChanged(Exception):
    """A decision would do something else than what was agreed to; ``preview`` says what."""

    def __init__(self, seen: Preview) -> None:
        super().__init__(seen.fingerprint)
        self.preview = seen


@repeat_on_deadlock
def preview(act: Callable[[], Any], *, receipt: MpesaReceipt | None = None, order_ids: Iterable[int] = ()) -> Preview:
    """Return what a call of a service would do to a receipt, its orders and these others. Changes nothing.

    Locks the orders like the service itself, calls ``act`` without the shop's own code, and reads what changed. Then it
    rolls all of it back, in a savepoint if inside another transaction. Raises what ``act`` raises, such as
    ``DecisionRefused`` and ``PermissionDenied``. Does not show what the shop's own code would refuse, nor what other
    orders do after the commit with money that the decision frees for them.

    The rows are really saved. So the shop's receivers of Django's model signals, such as ``post_save`` of the models of
    ``oscar_mpesa``, run too, with ids that are gone afterwards. What they write is rolled back, and their
    ``transaction.on_commit`` never runs.
    """
    with transaction.atomic(), adapter_for_preview():
        pks = sorted({*order_ids, *(orders_of(receipt) if receipt else ())})
        orders = [lock_order(pk) for pk in pks]
        before = _read_moment(pks, receipt)
        result = act()
        after = _read_moment(pks, receipt)
        transaction.set_rollback(True)
    effects = tuple(_effect_on(order, before, after) for order in orders)
    money = None
    if before.receipt is not None and after.receipt is not None:
        states = {"before": _state_of(before.receipt), "after": _state_of(after.receipt)}
        money = MoneyEffect(receipt=before.receipt, **states)
    return Preview(orders=effects, money=money, result=result, fingerprint=_fingerprint(effects, money))


@repeat_on_deadlock
def do_as_agreed(
    act: Callable[[], Any], *, agreed: str, receipt: MpesaReceipt | None = None, order_ids: Iterable[int] = ()
) -> Any:
    """Call a service if its preview still has the fingerprint ``agreed``; return what it returns.

    Nothing can change between the preview and the call: both run in one transaction that locks the orders first.
    Raises ``EffectsChanged`` with the new preview, and what ``act`` raises. Then it changes nothing.
    """
    with hook_safe_transaction():
        pks = sorted({*order_ids, *(orders_of(receipt) if receipt else ())})
        for pk in pks:
            lock_order(pk)
        if receipt is not None and not pks:
            MpesaReceipt.objects.select_for_update().get(pk=receipt.pk)
        seen = preview(act, receipt=receipt, order_ids=pks)
        if seen.fingerprint != agreed:
            raise EffectsChanged(seen)
        return act()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What is stored at a moment: states and messages by the ids of orders, and a receipt with its refunds."""

    orders: dict[int, OrderState]
    messages: dict[int, dict[int, MessageKind]]
    receipt: MpesaReceipt | None


def _read_moment(order_ids: list[int], receipt: MpesaReceipt | None) -> _Moment:
    """Read orders that the caller locks, and a receipt. Locks the orders' money, as the services do."""
    messages: dict[int, dict[int, MessageKind]] = {pk: {} for pk in order_ids}
    stored = MpesaOutboxMessage.objects.filter(mpesa_order_id__in=order_ids).order_by("pk")
    for pk, order_id, kind in stored.values_list("pk", "mpesa_order_id", "kind"):
        messages[order_id][pk] = MessageKind(kind)
    own = MpesaReceipt.objects.prefetch_related("refunds")
    return _Moment(
        orders={pk: _state_of_order(pk) for pk in order_ids},
        messages=messages,
        receipt=own.get(pk=receipt.pk) if receipt else None,
    )


def _state_of_order(order_id: int) -> OrderState:
    """Read the ledger of an order, which may have no M-PESA side yet."""
    mpesa_order = MpesaOrder.objects.filter(pk=order_id).first() or MpesaOrder(pk=order_id)
    mpesa_order.order = lock_order(order_id)
    ledger = read_ledger(mpesa_order)
    return OrderState(
        balance=ledger.balance,
        is_paid=ledger.is_paid,
        is_closed=mpesa_order.is_closed,
        is_canceled=ledger.is_canceled,
    )


def _state_of(receipt: MpesaReceipt) -> ReceiptState:
    return ReceiptState(
        unallocated=receipt.unallocated,
        status=receipt.status,
        unmatched_reason=receipt.unmatched_reason,
        refunded=total(each for each in receipt.refunds.all() if each.status == RefundStatus.COMPLETED),
    )


def _effect_on(order: Any, before: _Moment, after: _Moment) -> OrderEffect:
    known = before.messages[order.pk]
    new = dict.fromkeys(kind for pk, kind in after.messages[order.pk].items() if pk not in known)
    return OrderEffect(order=order, before=before.orders[order.pk], after=after.orders[order.pk], messages=tuple(new))


def _fingerprint(orders: tuple[OrderEffect, ...], money: MoneyEffect | None) -> str:
    """Return a short hash of all effects."""
    facts: list[Any] = [
        (each.order.pk, astuple(each.before), astuple(each.after), sorted(kind.value for kind in each.messages))
        for each in orders
    ]
    if money is not None:
        facts.append((money.receipt.pk, astuple(money.before), astuple(money.after)))
    text = json.dumps(facts, default=lambda amount: f"{amount:.2f}")
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_LENGTH]
