"""Search words are found by their beginning, with an index, on PostgreSQL and MariaDB."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from oscar_mpesa.dashboard.search.orders import order_ids
from oscar_mpesa.models import MpesaSearchWord
from oscar_mpesa.models.search_words import begins_with
from tests.shop import new_payment, pay

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]

#: Words of other orders, so that an index is worth using.
OTHERS = 5_000


@pytest.fixture
def order() -> Any:
    mpesa_order = pay(new_payment()).mpesa_order
    call_command("mpesa_index_search", stdout=StringIO())
    others = (MpesaSearchWord(mpesa_order=mpesa_order, word=f"x:{number}") for number in range(OTHERS))
    MpesaSearchWord.objects.bulk_create([*others, MpesaSearchWord(mpesa_order=mpesa_order, word="n:Ng'ang'a".lower())])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE oscar_mpesa_mpesasearchword" if connection.vendor == "postgresql" else "SELECT 1")
    return mpesa_order


@pytest.mark.parametrize("term", ["guest@exam", "ng'ang", "NG'ANG'A", "149", "708374149"])
def test_words_are_found_by_their_beginning(order: Any, term: str) -> None:
    assert order_ids(term, shows_phones=True) == [order.pk]


@pytest.mark.parametrize("term", ["uest@exam", "ang'a", "14%", "708374148", "n:ng", "_uest"])
def test_other_words_find_nothing(order: Any, term: str) -> None:
    assert order_ids(term, shows_phones=True) == []
    assert MpesaSearchWord.objects.filter(mpesa_order=order).exists()


def test_beginning_is_looked_up_by_an_index(order: Any) -> None:
    words = MpesaSearchWord.objects.filter(begins_with("n:ng", vendor=connection.vendor)).order_by()

    plan = words.explain()

    assert "Index" in plan if connection.vendor == "postgresql" else "range" in plan, plan
    assert words.count() == 1
