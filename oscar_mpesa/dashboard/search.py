"""Search payments by one term, whose shape decides where to look.

Unique values (order number, M-PESA code, phone, checkout id) are looked up by their indexes among all payments. Names,
emails and last digits have no index, or are in the shop's own tables. They are searched among the newest payments only,
so that the page is as fast with a million payments as with a few thousand.

Users who may not see full phone numbers find what they see: a phone by its last three digits, and a name or email that
contains a phone by its other characters. Else they could try the hidden digits until a payment is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from oscar_mpesa.access.phone_search import is_hidden_number, is_shown
from oscar_mpesa.dashboard.orders import searched_numbers
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
_PEOPLE = [f"{_ORDER}{relation}" for relation in ("user", "shipping_address", "billing_address")]
_NAMES = tuple(f"{person}__{part}" for person in _PEOPLE for part in ("first_name", "last_name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The matching payments.

    ``since`` is set if older payments were not searched, ``has_hidden_number`` if the term is a phone that the user
    may not search for.
    """

    payments: QuerySet[MpesaPayment]
    since: datetime | None = None
    has_hidden_number: bool = False


def search(payments: QuerySet[MpesaPayment], term: str, *, shows_phones: bool) -> SearchResult:
    """Return those of ``payments`` that match a term; all of them for an empty term.

    Without ``shows_phones``, a phone that exists gives the same result as one that does not.
    """
    term = " ".join(term.replace("\x00", "").split())
    if not term:
        return SearchResult(payments=payments)
    if exact := _exact_ids(payments, term, shows_phones=shows_phones):
        return SearchResult(payments=payments.filter(pk__in=exact))
    has_hidden_number, condition = not shows_phones and is_hidden_number(term), _condition(term)
    if condition is None:
        return SearchResult(payments=payments.none(), has_hidden_number=has_hidden_number)
    newest, since = _newest(payments)
    found = newest.filter(condition)
    if not shows_phones and not term.isdecimal():
        found = _as_shown(found, term)
    return SearchResult(payments=found, since=since, has_hidden_number=has_hidden_number)


def _exact_ids(payments: QuerySet[MpesaPayment], term: str, *, shows_phones: bool) -> list[int]:
    """Return the ids of payments with this unique value.

    Ids instead of a subquery: with the joins of the list, PostgreSQL would stop planning the query.
    """
    if not _is_unique(term):
        return []
    return list(payments.filter(pk__in=_exact_matches(term, shows_phones=shows_phones)).values_list("pk", flat=True))


def _is_unique(term: str) -> bool:
    """Whether the term can be unique: it has a digit and no @, or the shape of an M-PESA code."""
    return "@" not in term and (any(char.isdigit() for char in term) or bool(_receipt_number(term)))


def _exact_matches(term: str, *, shows_phones: bool) -> QuerySet[Any]:
    """Return ids from one indexed lookup for each kind of value that the term can be."""
    payments = MpesaPayment.objects.order_by()
    ids = [payments.filter(mpesa_order__order__number__in=searched_numbers(term)).values("pk")]
    if shows_phones and _CHECKOUT_ID.fullmatch(term):  # it ends in the phone
        ids.append(payments.filter(checkout_request_id=term).values("pk"))
    if shows_phones and (phone := _phone(term)):
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
    for word in _words(term):
        condition &= _any_of(_NAMES, word) | _any_of(_EMAILS, word, lookup="istartswith")
    return condition


def _words(term: str) -> list[str]:
    """Return an email as one word, and the first words of a name."""
    return [term] if "@" in term else term.split()[:_MOST_WORDS]


def _as_shown(found: QuerySet[MpesaPayment], term: str) -> QuerySet[MpesaPayment]:
    """Return the payments whose names or emails match with masked phones too. Queries them if the term has a digit."""
    words = _words(term)
    if not any(char.isdigit() for char in term):
        return found
    shown = []
    for pk, *texts in found.order_by().values_list("pk", *_EMAILS, *_NAMES):
        emails, names = texts[: len(_EMAILS)], texts[len(_EMAILS) :]
        people = (" ".join(filter(None, pair)) for pair in zip(names[::2], names[1::2], strict=True))
        if is_shown(words, [*filter(None, emails), *people]):
            shown.append(pk)
    return found.filter(pk__in=shown)


def _any_of(fields: tuple[str, ...], word: str, *, lookup: str = "icontains") -> Q:
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{field}__{lookup}": word})
    return condition


def _newest(payments: QuerySet[MpesaPayment]) -> tuple[QuerySet[MpesaPayment], datetime | None]:
    """Return the newest of these payments, and since when; None for all of them."""
    moments = payments.order_by("-created_at").values_list("created_at", flat=True)
    since = next(iter(moments[NEWEST - 1 : NEWEST]), None)
    return payments if since is None else payments.filter(created_at__gte=since), since
