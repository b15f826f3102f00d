"""Keep the result of the last set-up test, and read the newest evidence that payments work or fail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.exceptions import ErrorKind
from oscar_mpesa.domain import push_codes, result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import MpesaApiCall, MpesaJobRun, MpesaPayment
from oscar_mpesa.setup_check.findings import Finding, Level

#: How far back to look for payments that failed because till and paybill are swapped.
SWAPPED_WITHIN = timedelta(days=7)

#: The finding that makes a test without errors count: Safaricom knew the short code and its passkey.
PROOF = "shortcode-ok"

#: Marks the row of the set-up test, where the rows of payments have their status.
_TEST = "setup_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """When the newest telling payment was paid or failed, and when the set-up was last tested. None: never.

    Only one of ``paid_at`` and ``swapped_at`` is set. ``errors`` is the number that the test found.
    """

    paid_at: datetime | None = None
    swapped_at: datetime | None = None
    tested_at: datetime | None = None
    errors: int = 0

    @property
    def passed_at(self) -> datetime | None:
        """Return when the last test was, if it found no errors."""
        return None if self.errors else self.tested_at


def telling_payment(now: datetime) -> MpesaPayment | None:
    """Return the newest payment that was paid or that failed by swapped numbers, if it had the present numbers."""
    payment = _telling_payments(now).first()
    return payment if payment and _is_ours(payment.shortcode, payment.till) else None


def evidence(now: datetime) -> Evidence:
    """Return the newest evidence of the shop's environment. Makes one query."""
    newest = MpesaPayment.objects.filter(pk=_telling_payments(now).values("pk")[:1]).order_by()
    tests = MpesaJobRun.objects.filter(job=_job()).order_by()
    none, blank = Value(0, output_field=IntegerField()), _text("")
    columns = (F("status"), F("created_at"), F("completed_at"), none, F("shortcode"), F("till"))
    of_tests = (_text(_TEST), F("last_run_at"), F("last_run_at"), F("problems"), blank, blank)
    rows = _in_order(newest, columns).union(_in_order(tests, of_tests), all=True)
    found = {row[0]: row[1:4] for row in rows if row[0] == _TEST or _is_ours(*row[4:])}
    nothing = (None, None, 0)
    return Evidence(
        paid_at=found.get(PaymentStatus.COMPLETED.value, nothing)[1],
        swapped_at=found.get(PaymentStatus.FAILED.value, nothing)[0],
        tested_at=found.get(_TEST, nothing)[0],
        errors=found.get(_TEST, nothing)[2],
    )


def _telling_payments(now: datetime) -> QuerySet[MpesaPayment]:
    rejected = MpesaApiCall.objects.filter(payment=OuterRef("pk"), error_kind=ErrorKind.SHORTCODE_REJECTED.value)
    rejected_push = Q(Exists(rejected), result_code=push_codes.PUSH_CODES["misconfigured"].code)
    failed = Q(status=PaymentStatus.FAILED.value, created_at__gt=now - SWAPPED_WITHIN)
    swapped = failed & (Q(result_code__in=result_codes.SWAPPED_CODES) | rejected_push)
    paid = Q(status=PaymentStatus.COMPLETED.value)
    payments = MpesaPayment.objects.filter(paid | swapped, environment=get_settings().environment)
    return payments.order_by("-created_at")


def _is_ours(shortcode: str, till: str) -> bool:
    settings = get_settings()
    return (shortcode, till) == (settings.SHORTCODE, settings.TILL_NUMBER)


def _in_order(rows: QuerySet[Any], columns: Iterable[Any]) -> QuerySet[Any]:
    """Return rows with these columns. Before Django 5.2, a union puts fields before values, in whatever order."""
    named = {f"column_{index}": column for index, column in enumerate(columns)}
    annotated: QuerySet[Any] = rows.annotate(**named).values_list(*named)
    return annotated


def _text(value: str) -> Value:
    return Value(value, output_field=CharField())


def record_setup_test(findings: Iterable[Finding], *, now: datetime) -> None:
    """Record how many errors a set-up test found. Forget the last test if this one proves nothing.

    Nothing is recorded in test mode or with faulty settings, because Safaricom was not asked.
    """
    settings, listed = get_settings(), list(findings)
    if settings.is_simulated or settings.faults:
        return
    errors = sum(finding.level is Level.ERROR for finding in listed)
    if errors or any(finding.name == PROOF for finding in listed):
        result = {"last_run_at": now, "problems": errors}
        MpesaJobRun.objects.update_or_create(job=_job(), defaults=result)
    else:
        MpesaJobRun.objects.filter(job=_job()).delete()


def _job() -> str:
    """Return the name of the test of this environment: a test of the sandbox says nothing about production."""
    return f"{_TEST} {get_settings().environment}"
