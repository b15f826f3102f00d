"""Write the words by which staff find an order. ``mpesa_reconcile`` does it, so no request waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from oscar_mpesa.models import MpesaOrder, MpesaSearchWord
from oscar_mpesa.models.search_words import EMAIL, LONGEST, NAME, NUMBER_END, PHONE_END

#: The most orders that one pass of ``mpesa_reconcile`` indexes, the newest first.
MOST_ORDERS = 500

#: The most words of one order.
MOST_WORDS = 60

#: Relations of an order that name its customer.
PEOPLE = ("user", "shipping_address", "billing_address")


def unindexed_orders() -> QuerySet[MpesaOrder]:
    """Return the newest orders that are not indexed, or had a new phone since, at most ``MOST_ORDERS``."""
    waiting = MpesaOrder.objects.filter(indexed_at=None).order_by("-pk").values_list("pk", flat=True)
    return MpesaOrder.objects.filter(pk__in=list(waiting[:MOST_ORDERS]))


def index_order(mpesa_order: MpesaOrder, *, now: datetime) -> int:
    """Replace the words of an order, and return how many there are.

    Locks the order's M-PESA row first, so that a phone that comes meanwhile has the order indexed again.
    """
    with transaction.atomic():
        MpesaOrder.objects.filter(pk=mpesa_order.pk).update(indexed_at=now)
        phones = mpesa_order.payments.order_by("pk").values_list("phone", flat=True)
        words = list(dict.fromkeys(_words(mpesa_order.order, phones)))[:MOST_WORDS]
        MpesaSearchWord.objects.filter(mpesa_order=mpesa_order).delete()
        MpesaSearchWord.objects.bulk_create(MpesaSearchWord(mpesa_order=mpesa_order, word=word) for word in words)
    return len(words)


def forget_index(mpesa_order: MpesaOrder) -> None:
    """Have an order indexed again, because it got another phone."""
    MpesaOrder.objects.filter(pk=mpesa_order.pk).exclude(indexed_at=None).update(indexed_at=None)


def _words(order: Any, phones: Any) -> Iterator[str]:
    yield from (f"{PHONE_END}{phone[::-1]}" for phone in phones)
    yield f"{NUMBER_END}{order.number[::-1].casefold()}"[:LONGEST]
    people = [person for person in (getattr(order, name) for name in PEOPLE) if person is not None]
    for email in filter(None, [order.guest_email, *(getattr(person, "email", "") for person in people)]):
        yield f"{EMAIL}{email.casefold()}"[:LONGEST]
    for person in people:
        for part in (getattr(person, "first_name", ""), getattr(person, "last_name", "")):
            yield from (f"{NAME}{word.casefold()}"[:LONGEST] for word in (part or "").split())
