"""Decisions on a receipt's page: made once, with the user's name, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaEvent, MpesaPayment
from tests.dashboard.staff import ALL, decision_url, new_receipt, order_number_of, receipt_url, staff_client
from tests.rows import all_rows
from tests.services.concurrent_changes import broken_shop
from tests.services.unmatched import events, fresh, mismatch, surplus
from tests.shop import new_order, new_payment

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")
REFUND = {
    "refund-day": "2026-11-24",
    "refund-amount": "1400",
    "refund-reference": "OD777REV77",
    "refund-returned_before": "0",
    "refund-seen_as": "mismatch",
    "refund-sent": "on",
}


def test_order_is_shown_before_the_match() -> None:
    receipt, other = surplus(), new_order(total="1500.00")
    before = all_rows()

    page = staff_client(*ALL).get(receipt_url(receipt), {"order": f"#{other.number}"}).content.decode()

    assert "guest@example.com" in page and "Pending payment" in page
    assert f"Match KSh 1,500 to order {other.number}" in page
    assert "accept_difference" not in page
    assert all_rows() == before


def test_unknown_order_number_is_an_error() -> None:
    page = staff_client(*ALL).get(receipt_url(surplus()), {"order": "42<b>"}).content.decode()

    assert "No order has the number 42&lt;b&gt;." in page


def test_receipt_is_matched_once_with_the_users_name() -> None:
    receipt, other, client = surplus(), new_order(), staff_client(*ALL)

    first = client.post(
        decision_url("allocate", receipt), {"order": other.number, "note": "agreed by phone"}, follow=True
    )
    again = client.post(decision_url("allocate", receipt), {"order": other.number}, follow=True)

    used = fresh(receipt)
    assert (used.allocation, used.order, used.note) == (Allocation.APPLIED, other, "agreed by phone")
    assert used.allocated_by_name == "Achieng Were" and events(other) == [("surplus", "applied", "Achieng Were")]
    assert f"The money was matched to order {other.number}." in first.content.decode()
    assert "Somebody has already decided about this money." in again.content.decode()
    assert other.sources.count() == 1


def test_difference_needs_explicit_consent() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    sent = {"order": order_number_of(receipt), "note": "regular customer"}

    refused = client.post(decision_url("allocate", receipt), sent)
    client.post(decision_url("allocate", receipt), {**sent, "accept_difference": "on"})

    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Accept the difference, or choose another order." in page
    assert 'value="regular customer"' in page and "KSh 100 less than it costs." in page
    assert fresh(receipt).allocation == Allocation.APPLIED
    assert MpesaPayment.objects.get().status == "completed"


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        pytest.param({"status": "Cancelled"}, "This order was canceled.", id="cancelled"),
        pytest.param({"currency": "USD"}, "This order is not in Kenyan shillings.", id="another currency"),
    ],
)
def test_match_to_an_unpayable_order_is_refused(order: dict[str, Any], sentence: str) -> None:
    receipt, other = surplus(), new_order(**order)

    response = staff_client(*ALL).post(decision_url("allocate", receipt), {"order": other.number})

    assert response.status_code == 422 and sentence in response.content.decode()
    assert fresh(receipt).allocation == Allocation.SURPLUS


def test_match_to_a_paid_order_is_refused() -> None:
    receipt = surplus()

    response = staff_client(*ALL).post(decision_url("allocate", receipt), {"order": order_number_of(receipt)})

    assert response.status_code == 422 and "This order is already paid." in response.content.decode()


def test_test_receipt_cannot_be_matched_to_a_real_order() -> None:
    receipt, other = new_receipt(allocation="surplus"), new_payment().mpesa_order.order

    response = staff_client(*ALL).post(decision_url("allocate", receipt), {"order": other.number})

    assert response.status_code == 422 and "Test money and real money do not mix." in response.content.decode()


def test_error_in_the_shops_code_refuses_the_match() -> None:
    receipt, other = surplus(), new_order()

    with broken_shop():
        response = staff_client(*ALL).post(decision_url("allocate", receipt), {"order": other.number})

    assert response.status_code == 422 and "Forward this to your developer." in response.content.decode()
    assert fresh(receipt).allocation == Allocation.SURPLUS


@pytest.mark.parametrize("order", ["", "nothing-like-it", "\x00"])
def test_match_without_a_confirmed_order_is_refused(order: str) -> None:
    receipt = surplus()

    response = staff_client(*ALL).post(decision_url("allocate", receipt), {"order": order})

    assert response.status_code in {404, 422}
    assert fresh(receipt).allocation == Allocation.SURPLUS


def test_refund_is_recorded_with_day_and_reference() -> None:
    receipt = mismatch()

    response = staff_client("record_return").post(decision_url("refund", receipt), REFUND, follow=True)

    back = fresh(receipt)
    assert back.allocation == Allocation.RETURNED and back.returned_reference == "OD777REV77"
    assert f"{back.returned_at:%Y-%m-%d %H:%M}" == "2026-11-24 09:00"
    assert back.allocated_by_name == "Achieng Were"
    assert "The refund of KSh 1,400 was recorded." in response.content.decode()
    assert "all of it was refunded on 24 Nov 2026." in response.content.decode()


def test_refund_on_the_same_day_is_not_before_the_payment() -> None:
    receipt = mismatch()

    staff_client("record_return").post(decision_url("refund", receipt), {**REFUND, "refund-day": "2026-11-23"})

    assert fresh(receipt).returned_at == receipt.paid_at


def test_partial_refund_sent_twice_counts_once() -> None:
    receipt, client = mismatch(), staff_client("record_return")
    part = {**REFUND, "refund-amount": "500"}

    client.post(decision_url("refund", receipt), part)
    again = client.post(decision_url("refund", receipt), part, follow=True)
    seen_now = {"refund-amount": "900", "refund-reference": "OD888REV88", "refund-returned_before": "500"}
    rest = client.post(decision_url("refund", receipt), {**REFUND, **seen_now})

    assert "A refund of this money was recorded meanwhile." in again.content.decode()
    assert rest.status_code == 302
    assert (fresh(receipt).returned_amount, fresh(receipt).allocation) == (1400, Allocation.RETURNED)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"refund-sent": ""}, "Send the refund first, then tick this.", id="not sent yet"),
        pytest.param({"refund-amount": "1401"}, "not more than arrived.", id="more than arrived"),
        pytest.param({"refund-amount": "0"}, "Enter an amount above zero", id="nothing"),
        pytest.param({"refund-amount": "NaN"}, "Enter a number.", id="no number"),
        pytest.param({"refund-day": "2026-11-22"}, "not before the money arrived.", id="before it came"),
        pytest.param({"refund-day": "2126-11-22"}, "not in the future", id="in the future"),
        pytest.param({"refund-reference": ""}, "This field is required.", id="no reference"),
    ],
)
def test_invalid_refund_is_refused_with_its_values(changes: dict[str, str], sentence: str) -> None:
    receipt = mismatch()

    response = staff_client(*ALL).post(
        decision_url("refund", receipt), {**REFUND, "refund-note": "to his brother", **changes}
    )

    assert response.status_code == 422
    assert sentence in response.content.decode() and 'value="to his brother"' in response.content.decode()
    assert fresh(receipt).returned_amount is None


def test_receipt_is_resolved_with_a_note_once() -> None:
    receipt, client = mismatch(), staff_client("explain_receipt")
    sent = {"resolve-note": "settled at the counter", "resolve-settled": "on"}

    done = client.post(decision_url("resolve", receipt), sent, follow=True)
    again = client.post(decision_url("resolve", receipt), sent, follow=True)

    assert (fresh(receipt).allocation, fresh(receipt).note) == (Allocation.EXPLAINED, "settled at the counter")
    assert "and was resolved with a note." in done.content.decode()
    assert "Somebody has already decided about this money." in again.content.decode()
    assert MpesaEvent.objects.filter(type="receipt_resolved").count() == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        pytest.param({"resolve-settled": "on"}, "This field is required.", id="no note"),
        pytest.param({"resolve-settled": "on", "resolve-note": "  "}, "This field is required.", id="an empty note"),
        pytest.param({"resolve-note": "by hand"}, "Tick this if it is true. If not, match the money", id="no tick"),
    ],
)
def test_receipt_is_not_resolved_without_note_and_consent(sent: dict[str, str], sentence: str) -> None:
    receipt = mismatch()

    response = staff_client("explain_receipt").post(decision_url("resolve", receipt), sent)

    assert response.status_code == 422 and sentence in response.content.decode()
    assert fresh(receipt).allocation == Allocation.MISMATCH
