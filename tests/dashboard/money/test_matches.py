"""Match money to an order: the form, the review with its promises, and the confirmation."""

from __future__ import annotations

from decimal import Decimal

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, ReceiptStatus
from oscar_mpesa.services.allocation import allocate
from tests.dashboard.money.deciding import agreed, decide, decide_twice, look
from tests.dashboard.staff import ALL, decision_url, order_number_of, page_text, staff_client
from tests.rows import all_rows
from tests.services.unmatched import fresh, mismatch, surplus
from tests.shop import later, new_order, new_staff_user

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def test_review_shows_the_order_and_changes_nothing() -> None:
    receipt, other = surplus(), new_order()
    before = all_rows()

    text = look(staff_client(*ALL), decision_url("allocate", receipt), order=f"#{other.number}")

    assert f"Order {other.number} Customer guest@example.com Order total KSh 1,500 Still owed KSh 1,500" in text
    assert f"KSh 1,500 will be matched to order {other.number}." in text
    assert f"The customer gets an email that order {other.number} is paid." in text
    assert all_rows() == before


@pytest.mark.parametrize(
    ("total", "amount", "effect"),
    [
        pytest.param("1500.00", "KSh 1,500", "This pays order {number}.", id="exact"),
        pytest.param(
            "1800.00",
            "KSh 1,500",
            "This is a part payment: KSh 300 will still be missing from order {number}.",
            id="less",
        ),
        pytest.param("1200.00", "KSh 1,200", "KSh 300 stays overpaid.", id="more"),
    ],
)
def test_match_says_what_will_happen_and_does_it(total: str, amount: str, effect: str) -> None:
    receipt, other, client = surplus(), new_order(total=total), staff_client(*ALL)

    seen = look(client, decision_url("allocate", receipt), order=other.number)
    done = page_text(decide(client, decision_url("allocate", receipt), order=other.number))

    assert effect.format(number=other.number) in seen and f"{amount} will be matched" in seen
    assert f"{amount} was matched to order {other.number}. Unmatch it" in done
    assert MpesaOrder.objects.get(pk=other.pk).balance == Decimal(total) - other.mpesa_allocations.get().amount
    assert fresh(receipt).unallocated == 1500 - other.mpesa_allocations.get().amount


def test_smaller_amounts_split_the_money() -> None:
    receipt, first, second = surplus(), new_order(total="900.00"), new_order(total="900.00")
    client, url = staff_client(*ALL), decision_url("allocate", receipt)

    seen = look(client, url, order=first.number, amount="400")
    for order, amount in ((first, "400"), (second, "900"), (first, "200")):
        decide(client, url, order=order.number, amount=amount)

    assert f"KSh 400 will be matched to order {first.number}." in seen
    assert f"KSh 500 will still be missing from order {first.number}." in seen
    assert "KSh 1,100 stays overpaid." in seen
    assert [(each.order, each.amount) for each in receipt.allocations.active()] == [
        (first, 400),
        (second, 900),
        (first, 200),
    ]
    assert fresh(receipt).unallocated == 0


@pytest.mark.parametrize("amount", ["1501", "0", "-5", "NaN"])
def test_impossible_amount_is_refused(amount: str) -> None:
    receipt, other = surplus(), new_order(total="9000.00")

    response = decide(staff_client(*ALL), decision_url("allocate", receipt), order=other.number, amount=amount)

    assert response.status_code == 422 and f'value="{other.number}"' in response.content.decode()
    assert not other.mpesa_allocations.exists()


def test_split_sent_twice_is_matched_once() -> None:
    receipt, other = surplus(), new_order()

    again = decide_twice(staff_client(*ALL), decision_url("allocate", receipt), order=other.number, amount="400")

    assert "This was done already. Nothing was changed again." in page_text(again)
    assert [each.amount for each in other.mpesa_allocations.all()] == [400]


def test_match_sent_twice_counts_once_with_the_users_name() -> None:
    receipt, other, client = surplus(), new_order(), staff_client(*ALL)

    again = decide_twice(client, decision_url("allocate", receipt), order=other.number, note="agreed by phone")

    entry = other.mpesa_allocations.get()
    assert (fresh(receipt).status, entry.reason, entry.note) == ("matched", "staff", "agreed by phone")
    assert entry.by_name == "Achieng Were"
    assert "Somebody has already decided about this money." in page_text(again)
    assert other.sources.count() == 1


def test_refused_match_that_was_done_already_says_so() -> None:
    receipt, other = surplus(), new_order(total="1000.00")

    again = decide_twice(staff_client(*ALL), decision_url("allocate", receipt), order=other.number)

    assert "This was done already. Nothing was changed again." in page_text(again)
    assert [each.amount for each in other.mpesa_allocations.all()] == [1000]


def test_change_in_between_shows_the_new_review() -> None:
    receipt, other, client = surplus(), new_order(), staff_client(*ALL)
    url = decision_url("allocate", receipt)
    seen = agreed(client.post(url, {"order": other.number}))
    allocate(receipt, new_order(total="600.00"), by=new_staff_user("match_receipt"), now=later(99))

    changed = client.post(url, {"order": other.number, **seen, "confirmed": "1"})
    kept = other.mpesa_allocations.count()
    done = client.post(url, {"order": other.number, **agreed(changed), "confirmed": "1"})

    assert "This changed meanwhile. Please double-check again." in page_text(changed)
    assert f"KSh 900 will be matched to order {other.number}." in page_text(changed)
    assert (kept, done.status_code, other.mpesa_allocations.get().amount) == (0, 302, 900)


def test_review_can_be_changed() -> None:
    receipt, other = surplus(), new_order()

    response = staff_client(*ALL).post(
        decision_url("allocate", receipt), {"order": other.number, "amount": "300", "change": "1"}
    )

    assert response.status_code == 200 and 'value="300"' in response.content.decode()
    assert "Please double-check" not in page_text(response)


def test_unknown_order_number_is_an_error() -> None:
    response = staff_client(*ALL).post(decision_url("allocate", surplus()), {"order": "42<b>"})

    assert response.status_code == 422 and "No order has the number 42&lt;b&gt;." in response.content.decode()


def test_order_is_found_in_lower_case() -> None:
    receipt, order = surplus(), new_order()
    Order.objects.filter(pk=order.pk).update(number="H000042")

    text = look(staff_client(*ALL), decision_url("allocate", receipt), order=" #h000042 ")

    assert "KSh 1,500 will be matched to order H000042." in text


def test_form_has_the_order_that_unpaid_money_is_meant_for() -> None:
    receipt, client = mismatch(), staff_client(*ALL)

    page = client.get(decision_url("allocate", receipt)).content.decode()
    asked = client.get(decision_url("allocate", receipt), {"order": "#77", "amount": "300"}).content.decode()

    assert f'name="order" value="{order_number_of(receipt)}"' in page
    assert 'name="order" value="77"' in asked and 'name="amount" value="300"' in asked


def test_form_has_no_order_for_money_of_a_paid_order() -> None:
    page = staff_client(*ALL).get(decision_url("allocate", surplus())).content.decode()

    assert 'name="order"' in page and 'name="order" value=' not in page


def test_wrong_amount_is_matched_as_a_part_payment() -> None:
    receipt, client = mismatch(), staff_client(*ALL)
    number = order_number_of(receipt)

    seen = look(client, decision_url("allocate", receipt), order=number)
    decide(client, decision_url("allocate", receipt), order=number, note="regular customer")

    assert f"This is a part payment: KSh 100 will still be missing from order {number}." in seen
    assert f"The customer gets an email that says what is missing from order {number}." in seen
    assert fresh(receipt).status == ReceiptStatus.MATCHED
    mpesa_order = MpesaOrder.objects.get(pk=receipt.meant_for_id)
    assert (mpesa_order.balance, mpesa_order.is_paid) == (100, False)
