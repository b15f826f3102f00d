"""Search payments by one term, whose shape decides where to look.

Unique values (order number, M-PESA code, phone, checkout id) are looked up by their indexes. So are the beginnings of
names and emails, and the ends of order numbers and phones, in words that ``mpesa_reconcile`` writes. Parts inside a
name or an email have no index. They are searched among the newest payments only, so that the page stays fast.

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
from oscar_mpesa.dashboard.search.orders import has_unindexed_orders, order_ids
from oscar_mpesa.dashboard.search.terms import (
    cleaned,
    code_of,
    is_message,
    last_digits_of,
    masked_phone_of,
    phone_of,
    words_of,
)
from oscar_mpesa.models import MpesaClaim, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField

#: Number of the newest payments (of those that match the other filters) to search without an index.
NEWEST = 3_000

#: A masked phone shows three digits. A search by more digits would reveal the hidden ones by guessing.
_SHOWN_DIGITS = 3
_CHECKOUT_ID = re.compile(r"ws_CO_\w+", re.ASCII)

_ORDER = "mpesa_order__order__"
_EMAILS = (f"{_ORDER}guest_email", f"{_ORDER}user__email")
_PEOPLE = [f"{_ORDER}{relation}" for relation in ("user", "shipping_address", "billing_address")]
_NAMES = tuple(f"{person}__{part}" for person in _PEOPLE for part in ("first_name", "last_name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The matching payments.

    ``since`` is set if older payments were searched by the beginnings of names and emails only, ``is_indexed`` if all
    were, and ``has_hidden_number`` if the term is a phone that the user may not search for.
    """

    payments: QuerySet[MpesaPayment]
    since: datetime | None = None
    is_indexed: bool = True
    has_hidden_number: bool = False


def search(payments: QuerySet[MpesaPayment], term: str, *, shows_phones: bool) -> SearchResult:
    """Return those of ``payments`` that match a term; all of them for an empty term.

    Without ``shows_phones``, a phone that exists gives the same result as one that does not.
    """
    term = cleaned(term)
    if not term:
        return SearchResult(payments=payments)
    if exact := _exact_ids(payments, term, shows_phones=shows_phones):
        return SearchResult(payments=payments.filter(pk__in=exact))
    has_hidden_number = not shows_phones and not is_message(term) and is_hidden_number(term)
    if is_message(term):
        return SearchResult(payments=payments.none(), has_hidden_number=has_hidden_number)
    found, since = _by_words(payments, term, shows_phones=shows_phones)
    if not shows_phones and not term.isdecimal():
        found = _as_shown(found, term)
    is_indexed = since is None or not has_unindexed_orders()
    if is_indexed and not any(char.isalpha() for char in term):
        since = None  # ends of numbers were searched among all
    return SearchResult(payments=found, since=since, is_indexed=is_indexed, has_hidden_number=has_hidden_number)


def _by_words(
    payments: QuerySet[MpesaPayment], term: str, *, shows_phones: bool
) -> tuple[QuerySet[MpesaPayment], datetime | None]:
    """Return the payments that match by indexed words, or by a part of them if they are among the newest.

    The moment is the oldest that was searched for such parts; None if all were, or if there are none to search for.
    """
    condition, of_orders = _condition(term, shows_phones=shows_phones), Q()
    if masked := masked_phone_of(term):
        payments = payments.filter(phone__startswith=masked.start, phone__endswith=masked.end)
    if ids := order_ids(term, shows_phones=shows_phones):
        of_orders = Q(mpesa_order_id__in=ids)
    if condition is None:
        return (payments.filter(of_orders) if ids else payments.none()), None
    newest, since = _newest(payments)
    scanned = list(newest.filter(condition).order_by().values_list("pk", flat=True)[:NEWEST])
    return payments.filter(of_orders | Q(pk__in=scanned)), since


def _exact_ids(payments: QuerySet[MpesaPayment], term: str, *, shows_phones: bool) -> list[int]:
    """Return the ids of payments with this unique value.

    Ids instead of a subquery: with the joins of the list, PostgreSQL would stop planning the query.
    """
    if not _is_unique(term):
        return []
    return list(payments.filter(pk__in=_exact_matches(term, shows_phones=shows_phones)).values_list("pk", flat=True))


def _is_unique(term: str) -> bool:
    """Whether the term can be unique: it has a digit and no @, or the shape of an M-PESA code."""
    return "@" not in term and (any(char.isdigit() for char in term) or bool(code_of(term)))


def _exact_matches(term: str, *, shows_phones: bool) -> QuerySet[Any]:
    """Return ids from one indexed lookup for each kind of value that the term can be."""
    payments = MpesaPayment.objects.order_by()
    ids = [payments.filter(mpesa_order__order__number__in=searched_numbers(term)).values("pk")]
    if shows_phones and _CHECKOUT_ID.fullmatch(term):  # it ends in the phone
        ids.append(payments.filter(checkout_request_id=term).values("pk"))
    if shows_phones and (phone := phone_of(term)):
        ids.append(payments.filter(phone=phone.msisdn).values("pk"))
    if number := code_of(term):
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


def _condition(term: str, *, shows_phones: bool) -> Q | None:
    """Return the condition for values without an index; None if the term has no such shape."""
    if masked := masked_phone_of(term):
        return Q(phone__endswith=masked.end)
    if term.isdecimal() and term.isascii():
        of_order = Q(**{f"{_ORDER}number__endswith": term})
        is_phone_end = bool(last_digits_of(term)) and (shows_phones or len(term) == _SHOWN_DIGITS)
        return of_order | Q(phone__endswith=term) if is_phone_end else of_order
    if "@" in term:
        return _any_of(_EMAILS, term)
    if not any(char.isalpha() for char in term):
        return None
    condition = Q()
    for word in words_of(term):
        condition &= _any_of(_NAMES, word) | _any_of(_EMAILS, word, lookup="istartswith")
    return condition


def _as_shown(found: QuerySet[MpesaPayment], term: str) -> QuerySet[MpesaPayment]:
    """Return the payments whose names or emails match with masked phones too. Queries them if the term has a digit."""
    words = words_of(term)
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
