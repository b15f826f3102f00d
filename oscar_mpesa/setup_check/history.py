"""Check the set-up by the shop's own rows and signal receivers, without network calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from weakref import ReferenceType

from oscar.apps.order.signals import order_placed
from oscar.core.loading import get_model

from oscar_mpesa.domain.money import CURRENCY
from oscar_mpesa.domain.result_codes import SWAPPED_CODES
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.services.reconciliation import RECONCILE, last_job_run
from oscar_mpesa.setup_check.evidence import telling_payment
from oscar_mpesa.setup_check.findings import Finding, make_finding

#: ``mpesa_reconcile`` should run every minute; after this long without a run it is late.
LATE_AFTER = timedelta(minutes=10)

#: Receivers in these packages are safe with unpaid orders.
SAFE_PACKAGES = ("oscar.", "oscar_mpesa.")


def history_findings(now: datetime) -> list[Finding]:
    """Check that reconcile runs, which code receives unpaid orders, swapped till and paybill, and prices in KES."""
    return [*_swapped(now), _cron(now), _receivers(), *_prices()]


def _prices() -> Iterator[Finding]:
    """Find a shop that has prices, and none in shillings. A new shop has no prices yet."""
    prices = get_model("partner", "StockRecord")._base_manager.exclude(price=None)
    if not prices.filter(price_currency=CURRENCY).exists() and prices.exists():
        yield make_finding("no-kes-prices")


def _cron(now: datetime) -> Finding:
    last_run = last_job_run(RECONCILE)
    if last_run is None:
        return make_finding("cron-never")
    return make_finding("cron-ok" if now - last_run <= LATE_AFTER else "cron-late", **_day_and_time(last_run))


def _swapped(now: datetime) -> Iterator[Finding]:
    """Find the latest payment that failed this way, unless another has been paid since."""
    latest = telling_payment(now)
    if latest is not None and not latest.is_paid:
        code = latest.result_code if latest.result_code in SWAPPED_CODES else "Merchant does not exist"
        yield make_finding("swapped", code=code, **_day_and_time(latest.created_at))


def _receivers() -> Finding:
    names = sorted({name for name in map(_dotted_name, order_placed.receivers) if name})
    others = [name for name in names if not name.startswith(SAFE_PACKAGES)]
    return make_finding("placed-receivers", names=", ".join(others)) if others else make_finding("receivers-ok")


def _dotted_name(entry: Any) -> str:
    """Return the dotted name of a receiver in a signal's list; empty for one that no longer exists."""
    reference = entry[1]
    receiver = reference() if isinstance(reference, ReferenceType) else reference
    if receiver is None:
        return ""
    kind = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{kind.__module__}.{kind.__qualname__}"


def _day_and_time(at: datetime) -> dict[str, str]:
    local = at.astimezone(NAIROBI)
    return {"day": f"{local:%d.%m.%Y}", "time": f"{local:%H:%M}"}
