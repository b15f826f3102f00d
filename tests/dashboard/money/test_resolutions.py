"""Resolve money with a note, and undo that."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import MpesaEvent, ReceiptStatus
from tests.commit_hooks import commit_hooks
from tests.dashboard.money.deciding import decide, decide_twice, entry_url, look
from tests.dashboard.staff import ALL, decision_url, page_text, receipt_url, staff_client
from tests.services.unmatched import fresh, mismatch
from tests.shop import new_payment, pay

pytestmark = pytest.mark.django_db

NOTE = {"note": "settled at the counter", "settled": "on"}


def test_money_is_resolved_with_a_note_once() -> None:
    receipt, client = mismatch(), staff_client("resolve_receipt")

    seen = look(client, decision_url("resolve", receipt), **NOTE)
    again = page_text(decide_twice(client, decision_url("resolve", receipt), **NOTE))

    assert "None of this money stays unmatched." in seen
    assert fresh(receipt).status == ReceiptStatus.RESOLVED
    assert receipt.allocations.get().note == "settled at the counter"
    assert "The money was resolved with a note. Undo the resolution" in again
    assert "and was resolved with a note." in again
    assert "Somebody has already decided about this money." in again
    assert MpesaEvent.objects.filter(type="receipt_resolved").count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param({"settled": "on"}, "This field is required.", id="no note"),
        pytest.param({"settled": "on", "note": "  "}, "This field is required.", id="an empty note"),
        pytest.param({"note": "by hand"}, "Tick this if it is true. If not, match the money", id="no tick"),
    ],
)
def test_money_is_not_resolved_without_note_and_consent(sent: dict[str, str], sentence: str) -> None:
    receipt = mismatch()

    response = staff_client("resolve_receipt").post(decision_url("resolve", receipt), sent)

    assert response.status_code == 422 and sentence in response.content.decode()
    assert fresh(receipt).status == ReceiptStatus.WRONG_AMOUNT


def test_money_of_a_canceled_order_can_be_resolved() -> None:
    payment, client = pay(new_payment()), staff_client(*ALL)
    with commit_hooks():
        payment.mpesa_order.order.set_status("Cancelled")
    receipt = payment.receipts.get()

    seen = look(client, decision_url("resolve", receipt), note="a voucher instead", settled="on")
    decide(client, decision_url("resolve", receipt), note="a voucher instead", settled="on")

    assert "None of this money stays unmatched." in seen
    assert "is canceled: no money counts for it" not in seen
    assert (fresh(receipt).status, fresh(receipt).unallocated) == ("resolved", 0)
    assert [each.note for each in receipt.allocations.filter(order=None)] == ["a voucher instead"]


def test_resolution_is_undone_once_with_a_reason() -> None:
    receipt, client = mismatch(), staff_client("resolve_receipt")
    decide(client, decision_url("resolve", receipt), **NOTE)
    url = entry_url("undo", receipt)

    refused = client.post(url, {"note": ""})
    seen = look(client, url, note="she did not get it")
    again = page_text(decide_twice(client, url, note="she did not get it"))

    assert refused.status_code == 422
    assert "KSh 1,400 will be unmatched: another amount than the payment's arrived." in seen
    assert "The resolution of KSh 1,400 was undone." in again
    assert "Somebody has already decided about this money." in again
    assert "Resolution undone Achieng Were" in again and "she did not get it" in again
    assert (fresh(receipt).status, fresh(receipt).unallocated) == ("wrong_amount", 1400)


def test_only_those_who_resolve_money_are_offered_to_undo_it() -> None:
    receipt = mismatch()
    decide(staff_client("resolve_receipt"), decision_url("resolve", receipt), **NOTE)
    url = entry_url("undo", receipt)

    others = staff_client("match_receipt", "record_refund")
    assert url in staff_client("resolve_receipt").get(receipt_url(receipt)).content.decode()
    assert url not in others.get(receipt_url(receipt)).content.decode()
    assert others.post(url, {"note": "x"}).status_code == 403
