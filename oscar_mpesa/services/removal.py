"""Take M-PESA out of a shop: close the orders that nobody paid, and keep the tables until their money is exported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Max, QuerySet
from django.db.models.signals import pre_migrate

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.models import CloseReason, MpesaClaim, MpesaJobRun, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.order_closure import query_and_close

#: The name in ``MpesaJobRun`` of the removal, with the moment at which the money was exported.
REMOVAL = "removal"

#: The note of an order that the removal closes.
NOTE = "manage.py mpesa_uninstall"

#: The times of all changes of money and orders, by model.
_TIMES = {
    "MpesaOrder": ("created_at",),
    "MpesaReceipt": ("created_at",),
    "MpesaClaim": ("created_at", "ended_at"),
    "MpesaAllocation": ("created_at", "reversed_at"),
    "MpesaRefund": ("requested_at", "voided_at"),
}


class MoneyNotExported(CommandError):
    """``migrate`` would drop tables with real money that was not exported."""


def unpaid_orders() -> QuerySet[MpesaOrder]:
    """Return the open orders that wait for a payment by M-PESA, oldest first."""
    return MpesaOrder.objects.awaiting_payment().filter(is_enrolled=False).select_related("order").order_by("pk")


def close_unpaid_order(mpesa_order: MpesaOrder, *, now: datetime) -> None:
    """Close an order that waits for a payment, because M-PESA leaves the shop.

    Must run outside a transaction. Queries the two newest unpaid payments first, within eight seconds. Enqueues the
    customer's email. Raises ``CloseRefused``: an order that has money, or may get some from a prompt, stays open.
    """
    query_and_close(mpesa_order.order, CloseReason.STAFF, note=NOTE, now=now)


def has_real_money() -> bool:
    """Return whether money arrived or was recorded in production."""
    return any(model._base_manager.filter(environment=PRODUCTION).exists() for model in (MpesaReceipt, MpesaClaim))


def record_removal(*, exported_at: datetime) -> None:
    """Allow ``migrate oscar_mpesa zero`` to drop all that was stored before this moment."""
    MpesaJobRun.objects.update_or_create(job=REMOVAL, defaults={"last_run_at": exported_at})


def keep_money(*, plan: Iterable[tuple[Any, bool]], apps: Any, using: str, **_kwargs: Any) -> None:
    """Raise ``MoneyNotExported`` before ``migrate`` drops tables with real money or orders that wait for some.

    A receiver of ``pre_migrate``. ``apps`` has the models as they are in the database. Test money may go. So may all
    that was stored before the removal that ``record_removal`` recorded.
    """
    ours = [migration.name for migration, is_backwards in plan if is_backwards and migration.app_label == "oscar_mpesa"]
    if not any(name.startswith("0001_") for name in ours):
        return
    counts = _real_rows(apps, using)
    if any(counts.values()) and not _is_exported(apps, using):
        raise MoneyNotExported(
            "The tables of oscar_mpesa hold real money that was not exported. Nothing was changed. "
            f"Receipts: {counts['receipts']}. Recorded payments: {counts['claims']}. "
            f"Orders that wait for a payment: {counts['orders']}. "
            "First run 'manage.py mpesa_uninstall --apply --export DIR'. It closes these orders and exports the money."
        )


def _real_rows(apps: Any, using: str) -> dict[str, int]:
    receipts, claims, orders = (
        apps.get_model("oscar_mpesa", name)._base_manager.using(using).filter(environment=PRODUCTION)
        for name in ("MpesaReceipt", "MpesaClaim", "MpesaOrder")
    )
    waiting = orders.filter(closed_at=None, order__status=get_settings().PENDING_STATUS)
    return {"receipts": receipts.count(), "claims": claims.count(), "orders": waiting.count()}


def _is_exported(apps: Any, using: str) -> bool:
    """Return whether all rows are older than the removal that was recorded."""
    runs = apps.get_model("oscar_mpesa", "MpesaJobRun")._base_manager.using(using)
    exported_at = runs.filter(job=REMOVAL).values_list("last_run_at", flat=True).first()
    return exported_at is not None and all(moment <= exported_at for moment in _newest(apps, using))


def _newest(apps: Any, using: str) -> Iterable[datetime]:
    for name, times in _TIMES.items():
        rows = apps.get_model("oscar_mpesa", name)._base_manager.using(using)
        newest = rows.aggregate(*(Max(each) for each in times))
        yield from (moment for moment in newest.values() if moment is not None)


def connect(app_config: Any) -> None:
    """Connect the receiver. A second call changes nothing."""
    pre_migrate.connect(keep_money, sender=app_config, dispatch_uid="oscar_mpesa.services.keep_money")
