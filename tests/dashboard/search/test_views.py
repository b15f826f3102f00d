"""The search page groups orders, payments and money."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from oscar_mpesa.dashboard.search.orders import order_ids
from oscar_mpesa.models import MpesaOrder, MpesaSearchWord
from oscar_mpesa.services.payments import retry_payment
from oscar_mpesa.services.reconciliation import reconcile
from tests.dashboard.staff import new_claim, orders_staff_client, page_text, staff_client, url_of
from tests.query_counts import counted
from tests.reports.plans import plan
from tests.shop import ANOTHER, OWNER, failure, later, new_order, new_payment, pay, post

pytestmark = pytest.mark.django_db

MESSAGE = "OD123ABC45 Confirmed. Ksh1,500.00 sent to DUKA LETU for account 1 on 23/11/26 at 3:00 PM"


def found(term: str, *permissions: str, client: Any = None) -> str:
    response = (client or staff_client(*permissions)).get(url_of("search"), {"q": term})
    assert response.status_code == 200
    return page_text(response).partition("oscar.dashboard")[0]


def test_pasted_message_finds_order_payment_and_money() -> None:
    payment = pay(new_payment())

    words = found(MESSAGE)

    number = payment.mpesa_order.order.number
    assert f"Orders {number} · Paid" in words
    assert "Payments 23 Nov 2026, 15:00 · KSh 1,500 · 0708 •••149 · paid" in words
    assert "Money OD123ABC45 · KSh 1,500" in words


def test_unknown_code_leads_to_recording_with_the_code() -> None:
    pay(new_payment())

    page = staff_client("record_claim").get(url_of("search"), {"q": "od999-zzz99"})

    assert "No payment has the code OD999ZZZ99." in page_text(page)
    assert f'href="{url_of("record")}?code=OD999ZZZ99"' in page.content.decode()
    without = staff_client().get(url_of("search"), {"q": "od999-zzz99"}).content.decode()
    assert "No payment has the code OD999ZZZ99." in without and "?code=" not in without


def test_recorded_payment_is_found_by_its_code() -> None:
    new_claim(new_order())

    assert "Money OD777KKK77 · KSh 1,500 · Recorded payment" in found("OD777KKK77")


def test_order_without_mpesa_is_found_by_staff_who_may_act() -> None:
    order = new_order()

    assert f"Orders {order.number} · No M-PESA payment yet" in found(f"#{order.number}", "act_on_payment")
    assert "Nothing was found" in found(order.number)


def test_customer_is_named_to_staff_who_may_see_orders_only() -> None:
    number = pay(new_payment()).mpesa_order.order.number

    with_name, without = found(number, client=orders_staff_client()), found(number)

    assert f"{number} · guest@example.com" in with_name
    assert number in without and "guest@example.com" not in without


@pytest.mark.parametrize("digits", ["4149", "74149", "374149", "708374149"])
def test_last_digits_find_a_payment_with_the_permission_only(digits: str) -> None:
    pay(new_payment())
    call_command("mpesa_index_search", stdout=StringIO())

    assert "0708 374 149" in found(digits, "view_full_phone")
    assert "•••149" not in found(digits)
    assert "•••149" in found("149")


def test_every_page_has_the_search_box() -> None:
    page = staff_client().get(url_of("setup")).content.decode()

    assert f'action="{url_of("search")}"' in page


def test_empty_search_says_what_can_be_searched() -> None:
    assert "or paste a whole SMS." in found("")


def test_nothing_found_says_how_names_are_found() -> None:
    assert "Names and emails are found by the beginning of each word." in found("Wanjiru")


def test_results_cost_as_many_queries_for_many_rows() -> None:
    pay(new_payment())
    client = staff_client("view_full_phone", "act_on_payment")
    costs = []
    for more in (0, 12):
        for number in range(more):
            pay(new_payment(), number=f"OD123ABD{number:02}")
        call_command("mpesa_index_search", stdout=StringIO())
        client.get(url_of("search"), {"q": "achieng"})
        with counted() as queries:
            client.get(url_of("search"), {"q": "achieng"})
        costs.append(len(queries))

    assert costs[0] == costs[1] <= 16


def test_reconcile_indexes_new_orders_and_new_phones() -> None:
    payment = new_payment()
    list(reconcile(lambda: later(1)))
    first = set(MpesaSearchWord.objects.values_list("word", flat=True))
    post(payment, failure(payment), now=later(10))

    retry_payment(payment.mpesa_order.order, phone=ANOTHER, now=later(200), actor=OWNER)
    assert MpesaOrder.objects.get().indexed_at is None
    list(reconcile(lambda: later(201)))

    added = set(MpesaSearchWord.objects.values_list("word", flat=True)) - first
    assert f"p:{payment.phone[::-1]}" in first and "e:guest@example.com" in first
    assert added == {f"p:{ANOTHER.msisdn[::-1]}"}


def test_second_run_indexes_nothing_more() -> None:
    pay(new_payment())
    printed = [StringIO(), StringIO(), StringIO()]

    for out, options in zip(printed, ([], [], ["--all"]), strict=True):
        call_command("mpesa_index_search", *options, stdout=out)

    assert [out.getvalue() for out in printed] == [f"{count} orders indexed.\n" for count in (1, 0, 1)]
    assert MpesaOrder.objects.get().indexed_at is not None


@pytest.mark.skipif(connection.vendor != "sqlite", reason="each database writes its plans differently")
@pytest.mark.parametrize("term", ["Achieng", "achieng otieno", "guest@ex", "149", "0042"])
def test_words_are_found_by_their_index(term: str) -> None:
    pay(new_payment(), number="OD123ABC45")
    call_command("mpesa_index_search", stdout=StringIO())

    with counted() as queries:
        order_ids(term, shows_phones=True)

    steps = [step for sql in queries for step in plan(sql)]
    searched = [step for step in steps if "oscar_mpesa_mpesasearchword" in step or "U0" in step]
    assert [step for step in searched if "USING INDEX" in step and "word>" in step] != []
    assert [step for step in steps if "SCAN oscar_mpesa_mpesasearchword" in step or step == "SCAN U0"] == []


def test_word_at_the_end_of_the_alphabet_is_found() -> None:
    order = pay(new_payment()).mpesa_order
    MpesaSearchWord.objects.create(mpesa_order=order, word="n:zz\U0001f600é")

    assert order_ids("zz", shows_phones=False) == [order.pk]
