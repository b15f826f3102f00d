"""Record refunds on the pages, say what they are for, and void wrong ones."""

from __future__ import annotations

import re
from typing import Any

import pytest

from oscar_mpesa.models import MpesaReceipt, ReceiptStatus
from oscar_mpesa.services.allocation import allocate, resolve_receipt
from tests.dashboard.money.deciding import decide, decide_twice, look, refund_values
from tests.dashboard.staff import ALL, decision_url, page_text, receipt_url, staff_client, url_of
from tests.services.money import balance, books, paid_order, receipt, twice_paid
from tests.services.unmatched import fresh, mismatch, surplus
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

QUESTION = "Does the customer keep the order?"
CHECKED = re.compile(r'<input type="radio" name="purpose" value="(\w+)"[^>]*checked')


def refund_url(money: MpesaReceipt) -> str:
    return decision_url("refund", money)


def test_refund_is_recorded_with_day_and_reference() -> None:
    money, client = mismatch(), staff_client("record_refund")

    seen = look(client, refund_url(money), **refund_values(money))
    done = page_text(decide(client, refund_url(money), **refund_values(money)))

    sent = money.refunds.get()
    assert "Amount KSh 1,400 Refunded on 24 Nov 2026 M-PESA code of the refund, or how it was sent OD777REV77" in seen
    assert "None of this money stays unmatched." in seen and "gets an email about the refund." in seen
    assert (sent.code, sent.requested_by_name, sent.purpose) == ("OD777REV77", "Achieng Were", "payment_returned")
    assert f"{sent.happened_at:%Y-%m-%d %H:%M}" == "2026-11-24 09:00"
    assert fresh(money).status == ReceiptStatus.REFUNDED
    assert "The refund of KSh 1,400 was recorded. Void it" in done
    assert "all of it was refunded on 24 Nov 2026." in done


def test_refund_on_the_same_day_is_not_before_the_payment() -> None:
    money = mismatch()

    decide(staff_client("record_refund"), refund_url(money), **refund_values(money, day="2026-11-23"))

    assert money.refunds.get().happened_at == money.paid_at


def test_partial_refund_sent_twice_counts_once() -> None:
    money, client = mismatch(), staff_client("record_refund")

    again = decide_twice(client, refund_url(money), **refund_values(money, 500))
    decide(client, refund_url(money), **refund_values(money, 900, reference="OD888REV88"))

    assert "This was done already. Nothing was changed again." in page_text(again)
    assert [each.amount for each in money.refunds.all()] == [500, 900]
    assert fresh(money).status == ReceiptStatus.REFUNDED


def test_outdated_form_records_no_refund_of_matched_money() -> None:
    money, client = mismatch(), staff_client(*ALL)
    old = refund_values(money)
    allocate(money, money.meant_for, by=new_staff_user("match_receipt"), now=later(300))

    unanswered = client.post(refund_url(money), old)
    text = page_text(decide(client, refund_url(money), **old, purpose="credit"))

    assert unanswered.status_code == 422 and QUESTION in page_text(unanswered)
    assert "Somebody has already decided about this money. Please double-check." in text
    assert (fresh(money).status, money.refunds.count()) == (ReceiptStatus.MATCHED, 0)


def test_outdated_form_records_no_second_refund() -> None:
    money, client = mismatch(), staff_client(*ALL)
    old, other = refund_values(money, 500), refund_values(money, 400, reference="OD888REV88")
    decide(client, refund_url(money), **other)

    text = page_text(decide(client, refund_url(money), **old))
    page = client.get(refund_url(money)).content.decode()

    assert "A refund of this money was recorded meanwhile." in text
    assert 'name="refunded_before" value="400.00"' in page
    assert [each.amount for each in money.refunds.all()] == [400]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"sent": ""}, "Send the refund first, then tick this.", id="not sent yet"),
        pytest.param({"amount": "1401"}, "not more than arrived.", id="more than arrived"),
        pytest.param({"amount": "0"}, "Enter an amount above zero", id="nothing"),
        pytest.param({"amount": "NaN"}, "Enter a number.", id="no number"),
        pytest.param({"day": "2026-11-22"}, "not before the money arrived.", id="before it came"),
        pytest.param({"day": "2126-11-22"}, "not in the future", id="in the future"),
        pytest.param({"reference": ""}, "This field is required.", id="no reference"),
    ],
)
def test_invalid_refund_is_refused_with_its_values(changes: dict[str, str], sentence: str) -> None:
    money = mismatch()

    response = decide(staff_client(*ALL), refund_url(money), **refund_values(money, note="to his brother", **changes))

    assert response.status_code == 422
    assert sentence in response.content.decode() and 'value="to his brother"' in response.content.decode()
    assert not money.refunds.exists()


def test_code_of_one_refund_is_refused_for_another() -> None:
    twice_paid()
    first, second = receipt("OD111AAA11"), receipt("OD222BBB22")
    client = staff_client(*ALL)
    decide(client, refund_url(second), **refund_values(second))

    text = page_text(decide(client, refund_url(first), **refund_values(first, 100, purpose="credit")))

    assert "This M-PESA code is already on a refund." in text
    assert not first.refunds.exists()


# What it is for


@pytest.mark.parametrize(
    ("purpose", "promise", "left"),
    [
        pytest.param("credit", "Order {number} still owes nothing.", (True, 0), id="credit"),
        pytest.param(
            "payment_returned",
            "Order {number} is no longer paid: KSh 500 will be missing.",
            (False, 500),
            id="payment returned",
        ),
    ],
)
def test_answer_says_what_the_order_then_owes(purpose: str, promise: str, left: Any) -> None:
    order = paid_order()
    money, client = receipt(), staff_client(*ALL)
    values = refund_values(money, 500, purpose=purpose)

    seen = look(client, refund_url(money), **values)
    decide(client, refund_url(money), **values)

    assert promise.format(number=order.number) in seen and QUESTION in seen
    assert "s payment page shows the refund." in seen
    assert (balance(order), books(order), money.refunds.get().purpose) == (left, 1000, purpose)


def test_refund_of_an_orders_money_needs_an_answer() -> None:
    paid_order()

    response = decide(staff_client(*ALL), refund_url(receipt()), **refund_values(receipt(), 500))

    assert response.status_code == 422 and "This field is required." in page_text(response)


def test_answer_is_by_default_that_the_order_owes_less() -> None:
    paid_order()

    page = staff_client(*ALL).get(refund_url(receipt())).content.decode()

    assert QUESTION in page and CHECKED.findall(page) == ["credit"]


def test_other_unmatched_money_presets_that_the_payment_is_returned() -> None:
    twice_paid()

    page = staff_client(*ALL).get(refund_url(receipt("OD111AAA11"))).content.decode()

    assert CHECKED.findall(page) == ["payment_returned"]


def test_unmatched_or_resolved_money_asks_no_question() -> None:
    money, client = surplus(), staff_client(*ALL)
    unmatched = page_text(client.get(refund_url(money)))
    resolve_receipt(money, note="a voucher", by=new_staff_user("resolve_receipt"), now=later(60))

    resolved = client.get(refund_url(money)).content.decode()

    assert QUESTION not in unmatched and QUESTION not in resolved
    assert "Recording a refund doesn't send money." in unmatched
    assert 'name="amount" value="1500"' in resolved


def test_unmatched_part_comes_first_and_is_returned() -> None:
    money, order, client = surplus(), new_order(total="900.00"), staff_client(*ALL)
    allocate(money, order, by=new_staff_user("match_receipt"), now=later(60))
    small, large = (refund_values(money, amount, purpose="credit") for amount in (600, 700))

    of_rest, of_both = (look(client, refund_url(money), **each) for each in (small, large))
    decide(client, refund_url(money), **large)

    assert QUESTION not in of_rest and QUESTION in of_both
    assert [(each.amount, each.purpose) for each in money.refunds.all()] == [(600, "payment_returned"), (100, "credit")]
    assert balance(order) == (True, 0)


def test_page_names_the_phone_that_paid() -> None:
    money = surplus()

    whole, masked = (page_text(staff_client(*ALL, *more).get(refund_url(money))) for more in (["view_full_phone"], []))

    assert "to 0708 374 149, the phone that paid" in whole
    assert "to 0708 •••149, the phone that paid" in masked and "0708 374 149" not in masked
    assert "You don't have permission to see the full number." in masked


def test_page_names_the_orders_that_the_money_counts_for() -> None:
    order = paid_order()

    text = page_text(staff_client(*ALL).get(refund_url(receipt())))

    assert f"This money counts for order {order.number}. A refund takes what is not matched first" in text


# Void


def void_url(money: MpesaReceipt) -> str:
    return url_of("refund-void", money.refunds.latest("pk").pk)


def test_voided_refund_counts_again_for_its_order() -> None:
    order = paid_order()
    money, client = receipt(), staff_client("record_refund")
    decide(client, refund_url(money), **refund_values(money, 500, purpose="payment_returned"))

    seen = look(client, void_url(money), note="it was for another order")
    done = page_text(decide(client, void_url(money), note="it was for another order"))

    assert f"This pays order {order.number}." in seen
    assert f"The customer gets an email that order {order.number} is paid." in seen
    assert "The refund of KSh 500 was voided. Record the right refund" in done
    assert "Refund voided Achieng Were" in done and "it was for another order" in done
    assert (balance(order), books(order)) == ((True, 0), 1500)


def test_refund_is_voided_once() -> None:
    money, client = mismatch(), staff_client("record_refund")
    decide(client, refund_url(money), **refund_values(money))

    again = page_text(decide_twice(client, void_url(money), note="not sent"))

    assert "Somebody has already decided about this money." in again
    assert fresh(money).unallocated == 1400


def test_void_needs_a_reason() -> None:
    money, client = mismatch(), staff_client("record_refund")
    decide(client, refund_url(money), **refund_values(money))

    response = decide(client, void_url(money), note=" ")

    assert response.status_code == 422 and "This field is required." in page_text(response)
    assert money.refunds.get().status == "completed"


def test_void_that_frees_other_money_shows_the_new_review() -> None:
    money, client = mismatch(), staff_client(*ALL)
    decide(client, refund_url(money), **refund_values(money, 500))
    confirmation = {"note": "not sent", "agreed": "0" * 16, "confirmed": "1"}

    text = page_text(client.post(void_url(money), confirmation))

    assert "This changed meanwhile. Please double-check again." in text
    assert "KSh 1,400 will be unmatched" in text
    assert money.refunds.get().status == "completed"


def test_only_those_who_record_refunds_are_offered_to_void_them() -> None:
    money = mismatch()
    decide(staff_client("record_refund"), refund_url(money), **refund_values(money))

    others = staff_client("match_receipt", "resolve_receipt")
    assert void_url(money) in staff_client("record_refund").get(receipt_url(money)).content.decode()
    assert void_url(money) not in others.get(receipt_url(money)).content.decode()
    assert others.post(void_url(money), {"note": "x"}).status_code == 403


def test_refund_that_is_sent_by_the_app_cannot_be_voided() -> None:
    money = mismatch()
    decide(staff_client("record_refund"), refund_url(money), **refund_values(money))
    money.refunds.update(method="reversal")

    client = staff_client("record_refund")
    assert void_url(money) not in client.get(receipt_url(money)).content.decode()
    assert client.get(void_url(money)).status_code == 404
