"""Find signs of a script that sends prompts to people who did not order: many numbers, and few that pay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.db.models.functions import Cast

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.payment_status import FINAL, PaymentStatus
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.models import MpesaPayment, MpesaPushAttempt
from oscar_mpesa.reports.union_parts import MONEY, counted

#: What is counted happened within this time.
WITHIN = timedelta(hours=1)

#: This many ended prompts of which less than one in ``ONE_IN`` was paid are a sign of abuse.
MIN_PROMPTS, ONE_IN = 100, 5


def open_rows(now: datetime) -> list[Any]:
    """Return the parts of the union of open items: ``unpaid_prompts``, and ``address_numbers`` if that is on."""
    limit = get_settings().ADDRESS_ALERT_LIMIT
    return [_unpaid_prompts(now), *([_busy_addresses(now, limit)] if limit else [])]


def address_of(attempt_id: int) -> str:
    """Return the IP address from which an attempt came, empty if it does not exist."""
    attempts = MpesaPushAttempt.objects.filter(pk=attempt_id)
    return str(attempts.values_list("address", flat=True).first() or "")


def _busy_addresses(now: datetime, limit: int) -> Any:
    """Count IP addresses from which more distinct numbers were tried that did not pay, and those numbers.

    Attempts that were refused count. A number that paid within the hour does not count.
    """
    settings, since = get_settings(), now - WITHIN
    paid = MpesaPayment.objects.filter(
        phone=OuterRef("phone"),
        environment=settings.environment,
        status=PaymentStatus.COMPLETED.value,
        created_at__gt=since,
    )
    tried = MpesaPushAttempt.objects.filter(created_at__gt=since, environment=settings.environment)
    unpaid = tried.exclude(address=None).exclude(Exists(paid))
    by_address = unpaid.order_by().values("address").annotate(numbers=Count("phone", distinct=True))
    rows = unpaid.filter(address__in=by_address.filter(numbers__gt=limit).values("address"))
    addresses, numbers = Count("address", distinct=True), Cast(Count("phone", distinct=True), MONEY)
    return counted(rows, "address_numbers", number=addresses, amount=numbers, moment=Min("created_at"))


def _unpaid_prompts(now: datetime) -> Any:
    """Count the hour's ended prompts if they are many and few were paid. Pushes that were not sent do not count."""
    sent = MpesaPayment.objects.filter(
        environment=get_settings().environment, created_at__gt=now - WITHIN, status__in=[each.value for each in FINAL]
    )
    prompts = sent.exclude(push_sent_at=None).exclude(result_code__in=PUSH_CODES)
    paid = Cast(Count("pk", filter=Q(status=PaymentStatus.COMPLETED.value)), MONEY)
    rows = counted(prompts, "unpaid_prompts", amount=paid, moment=Max("created_at"))
    return rows.filter(item_count__gte=MIN_PROMPTS, item_amount__lt=Cast(Count("pk"), MONEY) / ONE_IN)
