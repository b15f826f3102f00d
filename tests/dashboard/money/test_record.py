"""The form that records a payment: type, review, confirm."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import Allocation, MpesaEvent, MpesaPayment, MpesaReceipt, ReceiptSource
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.dashboard.staff import staff_client
from tests.query_counts import counted
from tests.rows import all_rows
from tests.services.unmatched import mismatch
from tests.shop import ANOTHER, later, new_order, new_payment, pay, query_update

pytestmark = pytest.mark.django_db

RECORD = reverse("dashboard:mpesa-record")
NUMBER = "OD123ABC45"


def expired() -> MpesaPayment:
    payment = new_payment()
    apply_update(payment, push_expired(), now=later(150))
    return MpesaPayment.objects.select_related("mpesa_order__order").get(pk=payment.pk)


def typed(order: Any, **changes: Any) -> dict[str, Any]:
    """Return the values of the form."""
    return {
        "code": " od123 abc45 ",
        "amount": "1500",
        "day": "2026-11-23",
        "time": "15:01",
        "order": order.number,
        "note": "M-PESA portal",
        **changes,
    }


def test_page_warns_that_an_sms_is_no_proof() -> None:
    page = staff_client("record_receipt").get(RECORD, {"order": "100042"}).content.decode()

    assert "An SMS, screenshot or forwarded message is not proof." in page
    assert 'value="100042"' in page


def test_review_is_shown_before_the_payment_is_recorded() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_receipt")
    before = all_rows()

    response = client.post(RECORD, typed(order))

    page = response.content.decode()
    assert response.status_code == 200
    assert "guest@example.com" in page and "KSh 1,500" in page and NUMBER in page and "23 Nov 2026, 15:01" in page
    assert all_rows() == before


def test_recorded_payment_pays_the_order() -> None:
    payment = expired()
    order = payment.mpesa_order.order

    response = staff_client("record_receipt").post(RECORD, typed(order, confirmed="1"), follow=True)

    receipt = MpesaReceipt.objects.get()
    assert (receipt.number, receipt.amount, receipt.payment) == (NUMBER, 1500, payment)
    assert (receipt.source, receipt.allocation) == (ReceiptSource.STAFF, Allocation.APPLIED)
    assert (receipt.allocated_by_name, receipt.note) == ("Achieng Were", "M-PESA portal")
    assert f"{receipt.paid_at:%H:%M}" == "12:01"
    assert "was recorded and matched to the order." in response.content.decode()
    assert "staff, by hand" in response.content.decode()


def test_missing_code_is_added_to_the_receipt() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))

    staff_client("record_receipt").post(RECORD, typed(payment.mpesa_order.order, confirmed="1"))

    receipt = MpesaReceipt.objects.get()
    assert (receipt.number, receipt.allocation) == (NUMBER, Allocation.APPLIED)
    assert payment.mpesa_order.order.sources.get().reference == NUMBER


def test_payment_sent_twice_is_recorded_once() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_receipt")
    client.post(RECORD, typed(order, confirmed="1"))

    again = client.post(RECORD, typed(order, confirmed="1"))

    page = again.content.decode()
    assert again.status_code == 422 and "This M-PESA code is already in the list." in page
    assert reverse("dashboard:mpesa-receipt", args=[MpesaReceipt.objects.get().pk]) in page
    assert MpesaEvent.objects.filter(type="receipt_recorded").count() == 1


def test_wrong_amount_is_announced_and_needs_a_decision() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_receipt")

    looked = client.post(RECORD, typed(order, amount="1400")).content.decode()
    done = client.post(RECORD, typed(order, amount="1400", confirmed="1"), follow=True).content.decode()

    assert "It will wait for a decision." in looked
    assert "It waits for a decision: see below." in done
    assert MpesaReceipt.objects.get().allocation == Allocation.MISMATCH


def test_similar_code_of_the_order_is_a_warning() -> None:
    order = pay(new_payment()).mpesa_order.order

    page = staff_client("record_receipt").post(RECORD, typed(order, code="OD123ABC54")).content.decode()

    assert "The code OD123ABC45 of this order looks almost the same." in page
    assert "Money that already arrived for this order:" in page


def test_payment_can_be_chosen_by_its_masked_phone() -> None:
    first = expired()
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(200))
    apply_update(second, push_expired(), now=later(350))
    sent, client = typed(first.mpesa_order.order), staff_client("record_receipt")

    page = client.post(RECORD, sent).content.decode()
    client.post(RECORD, {**sent, "payment": str(second.pk), "confirmed": "1"})

    assert "0712 •••678, KSh 1,500" in page and "0712345678" not in page and "712345678" not in page
    assert MpesaReceipt.objects.get().payment == second


def test_unclear_payment_must_be_chosen() -> None:
    first = expired()
    second = new_payment(first.mpesa_order.order, phone=ANOTHER, now=later(200))
    apply_update(second, push_expired(), now=later(350))
    apply_update(first, query_update("0"), now=later(400))
    apply_update(second, query_update("0"), now=later(401))

    response = staff_client("record_receipt").post(RECORD, typed(first.mpesa_order.order, confirmed="1"))

    page = response.content.decode()
    assert response.status_code == 422 and "Choose the payment that this code belongs to." in page
    assert 'name="payment"' in page and 'value="M-PESA portal"' in page


def test_payment_on_hold_is_refused() -> None:
    on_hold = mismatch()
    sent = typed(on_hold.order, code="OD999ZZZ99", confirmed="1")
    MpesaReceipt.objects.update(number=None, awaiting_number=on_hold.payment_id)

    response = staff_client("record_receipt").post(RECORD, {**sent, "payment": str(on_hold.payment_id)})

    page = response.content.decode()
    assert response.status_code == 422 and "Decide about that money first." in page
    assert f"?order={sent['order']}" in page


def test_order_in_another_currency_is_refused() -> None:
    response = staff_client("record_receipt").post(RECORD, typed(new_order(currency="USD"), confirmed="1"))

    assert response.status_code == 422 and "This order is not in Kenyan shillings." in response.content.decode()
    assert not MpesaReceipt.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"code": "OD123"}, "An M-PESA code has ten capital letters and digits", id="code"),
        pytest.param({"code": "1234567890"}, "An M-PESA code has ten capital letters and digits", id="digits alone"),
        pytest.param({"amount": "0"}, "greater than or equal to 0.01", id="nothing"),
        pytest.param({"amount": "NaN"}, "Enter a number.", id="no number"),
        pytest.param({"day": "2126-01-01"}, "Enter a time that is not in the future", id="in the future"),
        pytest.param({"time": "25:00"}, "Enter a valid time.", id="no time"),
        pytest.param({"order": "42"}, "No order has the number 42.", id="no such order"),
        pytest.param({"order": "\x00"}, "Null characters are not allowed.", id="no number of an order"),
        pytest.param({"note": " "}, "This field is required.", id="no place"),
        pytest.param({"payment": "999"}, "Select a valid choice.", id="a request of another order"),
    ],
)
def test_invalid_payment_is_refused_with_its_values(changes: dict[str, str], sentence: str) -> None:
    order = expired().mpesa_order.order

    response = staff_client("record_receipt").post(RECORD, {**typed(order, confirmed="1"), **changes})

    page = response.content.decode()
    assert response.status_code == 422 and sentence in page
    assert 'value="15:01"' in page or "time" in changes
    assert not MpesaReceipt.objects.exists()


def test_review_can_be_changed() -> None:
    order = expired().mpesa_order.order

    response = staff_client("record_receipt").post(RECORD, typed(order, change="1"))

    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="id_code"' in page and 'value=" od123 abc45 "' in page
    assert not MpesaReceipt.objects.exists()


def test_review_costs_at_most_twelve_queries() -> None:
    order, client = pay(new_payment()).mpesa_order.order, staff_client("record_receipt")
    sent = typed(order, code="OD777ABC77", day=f"{timezone.now():%Y-%m-%d}", time="00:00")
    client.post(RECORD, sent)

    with counted() as count:
        response = client.post(RECORD, sent)

    assert "Please double-check" in response.content.decode()
    assert len(count) <= 12, str(count)
