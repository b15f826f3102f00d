"""The one order of locks: the shop's order first, then the payment. Every verb that changes money goes through here."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from oscar_mpesa.models import MpesaOrder, MpesaPayment


def require_no_transaction() -> None:
    """Whoever is about to call Daraja holds no lock and has committed what it did (M15); costs no query.

    Raises ``RuntimeError`` inside a transaction, as ``atomic(durable=True)`` does, and like it spares a test's own.
    """
    blocks = getattr(transaction.get_connection(), "atomic_blocks", [])
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("A verb that may call Daraja must run outside a transaction: its claim has to be durable.")


def lock_order(order_id: int, *, nowait: bool = False) -> Any:
    """The shop's order, its row locked until the transaction ends; must be called inside one.

    The model is found through our own foreign key, so that a forked order app is locked too. ``nowait`` is for who
    holds another order already and so might wait for ever: raises ``OperationalError`` where somebody else has it.
    Raises the model's ``DoesNotExist``.
    """
    order_model: type[models.Model] = MpesaOrder._meta.get_field("order").related_model
    return order_model._base_manager.select_for_update(nowait=nowait).get(pk=order_id)


def lock_mpesa_order(order_id: int) -> MpesaOrder:
    """What M-Pesa knows of an order, fresh, the shop's own order (its ``order``) locked until the transaction ends."""
    order = lock_order(order_id)
    mpesa_order = MpesaOrder.objects.get(pk=order_id)
    mpesa_order.order = order
    return mpesa_order


def lock_payment(payment: MpesaPayment) -> tuple[Any, MpesaPayment]:
    """The order and then the payment with its ``MpesaOrder``, fresh and locked until the transaction ends."""
    order = lock_order(payment.order_id)
    locked = MpesaPayment.objects.select_for_update().select_related("mpesa_order").get(pk=payment.pk)
    locked.mpesa_order.order = order
    return order, locked
