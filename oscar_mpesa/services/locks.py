"""Lock rows in one order everywhere: the shop's orders by id, then the payment, then receipts and claims by id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from oscar_mpesa.models import MpesaOrder, MpesaPayment


def require_no_transaction() -> None:
    """Raise ``RuntimeError`` inside a transaction: before a call to Daraja, all locks are free and all work committed.

    Costs no query. Like ``atomic(durable=True)``, it ignores the transaction that a ``TestCase`` opens.
    """
    blocks = getattr(transaction.get_connection(), "atomic_blocks", [])
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("Calls to Daraja must run outside a transaction: the reservation must be durable.")


def lock_order(order_id: int) -> Any:
    """Return the shop's order, its row locked until the transaction ends; call it inside one.

    The model comes from our own foreign key, so a forked order app is locked too. Raises the model's ``DoesNotExist``.
    """
    order_model: type[models.Model] = MpesaOrder._meta.get_field("order").related_model
    return order_model._base_manager.select_for_update().get(pk=order_id)


def lock_mpesa_order(order_id: int) -> MpesaOrder:
    """Return the fresh M-PESA side of an order. The shop's order, its ``order``, is locked."""
    order = lock_order(order_id)
    mpesa_order = MpesaOrder.objects.get(pk=order_id)
    mpesa_order.order = order
    return mpesa_order


def lock_mpesa_orders(order_ids: Iterable[int]) -> dict[int, MpesaOrder]:
    """Return the fresh M-PESA sides of several orders by id. The shop's orders are locked in the order of their ids."""
    return {pk: lock_mpesa_order(pk) for pk in sorted(set(order_ids))}


def lock_payment(payment: MpesaPayment) -> MpesaPayment:
    """Lock the order, then the payment; return the fresh payment with its ``MpesaOrder`` and the shop's order."""
    order = lock_order(payment.order_id)
    locked = MpesaPayment.objects.select_for_update().select_related("mpesa_order").get(pk=payment.pk)
    locked.mpesa_order.order = order
    return locked
