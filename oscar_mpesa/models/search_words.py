"""Store the words by which staff find an order, so that a search reads an index and not the whole history."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models.orders import MpesaOrder

#: Kinds of words. The letter stands before each word, so that kinds never mix.
NAME, EMAIL, NUMBER_END, PHONE_END = "n:", "e:", "o:", "p:"

#: The longest word stored. Longer ones are cut, and so are search terms.
LONGEST = 80


class MpesaSearchWord(models.Model):
    """One word of an order: of a name or an email in small letters, or an order number or a phone from its end.

    ``services.search_index`` writes the rows. They are copies, so they go with the order.
    """

    mpesa_order = models.ForeignKey(MpesaOrder, on_delete=models.CASCADE, related_name="search_words")
    word = models.CharField(max_length=LONGEST, db_index=True)

    class Meta:
        verbose_name = _("M-PESA search word")
        verbose_name_plural = _("M-PESA search words")
        default_permissions = ()

    def __str__(self) -> str:
        return f"search word of order {self.mpesa_order_id}"


def begins_with(word: str, *, vendor: str) -> Q:
    """Return the condition that finds words by their beginning with an index of this database.

    SQLite's ``LIKE`` would ignore the index, and PostgreSQL's order of words depends on its language.
    """
    start = word[:LONGEST]
    if vendor == "sqlite":
        return Q(word__gte=start, word__lt=f"{start}\U0010ffff")
    return Q(word__startswith=start) if vendor == "postgresql" else Q(word__istartswith=start)
