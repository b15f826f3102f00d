"""What the shop's own rows and code tell of its set-up, without asking anybody outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from weakref import ReferenceType

from django.db.models import Exists, OuterRef, Q
from oscar.apps.order.signals import order_placed

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaApiCall, MpesaPayment
from oscar_mpesa.services.reconciliation import RECONCILE, last_job_run
from oscar_mpesa.setup_check.findings import Finding, found

#: A pass every minute is the rhythm; so long after the last one somebody should look.
LATE = timedelta(minutes=10)

#: How far back a mix-up of till and paybill is looked for.
RECENTLY = timedelta(days=7)

#: Result codes that say so; of a push that was refused it is the kind of its error.
SWAPPED = ("2028", "SFC_IC0003")

#: Receivers of Oscar's own, and ours, know that an order may be unpaid, or do no harm.
KNOWN = ("oscar.", "oscar_mpesa.")


def history_findings(now: datetime) -> list[Finding]:
    """Whether reconcile runs, who hears of unpaid orders, and whether till and paybill are mixed up."""
    return [*_swapped(now), _cron(now), _receivers()]


def _cron(now: datetime) -> Finding:
    beat = last_job_run(RECONCILE)
    if beat is None:
        return found("cron-never")
    return found("cron-ok" if now - beat <= LATE else "cron-late", **_moment(beat))


def _swapped(now: datetime) -> Iterator[Finding]:
    """The latest payment that failed so, unless another has been paid since."""
    ours = MpesaPayment.objects.filter(environment=get_settings().environment)
    rejected = MpesaApiCall.objects.filter(payment=OuterRef("pk"), error_kind=ErrorKind.SHORTCODE_REJECTED.value)
    refused = Q(Exists(rejected), result_code=result_codes.push_outcome("misconfigured").code)
    failed = ours.filter(Q(result_code__in=SWAPPED) | refused, status=PaymentStatus.FAILED.value)
    latest = failed.filter(created_at__gt=now - RECENTLY).order_by("-created_at").first()
    if latest is None:
        return
    if not ours.filter(status=PaymentStatus.COMPLETED.value, created_at__gt=latest.created_at).exists():
        code = latest.result_code if latest.result_code in SWAPPED else "Merchant does not exist"
        yield found("swapped", code=code, **_moment(latest.created_at))


def _receivers() -> Finding:
    names = sorted({name for name in map(_dotted_name, order_placed.receivers) if name})
    strangers = [name for name in names if not name.startswith(KNOWN)]
    return found("placed-receivers", names=", ".join(strangers)) if strangers else found("receivers-ok")


def _dotted_name(entry: Any) -> str:
    """Of a receiver as the signal keeps it; empty for one that is gone."""
    kept = entry[1]
    receiver = kept() if isinstance(kept, ReferenceType) else kept
    if receiver is None:
        return ""
    kind = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{kind.__module__}.{kind.__qualname__}"


def _moment(moment: datetime) -> dict[str, str]:
    local = moment.astimezone(NAIROBI)
    return {"day": f"{local:%d.%m.%Y}", "time": f"{local:%H:%M}"}
