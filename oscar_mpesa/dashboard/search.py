"""Search payments by one term, whose shape decides where to look.

Unique values (order number, M-PESA code, phone, checkout id) are looked up by their indexes among all payments. Names,
emails and last digits have no index, or are in the shop's own tables. They are searched among the newest payments only,
so that the page is as fast with a million payments as with a few thousand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from oscar_mpesa.dashboard.orders import order_number, spellings
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused
from oscar_mpesa.domain.receipt_number import ReceiptNumberRefused, receipt_number
from oscar_mpesa.models import MpesaClaim, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField

#: Number of the newest payments (of those that match the other filters) to search without an index.
NEWEST = 3_000

#: Limit of the words of a name.
_MOST_WORDS = 4

#: A masked phone shows three digits. A search by more digits would reveal the hidden ones by guessing.
_LAST_DIGITS = re.compile(r"[0-9]{3}")
_CHECKOUT_ID = re.compile(r"ws_CO_\w+", re.ASCII)

_ORDER = "mpesa_order__order__"
_EMAILS = (f"{_ORDER}guest_email", f"{_ORDER}user__email")
_NAMES = tuple(
    f"{_ORDER}{relation}__{part}"
    for relation in ("user", "shipping_address", "billing_address")
    for part in ("first_name", "last_name")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The matching payments; ``since`` is set if older payments were not searched."""

    payments: QuerySet[MpesaPayment]
    since: datetime | None = None


def search(payments: QuerySet[MpesaPayment], term: str) -> SearchResult:
    """Return those of ``payments`` that match a term; all of them for an empty term."""
    term = " ".join(term.replace("\x00", "").split())
    if not term:
        return SearchResult(payments=payments)
    # Ids instead of a subquery: with the joins of the list, PostgreSQL would stop planning the query.
    exact = list(payments.filter(pk__in=_exact_matches(term)).values_list("pk", flat=True)) if _is_unique(term) else []
    if exact:
        return SearchResult(payments=payments.filter(pk__in=exact))
    condition = _condition(term)
    return _among_newest(payments, condition) if condition is not None else SearchResult(payments=payments.none())


def _is_unique(term: str) -> bool:
    """Whether the term can be unique: it has a digit and no @, or the shape of an M-PESA code."""
    return "@" not in term and (any(char.isdigit() for char in term) or bool(_receipt_number(term)))


def _exact_matches(term: str) -> QuerySet[Any]:
    """Return ids from one indexed lookup for each kind of value that the term can be."""
    payments = MpesaPayment.objects.order_by()
    ids = [payments.filter(mpesa_order__order__number__in=spellings(order_number(term))).values("pk")]
    if _CHECKOUT_ID.fullmatch(term):
        ids.append(payments.filter(checkout_request_id=term).values("pk"))
    if phone := _phone(term):
        ids.append(payments.filter(phone=phone.msisdn).values("pk"))
    if number := _receipt_number(term):
        ids += _of_receipt(number)
    first, *others = ids
    return first.union(*others) if others else first


def _of_receipt(number: str) -> list[QuerySet[Any]]:
    """Return the ids of a receipt's payment, and of the payments of the order that a code was recorded for."""
    environments = [value for value, _ in EnvironmentField.CHOICES]  # the index begins with the environment
    receipts = MpesaReceipt.objects.order_by().filter(environment__in=environments, number=number)
    meant_for = receipts.filter(payment=None).values("meant_for_id")
    claimed = MpesaClaim.objects.order_by().filter(number=number).values("order_id")
    payments = MpesaPayment.objects.order_by()
    return [
        receipts.exclude(payment=None).values("payment_id"),
        payments.filter(mpesa_order_id__in=meant_for).values("pk"),
        payments.filter(mpesa_order_id__in=claimed).values("pk"),
    ]


def _phone(term: str) -> PhoneNumber | None:
    try:
        return PhoneNumber.parse(term)
    except PhoneRefused:
        return None


def _receipt_number(term: str) -> str:
    try:
        return receipt_number(term)
    except ReceiptNumberRefused:
        return ""


def _condition(term: str) -> Q | None:
    """Return the condition for values without an index; None if the term has no such shape."""
    if term.isdecimal() and term.isascii():
        of_order = Q(**{f"{_ORDER}number__endswith": term})
        return of_order | Q(phone__endswith=term) if _LAST_DIGITS.fullmatch(term) else of_order
    if "@" in term:
        return _any_of(_EMAILS, term)
    if not any(char.isalpha() for char in term):
        return None
    condition = Q()
    for word in term.split()[:_MOST_WORDS]:
        condition &= _any_of(_NAMES, word) | _any_of(_EMAILS, word, lookup="istartswith")
    return condition


def _any_of(fields: tuple[str, ...], word: str, *, lookup: str = "icontains") -> Q:
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{field}__{lookup}": word})
    return condition


def _among_newest(payments: QuerySet[MpesaPayment], condition: Q) -> SearchResult:
    moments = payments.order_by("-created_at").values_list("created_at", flat=True)
    since = next(iter(moments[NEWEST - 1 : NEWEST]), None)
    newest = payments if since is None else payments.filter(created_at__gte=since)
    return SearchResult(payments=newest.filter(condition), since=since)
