"""Oscar's payment sources match the receipt, also after a correction or a refund."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter import payment_sources
from oscar_mpesa.services.claims import record_receipt
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.receipt_decisions import allocate_receipt, record_refund
from tests.shop import CANCELS, NO_FUNDS, failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

Source = get_model("payment", "Source")


def books(order: Any) -> dict[str, Any]:
    """Return the sources with label, reference and amounts, and the transactions and events with reference."""
    sources = order.sources.order_by("pk")
    fields = ("label", "reference", "amount_allocated", "amount_debited", "amount_refunded")
    transactions = sources.values_list("transactions__txn_type", "transactions__reference", "transactions__amount")
    return {
        "sources": list(sources.values_list(*fields)),
        "transactions": list(transactions.order_by("transactions__pk")),
        "events": list(order.payment_events.order_by("pk").values_list("event_type__name", "reference", "amount")),
    }


def test_payment_is_a_source_a_debit_and_an_event() -> None:
    payment = pay(new_payment())

    assert books(payment.mpesa_order.order) == {
        "sources": [(f"payment {payment.pk}", "OD123ABC45", 1500, 1500, 0)],
        "transactions": [("Debit", "OD123ABC45", 1500)],
        "events": [("Paid", "OD123ABC45", 1500)],
    }


def test_receipt_without_payment_is_labeled_by_its_code(boss: Any) -> None:
    order = new_order()

    record_receipt("OD123ABC45", Decimal(1500), order=order, by=boss, note="in the portal", now=later(9))

    assert books(order)["sources"] == [("code OD123ABC45", "OD123ABC45", 1500, 1500, 0)]


def test_safaricoms_code_replaces_the_recorded_one(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    record_receipt("OD123ABC46", Decimal(1500), order=order, by=boss, note="read on the phone", now=later(9))

    post(payment, success(payment, number="OD123ABC45"), now=later(20))

    assert books(order) == {
        "sources": [(f"payment {payment.pk}", "OD123ABC45", 1500, 1500, 0)],
        "transactions": [("Debit", "OD123ABC45", 1500)],
        "events": [("Paid", "OD123ABC45", 1500)],
    }


def claim_without_payment(boss: Any) -> MpesaPayment:
    """Record a code that could belong to either of two payments, and return the one that it belongs to."""
    order = new_order()
    payments: list[MpesaPayment] = []
    for phone in (CANCELS, NO_FUNDS):
        payments.append(new_payment(order, phone=phone, now=later(5 * len(payments))))
        post(payments[-1], failure(payments[-1]), now=later(5 * len(payments)))
    record_receipt("OD123ABC45", Decimal(1500), order=order, by=boss, note="in the portal", now=later(90))
    assert books(order)["sources"][0][0] == "code OD123ABC45"
    return payments[0]


def test_recorded_code_gets_its_payment_later(boss: Any) -> None:
    payment = claim_without_payment(boss)

    post(payment, success(payment, number="OD123ABC45"), now=later(95))

    assert books(payment.mpesa_order.order)["sources"] == [(f"payment {payment.pk}", "OD123ABC45", 1500, 1500, 0)]


def test_accepted_amount_of_recorded_code_corrects_the_source(boss: Any) -> None:
    payment = claim_without_payment(boss)
    post(payment, success(payment, number="OD123ABC45", amount=1400), now=later(95))

    allocate_receipt(
        MpesaReceipt.objects.get(), payment.mpesa_order.order, by=boss, accept_difference=True, now=later(99)
    )

    assert books(payment.mpesa_order.order) == {
        "sources": [(f"payment {payment.pk}", "OD123ABC45", 1400, 1400, 0)],
        "transactions": [("Debit", "OD123ABC45", 1400)],
        "events": [("Paid", "OD123ABC45", 1400)],
    }


def test_accepted_wrong_amount_corrects_the_source(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, query_update("0"), now=later(21))
    post(payment, success(payment, amount=1400), now=later(25))
    assert books(order)["sources"] == [(f"payment {payment.pk}", "", 1500, 1500, 0)]

    allocate_receipt(MpesaReceipt.objects.get(), order, by=boss, accept_difference=True, now=later(60))

    assert books(order) == {
        "sources": [(f"payment {payment.pk}", "OD123ABC45", 1400, 1400, 0)],
        "transactions": [("Debit", "OD123ABC45", 1400)],
        "events": [("Paid", "OD123ABC45", 1400)],
    }


@pytest.mark.parametrize("amount", [1500, 200])
def test_refund_is_recorded_on_the_source(boss: Any, amount: int) -> None:
    payment = pay(new_payment())
    receipt = MpesaReceipt.objects.get()

    record_refund(receipt, amount=Decimal(amount), reference="RX99", by=boss, now=later(60))

    written = books(payment.mpesa_order.order)
    assert written["sources"] == [(f"payment {payment.pk}", "OD123ABC45", 1500, 1500, amount)]
    assert written["transactions"] == [("Debit", "OD123ABC45", 1500), ("Refund", "RX99", amount)]
    assert written["events"] == [("Paid", "OD123ABC45", 1500)]


def test_second_payment_replaces_the_refunded_first(boss: Any) -> None:
    order = new_order(lines=2)
    first = new_payment(order)
    post(first, failure(first), now=later(10))
    second = pay(new_payment(order, now=later(70)), number="OD222BBB22", now=later(80))
    post(first, success(first, number="OD111AAA11"), now=later(90))
    record_refund(MpesaReceipt.objects.get(payment=second), amount=Decimal(1500), reference="R", by=boss, now=later(99))

    applied = allocate_receipt(MpesaReceipt.objects.get(payment=first), order, by=boss, now=later(100))

    written = books(order)
    assert applied.allocation == Allocation.APPLIED
    assert [source[0] for source in written["sources"]] == [f"payment {second.pk}", f"payment {first.pk}"]
    assert written["events"] == [("Paid", "OD222BBB22", 1500), ("Paid", "OD111AAA11", 1500)]
    assert [event.line_quantities.count() for event in order.payment_events.order_by("pk")] == [2, 0]


def test_receipt_without_source_cannot_be_refunded() -> None:
    payment = pay(new_payment())
    payment.mpesa_order.order.sources.all().delete()

    with pytest.raises(Source.DoesNotExist):
        payment_sources.refund_receipt(
            MpesaReceipt.objects.get(), payment.mpesa_order.order, amount=Decimal(1500), reference="RK1"
        )
