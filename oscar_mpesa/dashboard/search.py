"""One box finds a payment by what a caller has at hand; the term's shape says where to look.

What is unique (order number, M-PESA code, phone, checkout id) is looked up by its index among all payments. Names,
e-mails and the last digits of a phone or an order number stand in no index, or in tables that are the shop's: they are
looked for among the newest payments only, so that the page takes as long with a million of them as with a few thousand.
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
from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from oscar_mpesa.models.fields import EnvironmentField

#: So many of the newest payments (of those that the other filters leave) are looked through.
NEWEST = 3_000

#: Words of a name that are looked for.
_MOST_WORDS = 4

#: A mask shows three digits at the end: more of them would tell, guess by guess, what it hides.
_LAST_DIGITS = re.compile(r"[0-9]{3}")
_CHECKOUT_ID = re.compile(r"ws_CO_\w+", re.ASCII)

_ORDER = "mpesa_order__order__"
_EMAILS = (f"{_ORDER}guest_email", f"{_ORDER}user__email")
_NAMES = tuple(
    f"{_ORDER}{whose}__{part}"
    for whose in ("user", "shipping_address", "billing_address")
    for part in ("first_name", "last_name")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Payments that fit; ``since`` is set where older ones were not looked through."""

    payments: QuerySet[MpesaPayment]
    since: datetime | None = None


def search(payments: QuerySet[MpesaPayment], term: str) -> Found:
    """Those of ``payments`` that a term means; all of them for an empty one."""
    term = " ".join(term.replace("\x00", "").split())
    if not term:
        return Found(payments=payments)
    # Their ids, and not a query in a query: with the tables of a whole line it would join more than PostgreSQL plans.
    exact = list(payments.filter(pk__in=_exactly(term)).values_list("pk", flat=True)) if _is_a_key(term) else []
    if exact:
        return Found(payments=payments.filter(pk__in=exact))
    words = _words(term)
    return _among_newest(payments, words) if words is not None else Found(payments=payments.none())


def _is_a_key(term: str) -> bool:
    """No e-mail, and no name unless it is as long as an M-PESA code: all else that is unique has a digit."""
    return "@" not in term and (any(char.isdigit() for char in term) or bool(_receipt_number(term)))


def _exactly(term: str) -> QuerySet[Any]:
    """Ids, from one indexed look-up for each thing that the term may be."""
    payments = MpesaPayment.objects.order_by()
    ids = [payments.filter(mpesa_order__order__number__in=spellings(order_number(term))).values("pk")]
    if _CHECKOUT_ID.fullmatch(term):
        ids.append(payments.filter(checkout_request_id=term).values("pk"))
    if phone := _phone(term):
        ids.append(payments.filter(phone=phone.msisdn).values("pk"))
    if number := _receipt_number(term):
        ids += _with_money(number)
    first, *others = ids
    return first.union(*others) if others else first


def _with_money(number: str) -> list[QuerySet[Any]]:
    """The attempt that brought it, or those of the order that money found elsewhere was used for."""
    environments = [value for value, _ in EnvironmentField.CHOICES]  # the index begins with it
    receipts = MpesaReceipt.objects.order_by().filter(environment__in=environments, number=number)
    of_order = receipts.filter(payment=None).values("order_id")
    return [
        receipts.exclude(payment=None).values("payment_id"),
        MpesaPayment.objects.order_by().filter(mpesa_order_id__in=of_order).values("pk"),
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


def _words(term: str) -> Q | None:
    """What no index knows; None where the term is no such thing."""
    if term.isdecimal() and term.isascii():
        of_order = Q(**{f"{_ORDER}number__endswith": term})
        return of_order | Q(phone__endswith=term) if _LAST_DIGITS.fullmatch(term) else of_order
    if "@" in term:
        return _any_of(_EMAILS, term)
    if not any(char.isalpha() for char in term):
        return None
    found = Q()
    for word in term.split()[:_MOST_WORDS]:
        found &= _any_of(_NAMES, word) | _any_of(_EMAILS, word, how="istartswith")
    return found


def _any_of(fields: tuple[str, ...], word: str, *, how: str = "icontains") -> Q:
    found = Q()
    for field in fields:
        found |= Q(**{f"{field}__{how}": word})
    return found


def _among_newest(payments: QuerySet[MpesaPayment], words: Q) -> Found:
    moments = payments.order_by("-created_at").values_list("created_at", flat=True)
    since = next(iter(moments[NEWEST - 1 : NEWEST]), None)
    newest = payments if since is None else payments.filter(created_at__gte=since)
    return Found(payments=newest.filter(words), since=since)
