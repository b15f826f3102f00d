"""The form that records a payment: type, review, confirm."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaClaim, MpesaEvent, MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.services.order_closure import close_order
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import push_expired
from tests.commit_hooks import commit_hooks
from tests.dashboard.forms import closed_payment
from tests.dashboard.money.deciding import agreed, decide, look
from tests.dashboard.staff import claim_url, page_text, staff_client
from tests.query_counts import counted
from tests.rows import all_rows
from tests.services.money import balance, entries, row
from tests.shop import later, new_order, new_payment, new_staff_user, pay, query_update

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
    page = staff_client("record_claim").get(RECORD, {"order": "100042"}).content.decode()

    assert "An SMS, screenshot or forwarded message is not proof." in page
    assert 'value="100042"' in page


def test_review_is_shown_before_the_payment_is_recorded() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_claim")
    before = all_rows()

    response = client.post(RECORD, typed(order))

    page = response.content.decode()
    assert response.status_code == 200
    assert "guest@example.com" in page and "KSh 1,500" in page and NUMBER in page and "23 Nov 2026, 15:01" in page
    assert all_rows() == before


def test_recorded_payment_pays_the_order() -> None:
    order = expired().mpesa_order.order

    response = decide(staff_client("record_claim"), RECORD, **typed(order))

    claim = MpesaClaim.objects.get()
    assert (claim.number, claim.amount, claim.order, claim.receipt) == (NUMBER, 1500, order, None)
    assert (claim.by_name, claim.seen_in, f"{claim.paid_at:%H:%M}") == ("Achieng Were", "M-PESA portal", "12:01")
    assert response.redirect_chain == [(claim_url(claim), 302)]
    assert "KSh 1,500, M-PESA code OD123ABC45, was recorded. Withdraw it" in page_text(response)
    assert MpesaOrder.objects.get(pk=order.pk).is_paid and not MpesaReceipt.objects.exists()


def test_code_of_known_money_changes_nothing_else() -> None:
    payment = new_payment()
    apply_update(payment, query_update("0"), now=later(21))
    order, client = payment.mpesa_order.order, staff_client("record_claim")

    looked = look(client, RECORD, **typed(order))
    decide(client, RECORD, **typed(order))

    assert "Money of this amount, without a code, arrived for this order." in looked
    assert (MpesaReceipt.objects.get().number, MpesaClaim.objects.get().receipt) == (None, MpesaReceipt.objects.get())
    assert order.mpesa_allocations.count() == 1


def test_payment_sent_twice_is_recorded_once() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_claim")
    decide(client, RECORD, **typed(order))

    again = decide(client, RECORD, **typed(order))

    page = again.content.decode()
    assert again.status_code == 422 and "This M-PESA code is already recorded." in page
    assert f"{reverse('dashboard:mpesa-receipts')}?code=OD123ABC45" in page
    assert MpesaEvent.objects.filter(type="claim_recorded").count() == 1


def test_code_of_received_money_is_refused() -> None:
    order = pay(new_payment()).mpesa_order.order

    response = staff_client("record_claim").post(RECORD, typed(order))

    assert response.status_code == 422 and "This M-PESA code is already in the list." in response.content.decode()


@pytest.mark.parametrize(
    ("amount", "effect"),
    [
        pytest.param("1500", "This pays order {0}. The customer gets an email that order {0} is paid.", id="exact"),
        pytest.param("1400", "This is a part payment: KSh 100 will still be missing from order {0}.", id="less"),
        pytest.param(
            "1900",
            "Only KSh 1,500 counts for the order. If Safaricom reports KSh 1,900, KSh 400 of it waits for a decision.",
            id="more",
        ),
    ],
)
def test_review_says_what_the_payment_does(amount: str, effect: str) -> None:
    order, client = expired().mpesa_order.order, staff_client("record_claim")

    looked = look(client, RECORD, **typed(order, amount=amount))
    decide(client, RECORD, **typed(order, amount=amount))

    assert effect.format(order.number) in looked and "You can withdraw it until Safaricom confirms it." in looked
    assert order.mpesa_allocations.get().amount == min(int(amount), 1500)


def canceled() -> Any:
    order = expired().mpesa_order.order
    with commit_hooks():
        order.set_status("Cancelled")
    return order


def restored() -> Any:
    order = expired().mpesa_order.order
    MpesaOrder.objects.filter(pk=order.pk).update(basket_restored_at=later(200))
    return order


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(canceled, "This order was canceled, so the payment does not count for it.", id="canceled"),
        pytest.param(restored, "The items of this order went back into the basket,", id="restored"),
        pytest.param(lambda: pay(new_payment()).mpesa_order.order, "This order is already paid, so", id="paid"),
    ],
)
def test_review_says_why_the_payment_does_not_count(make: Any, reason: str) -> None:
    order, client = make(), staff_client("record_claim")

    looked = look(client, RECORD, **typed(order, code="OD999KKK99"))
    done = page_text(decide(client, RECORD, **typed(order, code="OD999KKK99")))

    assert reason in looked and "When Safaricom reports it, the money waits for a decision." in looked
    assert f"It does not count for order {order.number}." in done


def closed_by_staff() -> Any:
    order = expired().mpesa_order.order
    close_order(order, by=new_staff_user("close_order"), note="customer called", now=later(300))
    return order


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: closed_payment().mpesa_order.order, id="by the clock"),
        pytest.param(closed_by_staff, id="by staff"),
    ],
)
def test_review_of_a_closed_order_promises_what_happens(make: Any) -> None:
    order, client = make(), staff_client("record_claim")

    looked = look(client, RECORD, **typed(order))
    decide(client, RECORD, **typed(order))

    assert f"Order {order.number} is reopened. This pays order {order.number}." in looked
    assert "waits for a decision" not in looked
    assert (row(order).is_closed, balance(order)) == (False, (True, 0))


def test_review_of_a_sold_out_order_promises_what_happens() -> None:
    order, client = closed_by_staff(), staff_client("record_claim")
    get_model("partner", "StockRecord").objects.update(num_in_stock=0)

    looked = look(client, RECORD, **typed(order))
    decide(client, RECORD, **typed(order))

    assert "This order stays closed, because its items are not all in stock." in looked
    assert "reopened" not in looked
    assert (row(order).is_closed, entries(order)) == (True, [])


def test_order_closed_after_the_review_shows_a_new_one() -> None:
    order, client = expired().mpesa_order.order, staff_client("record_claim")
    confirmation = {**typed(order), **agreed(client.post(RECORD, typed(order))), "confirmed": "1"}
    close_order(order, by=new_staff_user("close_order"), note="customer called", now=later(300))

    text = page_text(client.post(RECORD, confirmation))

    assert "This changed meanwhile. Please double-check again." in text
    assert f"Order {order.number} is reopened." in text
    assert not MpesaClaim.objects.exists()


def test_similar_code_of_the_order_is_a_warning() -> None:
    order = pay(new_payment()).mpesa_order.order

    page = staff_client("record_claim").post(RECORD, typed(order, code="OD123ABC54")).content.decode()

    assert "The code OD123ABC45 of this order looks almost the same." in page
    assert "Money that already arrived or was recorded for this order:" in page


def test_order_in_another_currency_is_refused() -> None:
    response = decide(staff_client("record_claim"), RECORD, **typed(new_order(currency="USD")))

    assert response.status_code == 422 and "This order is not in Kenyan shillings." in response.content.decode()
    assert not MpesaClaim.objects.exists()


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
    ],
)
def test_invalid_payment_is_refused_with_its_values(changes: dict[str, str], sentence: str) -> None:
    order = expired().mpesa_order.order

    response = decide(staff_client("record_claim"), RECORD, **{**typed(order), **changes})

    page = response.content.decode()
    assert response.status_code == 422 and sentence in page
    assert 'value="15:01"' in page or "time" in changes
    assert not MpesaClaim.objects.exists()


def test_review_can_be_changed() -> None:
    order = expired().mpesa_order.order

    response = staff_client("record_claim").post(RECORD, typed(order, change="1"))

    page = response.content.decode()
    assert response.status_code == 200
    assert 'id="id_code"' in page and 'value=" od123 abc45 "' in page
    assert not MpesaClaim.objects.exists()


def test_review_costs_at_most_90_queries() -> None:
    order, client = pay(new_payment()).mpesa_order.order, staff_client("record_claim")
    sent = typed(order, code="OD777ABC77", day=f"{timezone.now():%Y-%m-%d}", time="00:00")
    client.post(RECORD, sent)

    with counted() as count:
        response = client.post(RECORD, sent)

    assert "Please double-check" in response.content.decode()
    assert len(count) <= 90, str(count)
