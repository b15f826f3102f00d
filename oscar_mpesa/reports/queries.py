"""Count the open items of every kind that may need a person, in one query.

Each part of the query finds its few rows by an index, however many payments there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, CharField, Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import (
    CallbackReason,
    ClaimStatus,
    CloseReason,
    EventType,
    MpesaApiCall,
    MpesaCallback,
    MpesaClaim,
    MpesaEvent,
    MpesaJobRun,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    Verdict,
)
from oscar_mpesa.reports import open_money, push_abuse
from oscar_mpesa.reports.union_parts import MONEY, counted, environments
from oscar_mpesa.services import callbacks, ledger_runs, outbox, reconciliation

#: The job that compares the ledger with its entries, and the kind of what it found.
LEDGER_CHECK = ledger_runs.LEDGER_CHECK

#: By this age a payment should have a result or have expired.
STUCK_AFTER = timedelta(minutes=5)

#: An unconfirmed callback needs a person after this long.
UNCONFIRMED_AFTER = timedelta(hours=24)

#: This many status checks in this time, and not one answer, need a person.
MIN_QUERIES, QUERIES_WITHIN = 3, timedelta(hours=24)

#: An order whose closing raised this many times in a row needs a developer.
CLOSE_FAILURES = 3

#: How old failed messages and unconfirmed closures may be to count, and how old failed or unconfirmed callbacks.
MESSAGES_FOR, CALLBACKS_FOR = timedelta(days=14), timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItems:
    """The rows of one kind: number, total amount, lowest primary key, and their earliest or latest time."""

    number: int = 0
    amount: Decimal = Decimal(0)
    first: int = 0
    moment: datetime | None = None


def count_open_items(now: datetime) -> dict[str, OpenItems]:
    """Return the open items by kind, without empty kinds. Makes one query.

    Receipts: the statuses that need a decision, ``overpaid_for_a_week`` and ``refunded_too_much``. Claims:
    ``unseen_claims`` and ``uncounted_claims``. Orders, whose ``first`` is an order's id: ``unbooked_allocations``,
    ``unpaid_orders``, ``refunded_orders`` and ``unclosable_orders``. Payments: ``stuck_payments``, ``waiting`` and
    ``unpaid_prompts``. Push attempts, whose amount is the number of phones: ``address_numbers``, by IP address. The
    moment of ``reconcile`` is its last run; ``ledger_check`` counts what the last ledger check found. The rest:
    ``undelivered_messages``, ``unprocessed_callbacks``, ``unconfirmed_callbacks``, ``no_answered_queries`` and
    ``closed_unconfirmed``.
    """
    first, *others = _open_rows(now)
    rows = first.union(*others, all=True)
    return {
        kind: OpenItems(number=number, amount=amount or Decimal(0), first=pk, moment=moment)
        for kind, number, amount, pk, moment in rows
        if number
    }


def _open_rows(now: datetime) -> tuple[Any, ...]:
    """Return the parts of the union, one for each table or kind."""
    return (
        open_money.undecided_receipts(now),
        open_money.unbooked_allocations(now),
        open_money.unseen_claims(now),
        open_money.unpaid_orders(now),
        open_money.refunded_orders(now),
        _live_payments(now),
        counted(MpesaJobRun.objects.filter(job=reconciliation.RECONCILE), "reconcile", moment=Max("last_run_at")),
        _failed_ledger_check(),
        counted(_undelivered_messages(now), "undelivered_messages", moment=Min("due_at")),
        counted(_unprocessed_callbacks(now), "unprocessed_callbacks", moment=Min("received_at")),
        counted(_unconfirmed_callbacks(now), "unconfirmed_callbacks", moment=Min("received_at")),
        _unanswered_queries(now),
        counted(
            _closed_unconfirmed(now),
            "closed_unconfirmed",
            moment=Min("created_at"),
            number=Count("mpesa_order", distinct=True),
        ),
        _unclosable_orders(now),
        *push_abuse.open_rows(now),
    )


def order_and_payment(order_id: int) -> tuple[str, int | None]:
    """Return the number of an order, empty if it does not exist, and the id of its last M-PESA payment."""
    payments = MpesaOrder.objects.filter(pk=order_id).order_by("pk").annotate(last_payment=Max("payments__pk"))
    return payments.values_list("order__number", "last_payment").first() or ("", None)


def waiting_customers(open_items: Mapping[str, OpenItems]) -> int:
    """Return how many payments have a prompt on the phone, or should have one."""
    return sum(open_items[kind].number for kind in ("waiting", "stuck_payments") if kind in open_items)


def _live_payments(now: datetime) -> Any:
    live = MpesaPayment.objects.live().filter(environment__in=environments())
    unsent = Q(status=PaymentStatus.PENDING.value, created_at__lte=now - STUCK_AFTER)
    kind = Case(
        When(Q(push_sent_at__lte=now - STUCK_AFTER) | unsent, then=Value("stuck_payments")),
        default=Value("waiting"),
        output_field=CharField(),
    )
    return counted(live, kind, amount=Sum("amount", output_field=MONEY), moment=Min("created_at"))


def _failed_ledger_check() -> Any:
    """Count what the last ledger check found."""
    failed = MpesaJobRun.objects.filter(job=LEDGER_CHECK, problems__gt=0)
    return counted(failed, LEDGER_CHECK, number=Max("problems"), moment=Max("last_run_at"))


def _undelivered_messages(now: datetime) -> QuerySet[Any]:
    return outbox.undeliverable_messages(now).filter(due_at__gt=now - MESSAGES_FOR)


def _unprocessed_callbacks(now: datetime) -> QuerySet[Any]:
    """Return callbacks that ran out of tries, unless another update completed their payment."""
    failed = MpesaCallback.objects.filter(
        verdict__in=[Verdict.RECEIVED, Verdict.FAILED],
        tries__gte=callbacks.MAX_TRIES,
        received_at__gt=now - CALLBACKS_FOR,
    )
    return failed.exclude(payment__status=PaymentStatus.COMPLETED.value)


def _unconfirmed_callbacks(now: datetime) -> QuerySet[Any]:
    """Return callbacks without a confirmation for a day, unless their payment is completed under the same code."""
    waiting = MpesaCallback.objects.filter(
        verdict=Verdict.UNCONFIRMED,
        received_at__lte=now - UNCONFIRMED_AFTER,
        received_at__gt=now - CALLBACKS_FOR,
        environment__in=environments(),
    )
    is_settled = Q(payment__status=PaymentStatus.COMPLETED.value) & ~Q(reason=CallbackReason.SECOND_CODE)
    return waiting.exclude(is_settled)


def _unanswered_queries(now: datetime) -> Any:
    """Count the day's status checks in production if there are some and none was answered."""
    calls = MpesaApiCall.objects.filter(
        shortcode=get_settings().SHORTCODE,
        environment=PRODUCTION,
        endpoint="query",
        created_at__gt=now - QUERIES_WITHIN,
        created_at__lte=now,
    )
    answered = Cast(Count("pk", filter=Q(error_kind="")), MONEY)
    queries = counted(calls, "no_answered_queries", moment=Min("created_at"), amount=answered)
    return queries.filter(item_count__gte=MIN_QUERIES, item_amount=0)


def _closed_unconfirmed(now: datetime) -> QuerySet[Any]:
    """Return events of orders that were closed without a result from Safaricom, if no money was found since."""
    money = MpesaReceipt.objects.filter(meant_for=OuterRef("mpesa_order_id"))
    claims = MpesaClaim.objects.filter(order=OuterRef("mpesa_order_id"), status=ClaimStatus.OPEN)
    events = MpesaEvent.objects.filter(type=EventType.RESULT_UNKNOWN, created_at__gt=now - MESSAGES_FOR)
    return events.filter(mpesa_order__close_reason=CloseReason.UNCONFIRMED).exclude(Exists(money) | Exists(claims))


def _unclosable_orders(now: datetime) -> Any:
    """Count orders whose closing raised again and again; found by the time of their next try, which has an index."""
    failing = MpesaOrder.objects.filter(close_check_at__gt=now - MESSAGES_FOR, close_failures__gte=CLOSE_FAILURES)
    return counted(failing, "unclosable_orders", moment=Min("close_failing_since"))
