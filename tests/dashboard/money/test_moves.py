"""Unmatch money from its order, and move it to another one in one step."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import MpesaReceipt
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.refunds import record_refund
from tests.dashboard.forms import assign_to_guest, closed_payment
from tests.dashboard.money.deciding import agreed, decide, decide_twice, entry_url, look
from tests.dashboard.staff import ALL, new_claim, page_text, receipt_url, staff_client, url_of, use_production
from tests.services.money import balance, books, entries, paid_order, receipt
from tests.services.unmatched import fresh, surplus
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.django_db


def matched(**about: Any) -> tuple[MpesaReceipt, Any]:
    """Return money that staff matched to another order than it came for, and that order."""
    money, order = surplus(), new_order(**about)
    allocate(money, order, by=new_staff_user("match_receipt"), now=later(99))
    return fresh(money), order


# Unmatch


def test_unmatched_money_no_longer_counts_for_its_order() -> None:
    (money, order), client = matched(), staff_client(*ALL)
    url = entry_url("unmatch", money)

    seen = look(client, url, note="it was her sister's")
    done = page_text(decide(client, url, note="it was her sister's"))

    assert f"Order {order.number} is no longer paid: KSh 1,500 will be missing." in seen
    assert "KSh 1,500 will be overpaid." in seen and "No email is sent." in seen
    assert f"The money was unmatched from order {order.number}. Match it again" in done
    assert "staff unmatched it Achieng Were" in done and "it was her sister's" in done
    assert (balance(order), books(order), fresh(money).unallocated) == ((False, 1500), 0, 1500)


def test_money_of_a_prompt_is_unmatched_and_not_used_again() -> None:
    order = paid_order()
    client, url = staff_client(*ALL), entry_url("unmatch", receipt())

    seen = look(client, url, note="a test of ours")
    decide(client, url, note="a test of ours")

    assert "KSh 1,500 will be unmatched: staff took it from its order." in seen
    assert (receipt().status, entries(order)) == ("unmatched", [])


def test_money_is_unmatched_once() -> None:
    (money, order), client = matched(), staff_client(*ALL)

    again = page_text(decide_twice(client, entry_url("unmatch", money), note="wrong order"))

    assert "Somebody has already decided about this money." in again
    assert (entries(order), order.mpesa_allocations.count()) == ([], 1)


def test_unmatching_needs_a_reason() -> None:
    money, order = matched()

    response = decide(staff_client(*ALL), entry_url("unmatch", money), note=" ")

    assert response.status_code == 422 and "This field is required." in page_text(response)
    assert entries(order) == [("OD222BBB22", 1500)]


def test_refund_in_between_shows_the_new_review() -> None:
    (money, order), client = matched(), staff_client(*ALL)
    url = entry_url("unmatch", money)
    seen = agreed(client.post(url, {"note": "wrong order"}))
    record_refund(money, amount=money.amount / 3, code="R1", by=new_staff_user("record_refund"), now=later(200))

    changed = page_text(client.post(url, {"note": "wrong order", **seen, "confirmed": "1"}))

    assert "This changed meanwhile. Please double-check again." in changed
    assert "KSh 1,000 will be overpaid." in changed
    assert entries(order) == [("OD222BBB22", 1500)]


# Move


def test_moved_money_counts_for_the_other_order_only() -> None:
    (money, wrong), right, client = matched(), new_order(), staff_client(*ALL)
    url = entry_url("move", money)

    seen = look(client, url, order=f"#{right.number}", note="typing error")
    done = page_text(decide(client, url, order=right.number, note="typing error"))

    assert f"Order {right.number} Customer guest@example.com Order total KSh 1,500 Still owed KSh 1,500" in seen
    assert f"KSh 1,500 will be moved to order {right.number}." in seen
    assert f"Order {wrong.number} is no longer paid: KSh 1,500 will be missing." in seen
    assert f"This pays order {right.number}." in seen
    assert f"KSh 1,500 was moved to order {right.number}. Move it back" in done
    assert (balance(wrong), balance(right)) == ((False, 1500), (True, 0))
    assert (books(wrong), books(right), fresh(money).unallocated) == (0, 1500, 0)


def test_move_to_a_cheaper_order_leaves_a_rest() -> None:
    (money, wrong), right, client = matched(), new_order(total="900.00"), staff_client(*ALL)
    url = entry_url("move", money)

    seen = look(client, url, order=right.number, note="typing error")
    done = page_text(decide(client, url, order=right.number, note="typing error"))

    assert f"KSh 900 will be moved to order {right.number}." in seen and "KSh 600 will be overpaid." in seen
    assert (entries(wrong), entries(right)) == ([], [("OD222BBB22", 900)])
    assert fresh(money).unallocated == 600
    assert f"KSh 900 was moved to order {right.number}." in done and "Move it back" not in done


def test_money_is_moved_once() -> None:
    (money, _), right = matched(), new_order()

    again = page_text(decide_twice(staff_client(*ALL), entry_url("move", money), order=right.number, note="x"))

    assert "Somebody has already decided about this money." in again
    assert right.mpesa_allocations.count() == 1


def test_move_to_another_customer_needs_explicit_consent() -> None:
    (money, _), client = matched(), staff_client(*ALL)
    right = assign_to_guest(new_order(), "otieno@example.com")
    url, sent = entry_url("move", money), {"order": right.number, "note": "typing error"}

    seen = client.post(url, sent)
    confirmation = {**sent, **agreed(seen), "confirmed": "1"}
    refused = client.post(url, confirmation)
    kept = right.mpesa_allocations.count()
    client.post(url, {**confirmation, "accept_customer": "on"})

    assert refused.status_code == 422
    assert "This order is somebody else's. Accept that, or choose another order." in page_text(refused)
    assert (kept, right.mpesa_allocations.count()) == (0, 1)


def test_move_reopens_a_closed_order() -> None:
    (money, _), right, client = matched(), closed_payment().mpesa_order.order, staff_client(*ALL)

    seen = look(client, entry_url("move", money), order=right.number, note="typing error")
    decide(client, entry_url("move", money), order=right.number, note="typing error")

    assert f"Order {right.number} is reopened. This pays order {right.number}." in seen
    assert balance(right) == (True, 0)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        pytest.param({"status": "Cancelled"}, "This order was canceled.", id="canceled"),
        pytest.param({"currency": "USD"}, "This order is not in Kenyan shillings.", id="dollars"),
    ],
)
def test_refused_move_changes_nothing(order: dict[str, Any], sentence: str) -> None:
    money, wrong = matched()

    response = decide(staff_client(*ALL), entry_url("move", money), order=new_order(**order).number, note="x")

    assert response.status_code == 422 and sentence in page_text(response)
    assert entries(wrong) == [("OD222BBB22", 1500)]


def test_money_is_not_moved_to_its_own_order() -> None:
    money, wrong = matched()

    response = decide(staff_client(*ALL), entry_url("move", money), order=wrong.number, note="x")

    assert "This money is already matched to this order." in page_text(response)
    assert entries(wrong) == [("OD222BBB22", 1500)]


def test_move_to_an_unknown_order_is_refused() -> None:
    money, _ = matched()

    response = staff_client(*ALL).post(entry_url("move", money), {"order": "77", "note": "x"})

    assert response.status_code == 422 and "No order has the number 77." in page_text(response)


# Who may


def test_only_those_who_match_money_are_offered_to_unmatch_it() -> None:
    money, _ = matched()
    urls = [entry_url("unmatch", money), entry_url("move", money)]

    offered = staff_client("match_receipt").get(receipt_url(money)).content.decode()
    others = staff_client("record_refund", "resolve_receipt")
    hidden = others.get(receipt_url(money)).content.decode()

    assert [url in offered for url in urls] == [True, True]
    assert [url in hidden for url in urls] == [False, False]
    assert [others.post(url, {"note": "x"}).status_code for url in urls] == [403, 403]


def test_entry_of_a_recorded_payment_is_not_found() -> None:
    claim = new_claim(new_order())
    entry = claim.allocations.get()

    statuses = [
        staff_client(*ALL).get(url_of(f"entry-{name}", entry.pk)).status_code for name in ("unmatch", "move", "undo")
    ]

    assert statuses == [404, 404, 404]


def test_unmatched_test_money_of_a_real_shop_is_not_matched_again(settings: Any) -> None:
    (money, _), client = matched(), staff_client(*ALL)
    use_production(settings)

    done = page_text(decide(client, entry_url("unmatch", money), note="a test of ours"))

    assert "The money was unmatched from order" in done and "Match it again" not in done
