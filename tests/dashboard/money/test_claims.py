"""The page of a payment that staff recorded, and its withdrawal."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from oscar_mpesa.models import MpesaClaim, MpesaOrder
from oscar_mpesa.services.claim_matches import match_pending
from oscar_mpesa.services.payment_updates import apply_update
from tests.commit_hooks import commit_hooks
from tests.dashboard.money.deciding import decide, decide_twice, look
from tests.dashboard.staff import claim_url, new_claim, page_text, staff_client, url_of
from tests.query_counts import counted
from tests.shop import later, new_order, new_payment, pay, query_update

pytestmark = pytest.mark.django_db


def withdraw(client: Any, claim: MpesaClaim, note: str = "wrong order") -> Any:
    return decide(client, url_of("claim-withdraw", claim.pk), note=note)


def test_page_shows_facts_and_what_the_payment_counts_for() -> None:
    order = new_order()
    claim = new_claim(order)

    text = page_text(staff_client("record_claim").get(claim_url(claim)))

    sentence = f"It already counts for order {order.number}."
    assert f"Safaricom has not confirmed this payment yet. {sentence}" in text
    assert "Where it was seen M-PESA portal Recorded by Achieng Were, 23 Nov 2026, 15:00" in text
    assert "23 Nov 2026 Recorded Achieng Were, 23 Nov 2026, 15:00 · M-PESA portal KSh 1,500 KSh 1,500" in text
    assert f"23 Nov 2026 Matched to order {order.number} staff recorded the payment" in text
    assert "Total KSh 1,500 KSh 1,500 KSh 0 KSh 0" in text
    assert "Withdraw it" in text


def test_withdrawn_payment_no_longer_pays_its_order() -> None:
    order = new_order()
    claim = new_claim(order)

    client = staff_client("record_claim")
    seen = look(client, url_of("claim-withdraw", claim.pk), note="wrong order")
    text = page_text(withdraw(client, claim))

    assert f"Order {order.number} is no longer paid: KSh 1,500 will be missing." in seen
    assert "The recorded payment was withdrawn. Record it again" in text
    assert "This recorded payment was withdrawn. It counts for nothing." in text
    assert f"Unmatched from order {order.number} the recorded payment was withdrawn Achieng Were" in text
    assert "wrong order" in text and "Total KSh 1,500 KSh 0 KSh 1,500 KSh 0" in text
    assert "Withdraw it" not in text
    mpesa_order = MpesaOrder.objects.get(pk=order.pk)
    assert (mpesa_order.is_paid, mpesa_order.balance) == (False, 1500)


def test_page_says_how_much_of_a_larger_payment_counts() -> None:
    order = new_order()
    claim = new_claim(order, amount=2000)

    assert f"KSh 1,500 of it already counts for order {order.number}." in page_text(
        staff_client().get(claim_url(claim))
    )


def test_page_of_payment_that_counts_for_nothing_says_what_to_do() -> None:
    claim = new_claim(new_order())
    with commit_hooks():
        claim.order.set_status("Cancelled")

    text = page_text(staff_client().get(claim_url(claim)))

    assert (
        f"It does not count for order {claim.order.number}. Look for it in the M-PESA portal. If it is there," in text
    )


def test_payment_of_another_amount_is_confirmed_with_both_amounts() -> None:
    payment = new_payment()
    claim = new_claim(payment.mpesa_order.order, number="OD123ABC45", amount=500)
    pay(payment)

    text = page_text(staff_client().get(claim_url(claim)))

    assert "Safaricom confirmed this code with another amount: KSh 1,500, not KSh 500." in text


def test_payment_that_safaricom_reports_for_another_order_names_that_order() -> None:
    claim, payment = new_claim(new_order(), number="OD123ABC45"), new_payment()
    pay(payment)
    match_pending("OD123ABC45", payment.environment, now=later(60))

    text = page_text(staff_client().get(claim_url(claim)))

    theirs, own = payment.mpesa_order.order.number, claim.order.number
    assert f"Safaricom reported this money for order {theirs}, so the record does not count for order {own}." in text


def test_withdrawn_payment_can_be_recorded_again_with_its_values() -> None:
    claim, client = new_claim(new_order()), staff_client("record_claim")
    done = withdraw(client, claim).content.decode()

    address = html.unescape(re.findall(r'<a href="([^"]+)">Record it again', done)[0])
    page = client.get(address).content.decode()

    for name, value in (("code", "OD777KKK77"), ("amount", "1500"), ("day", "2026-11-23"), ("time", "15:00")):
        assert f'name="{name}" value="{value}"' in page
    assert f'name="order" value="{claim.order.number}"' in page and 'name="note" value="M-PESA portal"' in page


def test_payment_is_withdrawn_once() -> None:
    claim, client = new_claim(new_order()), staff_client("record_claim")

    again = page_text(decide_twice(client, url_of("claim-withdraw", claim.pk), note="wrong order"))

    assert "Somebody has already decided about this money." in again
    assert MpesaClaim.objects.get().allocations.count() == 1


def test_withdrawal_needs_a_reason() -> None:
    claim = new_claim(new_order())

    response = withdraw(staff_client("record_claim"), claim, note=" ")

    assert response.status_code == 422
    assert "This field is required." in page_text(response)
    assert MpesaClaim.objects.get().is_open


def test_user_without_permission_sees_no_withdrawal() -> None:
    claim, client = new_claim(new_order()), staff_client()

    text = page_text(client.get(claim_url(claim)))

    assert "OD777KKK77" in text and "Withdraw" not in text
    assert client.post(url_of("claim-withdraw", claim.pk), {"note": "x"}).status_code == 403


def test_confirmed_payment_links_to_its_receipt() -> None:
    payment = new_payment()
    claim = new_claim(payment.mpesa_order.order, number="OD123ABC45")
    receipt = pay(payment).receipts.get()

    page = staff_client("record_claim").get(claim_url(claim)).content.decode()

    assert "Safaricom confirmed this payment." in page
    assert f"/dashboard/mpesa/money/{receipt.pk}/" in page
    assert "Withdraw it" not in page and "Safaricom confirmed it" in page


def test_code_of_known_money_says_that_nothing_else_changed() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    claim = new_claim(payment.mpesa_order.order, at=later(60))

    text = page_text(staff_client().get(claim_url(claim)))

    assert "Safaricom reported this money without its code. Staff reported the code; nothing else changed." in text


def test_page_costs_at_most_nine_queries() -> None:
    claim, client = new_claim(new_order()), staff_client("record_claim")
    client.get(claim_url(claim))

    with counted() as count:
        client.get(claim_url(claim))

    assert len(count) <= 9, str(count)


def test_unknown_payment_is_not_found() -> None:
    assert staff_client().get(url_of("claim", 404)).status_code == 404
