"""Receivers of Oscar's signals: what the shop changes in its own orders."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext as _
from oscar.apps.order.signals import order_status_changed
from oscar.apps.payment.exceptions import PaymentError
from oscar.core.loading import get_model

from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.own_changes import current_change
from oscar_mpesa.oscar_adapter.payment_sources import SOURCE_CODE
from oscar_mpesa.services import order_changes
from oscar_mpesa.services.exceptions import OutOfStock

Order = get_model("order", "Order")
Source = get_model("payment", "Source")


def follow_status(*, order: Any, old_status: str, **_kwargs: Any) -> None:
    """Follow a status that staff or the shop's code set: close a canceled order, reopen a closed one.

    A canceled order is closed after the commit, in a transaction of its own: Oscar's dashboard cancels several orders
    in one, and would lock their stock in any order. ``reconcile`` closes it if the process ends before.

    Raises ``PaymentError``, which Oscar's dashboard shows, if a closed order can't go on because its stock is sold, and
    what the shop's own code raises. The order then has its old status again.
    """
    own = current_change()
    if own is not None and (order.pk, order.status) == (own.order_id, own.status):
        return
    is_canceled = order.status == get_settings().CANCELLED_STATUS
    if is_canceled:
        order_changes.expect_closure(order.pk, now=timezone.now())
    if is_canceled or own is not None:  # the shop's code set it meanwhile
        transaction.on_commit(lambda: order_changes.apply_status(order, now=timezone.now()), robust=True)
        return
    try:
        order_changes.apply_status(order, now=timezone.now())
    except Exception as error:
        _restore_status(order, old_status)
        if isinstance(error, OutOfStock):
            raise PaymentError(_("Some items of this order are no longer in stock.")) from error
        raise


def _restore_status(order: Any, old_status: str) -> None:
    """Give an order its old status again, unless the database undoes the whole transaction anyhow."""
    order.status = old_status
    if not transaction.get_connection().needs_rollback:
        Order._base_manager.filter(pk=order.pk).update(status=old_status)


def follow_source(*, instance: Any, raw: bool = False, **_kwargs: Any) -> None:
    """Reassess an order after the commit if another payment method's Source was saved or deleted."""
    if not raw and instance.source_type.code != SOURCE_CODE:
        order_id = instance.order_id
        transaction.on_commit(lambda: order_changes.reassess(order_id, now=timezone.now()), robust=True)


def follow_total(*, instance: Any, raw: bool, created: bool, update_fields: Any, **_kwargs: Any) -> None:
    """Reassess an order after the commit if its total changed. Makes at most one query."""
    is_other_field = update_fields is not None and "total_incl_tax" not in update_fields
    if raw or created or is_other_field:
        return
    own, order_id = current_change(), instance.pk
    if own is not None and own.order_id == order_id:
        is_new = instance.total_incl_tax != own.total
    else:
        is_new = order_changes.has_new_total(instance)
    if is_new:
        transaction.on_commit(lambda: order_changes.reassess(order_id, now=timezone.now()), robust=True)


def connect() -> None:
    """Connect the receivers. A second call changes nothing."""
    order_status_changed.connect(follow_status, dispatch_uid="oscar_mpesa.oscar_adapter.follow_status")
    for name, signal in (("saved", post_save), ("deleted", post_delete)):
        signal.connect(follow_source, sender=Source, dispatch_uid=f"oscar_mpesa.oscar_adapter.follow_source_{name}")
    post_save.connect(follow_total, sender=Order, dispatch_uid="oscar_mpesa.oscar_adapter.follow_total")
