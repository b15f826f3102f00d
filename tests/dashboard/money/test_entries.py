"""One receipt as a small ledger: each step, its day, its amounts and what is unmatched after it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import allocate, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claim_matches import match_pending
from oscar_mpesa.services.refunds import record_refund, void_refund
from tests.dashboard.money.deciding import entry_url
from tests.dashboard.staff import (
    ALL,
    TAGS,
    new_allocation,
    new_claim,
    new_receipt,
    new_refund,
    page_text,
    receipt_url,
    staff_client,
    use_production,
)
from tests.services.money import PERMISSIONS, change_total, paid_order, receipt
from tests.services.unmatched import fresh, mismatch, surplus
from tests.shop import NOON, later, new_order, new_payment, new_staff_user, pay

pytestmark = pytest.mark.django_db

ROW = re.compile(r'<td class="mpesa-ledger-day">.*?</tr>', re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
STRONG = re.compile(r"<strong>(.*?)</strong>")


def lines(money: MpesaReceipt) -> list[tuple[str, ...]]:
    """Return the ledger's rows: what it is, then what came in, was matched, went out, and is unmatched."""
    page = staff_client(*ALL).get(receipt_url(money)).content.decode()
    rows = []
    for found in ROW.findall(page):
        _, what, *amounts = CELL.findall(found)
        rows.append((TAGS.sub("", STRONG.findall(what)[0]), *(each.replace("KSh ", "") for each in amounts)))
    return rows


def ledger_text(money: MpesaReceipt, *permissions: str) -> str:
    return page_text(staff_client(*ALL, *permissions).get(receipt_url(money))).partition("Entries")[2]


def test_every_step_is_a_line_down_to_what_is_left() -> None:
    money, order, clerk = surplus(), new_order(total="900.00"), new_staff_user(*PERMISSIONS)
    entry = allocate(money, order, by=clerk, now=later(99))
    reverse_allocation(entry, by=clerk, note="no, her sister", now=later(200))
    refund = record_refund(money, amount=Decimal(200), code="R1", by=clerk, now=later(300))[0]
    void_refund(refund, by=clerk, note="not sent", now=later(400))
    record_refund(money, amount=Decimal(300), code="R2", by=clerk, now=later(500))
    resolve_receipt(money, note="a voucher", by=clerk, now=later(600))

    assert lines(money) == [
        ("Arrived", "1,500", "", "", "1,500"),
        (f"Matched to order {order.number}", "", "900", "", "600"),
        (f"Unmatched from order {order.number}", "", "-900", "", "1,500"),
        ("Refunded", "", "", "200", "1,300"),
        ("Refund voided", "", "", "-200", "1,500"),
        ("Refunded", "", "", "300", "1,200"),
        ("Resolved with a note", "", "1,200", "", "0"),
    ]
    assert "Total KSh 1,500 KSh 1,200 KSh 300 KSh 0" in ledger_text(money)


def test_refund_of_an_orders_money_is_matched_no_more() -> None:
    order = paid_order()
    record_refund(receipt(), amount=Decimal(500), code="R1", by=new_staff_user("record_refund"), now=later(300))
    reverse_allocation(
        order.mpesa_allocations.get(), by=new_staff_user("match_receipt"), note="wrong order", now=later(400)
    )

    assert lines(receipt()) == [
        ("Arrived", "1,500", "", "", "1,500"),
        (f"Matched to order {order.number}", "", "1,500", "", "0"),
        (f"Refunded of order {order.number}", "", "-500", "500", "0"),
        (f"Unmatched from order {order.number}", "", "-1,500", "", "1,500"),
        (f"Matched to order {order.number}", "", "500", "", "1,000"),
    ]
    assert receipt().unallocated == 1000


def test_money_that_its_order_no_longer_owes_ends_at_its_rest() -> None:
    order = paid_order()
    change_total(order, "1000.00")

    assert lines(receipt())[-1] == (f"Matched to order {order.number}", "", "1,000", "", "500")
    assert receipt().unallocated == 500


def test_lines_say_who_when_and_why() -> None:
    money, order, clerk = surplus(), new_order(), new_staff_user(*PERMISSIONS)
    entry = allocate(money, order, by=clerk, note="the same person", now=later(99))
    reverse_allocation(entry, by=clerk, note="no, her sister", now=later(200))
    record_refund(money, amount=Decimal(200), code="REV0000001", by=clerk, now=later(300))

    text = ledger_text(money)

    assert f"Matched to order {order.number} staff matched it Achieng Were, 23 Nov 2026, 15:01 · the same" in text
    assert f"Unmatched from order {order.number} staff unmatched it Achieng Were, 23 Nov 2026, 15:03 · no, her" in text
    assert "Refunded REV0000001 · the payment was wrong or made twice Achieng Were, 23 Nov 2026, 15:05" in text


def test_day_of_mpesa_stands_beside_another_posting_day(settings: Any) -> None:
    use_production(settings)
    late, same = new_receipt(posted_on=(NOON + timedelta(days=2)).date()), new_receipt("OD999KKK99")

    assert "25 Nov 2026 M-PESA: 23 Nov 2026 Arrived" in ledger_text(late)
    assert "M-PESA: " not in ledger_text(same)


def test_refunds_that_failed_or_wait_say_so(settings: Any) -> None:
    use_production(settings)
    money = new_receipt(status="overpaid")
    new_refund(money, 100, code="SKN7AAA060", status="voided", voided_at=later(60), voided_by_name="Achieng Were")
    new_refund(money, 200, code="SKN7AAA120", status="failed", happened_at=later(120), method="reversal")
    new_refund(money, 300, code="", status="sent", happened_at=later(180), method="reversal")

    assert lines(money)[1:] == [
        ("Refunded", "", "", "100", "1,400"),
        ("Refund voided", "", "", "-100", "1,500"),
        ("Refund", "", "", "", "1,500"),
        ("Refunded", "", "", "300", "1,200"),
    ]
    text = ledger_text(money)
    assert "failed · KSh 200" in text and "sent · KSh 300" in text and "completed" not in text


def test_row_that_repeats_another_one_ends_at_nothing(settings: Any) -> None:
    use_production(settings)
    original = new_receipt()
    repeated = new_receipt(None, status="resolved", same_as=original)

    page = staff_client(*ALL).get(receipt_url(repeated)).content.decode()

    assert lines(repeated)[-1] == ("The same money as another row, and counted there", "", "", "1,500", "0")
    assert f'<a href="{receipt_url(original)}">The same money as another row' in page


def test_money_takes_over_the_entry_of_a_recorded_payment() -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    new_claim(order, number="OD123ABC45")
    pay(payment, now=later(60))
    match_pending("OD123ABC45", payment.environment, now=later(70))

    assert lines(MpesaReceipt.objects.get()) == [
        ("Arrived", "1,500", "", "", "1,500"),
        (f"Matched to order {order.number}", "", "1,500", "", "0"),
    ]


def test_money_that_a_refund_reserves_is_offered_no_correction(settings: Any) -> None:
    use_production(settings)
    money, order = new_receipt(), new_order()
    entry = new_allocation(money, order)
    free = staff_client(*ALL).get(receipt_url(money)).content.decode()
    new_refund(money, 1500, allocation=entry, status="sent", method="reversal")

    reserved = staff_client(*ALL).get(receipt_url(money)).content.decode()

    assert entry_url("move", money) in free and entry_url("unmatch", money) in free
    assert entry_url("move", money) not in reserved and entry_url("unmatch", money) not in reserved


def test_phones_in_notes_and_names_are_masked_without_permission() -> None:
    money = mismatch()
    clerk = new_staff_user("resolve_receipt")
    clerk.first_name = "0712345678"
    resolve_receipt(money, note="call 0712345678", by=clerk, now=later(60))

    assert "0712345678" not in ledger_text(money) and "•••678" in ledger_text(money)
    assert ledger_text(money, "view_full_phone").count("0712345678") == 2


def test_percent_sign_in_a_note_is_kept() -> None:
    money = mismatch()
    resolve_receipt(money, note="50% %(amount)s off", by=new_staff_user("resolve_receipt"), now=later(99))

    assert "50% %(amount)s off" in ledger_text(money) and fresh(money).status == "resolved"
