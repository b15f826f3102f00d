"""Know the kinds of entries: which rows they are, on which day they count, and what they add to.

Each entry counts on the day it was posted, which never changes, so neither do the figures of a past day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import pgettext_lazy

from oscar_mpesa.models import MpesaAllocation, MpesaClaim, MpesaReceipt, MpesaRefund, RefundStatus


class EntryColumn(models.TextChoices):
    """The column in which reports add up an entry."""

    IN = "in", pgettext_lazy("money", "In")
    OUT = "out", pgettext_lazy("money", "Out")
    MATCHED = "matched", pgettext_lazy("money", "Matched to orders")
    SETTLED = "settled", pgettext_lazy("money", "Settled without an order")
    UNCONFIRMED = "unconfirmed", pgettext_lazy("money", "Unconfirmed")


class EntryKind(models.TextChoices):
    """What an entry says about its money. Entries of one moment are sorted in this order."""

    RECEIVED = "received", pgettext_lazy("entry", "received")
    UNMATCHED = "unmatched", pgettext_lazy("entry", "no longer counts for the order")
    UNRESOLVED = "unresolved", pgettext_lazy("entry", "no longer resolved")
    MATCHED = "matched", pgettext_lazy("entry", "matched to the order")
    RESOLVED = "resolved", pgettext_lazy("entry", "resolved with a note")
    REFUNDED = "refunded", pgettext_lazy("entry", "refunded")
    VOIDED = "voided", pgettext_lazy("entry", "refund voided")
    RETURNED = "returned", pgettext_lazy("entry", "unmatched money refunded")
    RETURN_VOIDED = "return_voided", pgettext_lazy("entry", "refund of unmatched money voided")
    RESOLVED_RETURNED = "resolved_returned", pgettext_lazy("entry", "resolved money refunded")
    RESOLVED_RETURN_VOIDED = "resolved_return_voided", pgettext_lazy("entry", "refund of resolved money voided")
    RECORDED = "recorded", pgettext_lazy("entry", "recorded, not confirmed")
    RECORD_ENDED = "record_ended", pgettext_lazy("entry", "confirmed or withdrawn")

    @property
    def column(self) -> EntryColumn:
        """Return the column that adds the entry up."""
        return FACTS[self].column

    @property
    def sign(self) -> int:
        """Return 1 if the entry adds to its column, -1 if it lowers it."""
        return FACTS[self].sign

    @property
    def income_sign(self) -> int:
        """Return 1 if the entry adds to the income, -1 if it lowers it, 0 if it is no income."""
        return FACTS[self].income

    @property
    def unmatched_sign(self) -> int:
        """Return 1 if the entry adds to the unmatched money, -1 if it lowers it, 0 if it leaves it."""
        return FACTS[self].unmatched

    @property
    def day(self) -> str:
        """Return the field with the day on which the entry counts."""
        return FACTS[self].day


#: The kinds that make up the income: money matched to orders, less what was unmatched and refunded.
INCOME = (EntryKind.MATCHED, EntryKind.UNMATCHED, EntryKind.REFUNDED, EntryKind.VOIDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a kind adds to, and the fields that say when it was posted and stored, by whom and why.

    ``happened_at`` is M-PESA's time of the money, or of its refund. Of several fields, the first that is set counts.
    """

    column: EntryColumn
    sign: int = 1
    income: int = 0
    unmatched: int = 0
    day: str = "posted_on"
    moment: tuple[str, ...] = ("created_at",)
    happened_at: tuple[str, ...] = ("receipt.posted_paid_at", "receipt.paid_at")
    balance: str = ""
    by: str = ""
    note: str = ""
    reason: str = ""


_MADE = {"by": "by_name", "note": "note"}
_REVERSED = {
    "sign": -1,
    "day": "reversed_on",
    "moment": ("reversed_at",),
    "by": "reversed_by_name",
    "note": "reversal_note",
    "reason": "get_reversal_reason_display",
}
_SENT = {"moment": ("requested_at",), "happened_at": ("happened_at",), "by": "requested_by_name", "note": "note"}
_VOIDED = {
    "sign": -1,
    "day": "voided_on",
    "moment": ("voided_at",),
    "happened_at": ("happened_at",),
    "by": "voided_by_name",
    "note": "void_note",
}
_ENDED = {
    "sign": -1,
    "day": "ended_on",
    "moment": ("ended_at",),
    "happened_at": ("paid_at",),
    "by": "ended_by_name",
    "note": "end_note",
    "reason": "get_status_display",
}


def _facts(column: EntryColumn, common: Mapping[str, Any], **own: Any) -> Facts:
    """Return the facts of a kind from what it has in common with others."""
    return Facts(column=column, **{**common, **own})


_IN, _OUT, _MATCHED, _SETTLED, _UNCONFIRMED = EntryColumn

#: What each kind says, in one place.
FACTS: Mapping[EntryKind, Facts] = {
    EntryKind.RECEIVED: Facts(column=_IN, unmatched=1, happened_at=("posted_paid_at", "paid_at")),
    EntryKind.MATCHED: _facts(
        *(_MATCHED, _MADE),
        income=1,
        unmatched=-1,
        balance="balance_after",
        moment=("handed_over_at", "created_at"),  # a receipt follows what it takes over from a claim
    ),
    EntryKind.UNMATCHED: _facts(_MATCHED, _REVERSED, income=-1, unmatched=1, balance="balance_after_reversal"),
    EntryKind.RESOLVED: _facts(_SETTLED, _MADE, unmatched=-1),
    EntryKind.UNRESOLVED: _facts(_SETTLED, _REVERSED, unmatched=1),
    EntryKind.REFUNDED: _facts(_OUT, _SENT, income=-1, balance="balance_after"),
    EntryKind.VOIDED: _facts(_OUT, _VOIDED, income=1, balance="balance_after_void"),
    EntryKind.RETURNED: _facts(_OUT, _SENT, unmatched=-1),
    EntryKind.RETURN_VOIDED: _facts(_OUT, _VOIDED, unmatched=1),
    EntryKind.RESOLVED_RETURNED: _facts(_OUT, _SENT),
    EntryKind.RESOLVED_RETURN_VOIDED: _facts(_OUT, _VOIDED),
    EntryKind.RECORDED: Facts(column=_UNCONFIRMED, happened_at=("paid_at",), by="by_name", note="seen_in"),
    EntryKind.RECORD_ENDED: _facts(_UNCONFIRMED, _ENDED),
}


def first_set(row: Any, fields: Iterable[str]) -> Any:
    """Return the value of the first field of a row that is set."""
    return next(filter(None, (attrgetter(each)(row) for each in fields)), None)


def first_set_in_database(fields: Iterable[str]) -> Any:
    """Return the expression of what ``first_set`` reads."""
    first, *others = (F(each.replace(".", "__")) for each in fields)
    return Coalesce(first, *others) if others else first


def entries_of_kind(
    kind: EntryKind, environment: str, *, first: date | None = None, last: date | None = None
) -> QuerySet[Any]:
    """Return the rows of a kind in an environment, posted from ``first`` to ``last``, both included.

    None is no limit. An index finds the days.
    """
    limits = {"isnull": False, **{name: day for name, day in (("gte", first), ("lte", last)) if day}}
    return _rows(kind, environment).filter(**{f"{kind.day}__{name}": value for name, value in limits.items()})


def _rows(kind: EntryKind, environment: str) -> QuerySet[Any]:
    if kind is EntryKind.RECEIVED:
        return MpesaReceipt.objects.counted().order_by().filter(environment=environment)
    if kind.column == EntryColumn.UNCONFIRMED:
        # A recorded code of money that was known before is no money of its own, and has no day.
        return MpesaClaim.objects.order_by().filter(environment=environment, posted_on__isnull=False)
    if kind.column in {EntryColumn.MATCHED, EntryColumn.SETTLED}:
        of_orders = ~Q(own_order=0) if kind.column == EntryColumn.MATCHED else Q(own_order=0)
        rows: QuerySet[Any] = _of(MpesaAllocation, environment).alias(own_order=Coalesce("order_id", 0))
        return rows.filter(of_orders)
    # A refund that was voided later was sent on its day all the same.
    status = [RefundStatus.VOIDED] if kind.sign < 0 else [RefundStatus.COMPLETED, RefundStatus.VOIDED]
    refunds = _of(MpesaRefund, environment).filter(status__in=status)
    if kind.income_sign:
        return refunds.filter(allocation__order__isnull=False)
    if kind.unmatched_sign:
        return refunds.filter(allocation__isnull=True)
    return refunds.filter(allocation__isnull=False, allocation__order__isnull=True)


def _of(model: Any, environment: str) -> QuerySet[Any]:
    """Return the rows of an environment's receipts, without those of a receipt that repeats another.

    The environment is an expression, so that no database starts from all of the receipts instead of the days.
    """
    own = Coalesce("receipt__environment", Value(""))
    rows = model.objects.order_by().filter(receipt__same_as=None)
    found: QuerySet[Any] = rows.alias(own_environment=own).filter(own_environment=environment)
    return found
