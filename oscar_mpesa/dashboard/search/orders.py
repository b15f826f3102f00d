"""Find orders by their search words, in the whole history."""

from __future__ import annotations

from django.db import connection
from django.db.models import Q, QuerySet

from oscar_mpesa.dashboard.search.terms import last_digits_of, masked_phone_of, words_of
from oscar_mpesa.models import MpesaOrder, MpesaSearchWord
from oscar_mpesa.models.search_words import EMAIL, NAME, NUMBER_END, PHONE_END, begins_with

#: The most orders that a search finds, the newest first. A list shows as many rows.
MOST = 2_500

#: The shortest end of an order number.
_SHORTEST_END = 3

#: What staff who may not see full numbers see of a phone's end.
_SHOWN_DIGITS = 3


def order_ids(term: str, *, shows_phones: bool) -> list[int]:
    """Return the ids of the newest orders that match a term, by one query of indexes; none for an empty term.

    Without ``shows_phones``, a phone is found by its last three digits only. The caller hides orders whose name or
    email matches by a phone's hidden digits.
    """
    found = _orders(term, shows_phones=shows_phones)
    return [] if found is None else list(found.order_by("-pk").values_list("pk", flat=True)[:MOST])


def has_unindexed_orders() -> bool:
    """Return whether the words of some order are not written yet."""
    return MpesaOrder.objects.filter(indexed_at=None).exists()


def _orders(term: str, *, shows_phones: bool) -> QuerySet[MpesaOrder] | None:
    ends = _ends(term, shows_phones=shows_phones)
    if not any(char.isalpha() for char in term) or masked_phone_of(term):
        return _with_word(ends) if ends else None
    named = MpesaOrder.objects.all()
    for word in words_of(term):
        named = named.filter(pk__in=_ids(_begins(NAME, word) | _begins(EMAIL, word)))
    return MpesaOrder.objects.filter(Q(pk__in=named.values("pk")) | Q(pk__in=_ids(ends))) if ends else named


def _ends(term: str, *, shows_phones: bool) -> Q:
    """Return the condition for ends of phones and order numbers; an empty one if the term is neither."""
    condition, masked = Q(), masked_phone_of(term)
    digits = masked.end if masked else last_digits_of(term)
    if digits and (shows_phones or len(digits) == _SHOWN_DIGITS):
        condition |= _begins(PHONE_END, digits[::-1])
    number = term.removeprefix("#").strip()
    if len(number) >= _SHORTEST_END and " " not in number and masked is None:
        condition |= _begins(NUMBER_END, number[::-1])
    return condition


def _with_word(condition: Q) -> QuerySet[MpesaOrder]:
    return MpesaOrder.objects.filter(pk__in=_ids(condition))


def _ids(condition: Q) -> QuerySet[MpesaSearchWord]:
    return MpesaSearchWord.objects.order_by().filter(condition).values("mpesa_order_id")  # type: ignore[return-value]


def _begins(kind: str, word: str) -> Q:
    return begins_with(f"{kind}{word.casefold()}", vendor=connection.vendor)
