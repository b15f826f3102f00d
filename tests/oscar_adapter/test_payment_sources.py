"""Oscar's payment sources, transactions and payment events say what the ledger says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaAllocation, MpesaOrder, MpesaReceipt
from oscar_mpesa.services.allocation import allocate, reverse_allocation
from oscar_mpesa.services.claims import record_claim, withdraw_claim
from oscar_mpesa.services.payment_updates import apply_update
from tests.oscar_adapter.books import net_of_books, payment_events, sources, transactions
from tests.payment_results import HALF_AN_HOUR, cancelled, overdue
from tests.pipelines import forked_pipeline
from tests.services.unmatched import mismatch
from tests.shop import ANOTHER, CANCELS, NOON, failure, later, new_order, new_payment, pay, post, query_update, success

pytestmark = pytest.mark.django_db

PaymentEventQuantity = get_model("order", "PaymentEventQuantity")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")


def receipt(number: str = "OD123ABC45") -> MpesaReceipt:
    return MpesaReceipt.objects.get(number=number)


def part_paid(boss: Any, *, total: str = "2500.00", lines: int = 2) -> Any:
    """Create an order that money for another order pays in part: KSh 1,500."""
    payment = pay(new_payment())
    order = new_order(total=total, lines=lines)
    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=later(20))
    assert sources(payment.mpesa_order.order) == [("OD123ABC45", 0, 0, 0)]
    allocate(receipt(), order, by=boss, now=later(30))
    return order


def test_payment_is_a_source_a_debit_and_an_event_with_lines() -> None:
    order = new_order(lines=2)

    pay(new_payment(order))

    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]
    assert transactions(order) == [("Debit", 1500, "OD123ABC45", "simulated")]
    assert payment_events(order) == [("Paid", 1500, "OD123ABC45", 2)]
    assert order.sources.get().label == f"M-PESA {MpesaAllocation.objects.get().pk}"
    assert (order.sources.get().source_type.name, order.sources.get().currency) == ("M-PESA", "KES")
    assert net_of_books(order) == 1500


def test_real_money_is_confirmed_in_the_books() -> None:
    payment = new_payment()
    type(payment).objects.update(environment="production")
    payment.refresh_from_db()

    pay(payment)

    assert transactions(payment.mpesa_order.order) == [("Debit", 1500, "OD123ABC45", "confirmed")]


def test_recorded_payment_is_reported_until_safaricom_confirms_it(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    MpesaOrder.objects.update(environment="production")
    type(payment).objects.update(environment="production")
    record_claim("OD123ABC45", Decimal(1500), order=order, by=boss, note="in the portal", now=later(9))
    reported = transactions(order)
    payment.refresh_from_db()

    post(payment, success(payment), now=later(20))

    assert reported == [("Debit", 1500, "OD123ABC45", "reported")]
    assert transactions(order) == [("Debit", 1500, "OD123ABC45", "confirmed")]
    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]
    assert payment_events(order) == [("Paid", 1500, "OD123ABC45", 1)]


def test_part_payment_is_an_event_without_lines_and_the_rest_pays_them(boss: Any) -> None:
    order = part_paid(boss)
    first = payment_events(order)

    pay(new_payment(order, now=later(60)), number="OD222BBB22", now=later(70))

    assert first == [("Part payment", 1500, "OD123ABC45", 0)]
    assert payment_events(order) == [("Part payment", 1500, "OD123ABC45", 0), ("Paid", 1000, "OD222BBB22", 2)]
    assert sources(order) == [("OD123ABC45", 1500, 1500, 0), ("OD222BBB22", 1000, 1000, 0)]
    assert net_of_books(order) == 2500


def test_unmatched_money_lowers_its_source_and_pays_lines_once(boss: Any) -> None:
    order = new_order(lines=2)
    pay(new_payment(order))

    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=later(20))
    unmatched = (sources(order), payment_events(order), net_of_books(order))
    allocate(receipt(), order, by=boss, now=later(30))

    assert unmatched == (
        [("OD123ABC45", 0, 0, 0)],
        [("Paid", 1500, "OD123ABC45", 2), ("Reversal", -1500, "OD123ABC45", 0)],
        0,
    )
    assert sources(order) == [("OD123ABC45", 0, 0, 0), ("OD123ABC45", 1500, 1500, 0)]
    assert transactions(order) == [
        ("Debit", 1500, "OD123ABC45", "simulated"),
        ("Reversal", -1500, "OD123ABC45", "reversed"),
        ("Debit", 1500, "OD123ABC45", "simulated"),
    ]
    assert [each[0] for each in payment_events(order)] == ["Paid", "Reversal", "Paid"]
    assert PaymentEventQuantity.objects.count() == 2
    assert net_of_books(order) == 1500


def test_withdrawn_recorded_payment_leaves_the_books(boss: Any) -> None:
    order = new_order()
    claim = record_claim("OD123ABC45", Decimal(1500), order=order, by=boss, note="in the portal", now=later(9))
    assert net_of_books(order) == 1500

    withdraw_claim(claim, by=boss, note="another customer's", now=later(20))

    assert sources(order) == [("OD123ABC45", 0, 0, 0)]
    assert payment_events(order)[1:] == [("Reversal", -1500, "OD123ABC45", 0)]


def test_code_that_arrives_later_names_only_its_own_rows() -> None:
    order = new_order()
    first = new_payment(order)
    apply_update(first, query_update("0"), now=later(21))
    second = new_payment(new_order(total="900.00"), phone=ANOTHER, now=later(30))
    apply_update(second, query_update("0"), now=later(60))
    assert [sources(each.mpesa_order.order) for each in (first, second)] == [
        [("", 1500, 1500, 0)],
        [("", 900, 900, 0)],
    ]

    post(first, success(first), now=later(70))

    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]
    assert transactions(order) == [("Debit", 1500, "OD123ABC45", "simulated")]
    assert payment_events(order) == [("Paid", 1500, "OD123ABC45", 1)]
    assert sources(second.mpesa_order.order) == [("", 900, 900, 0)]


def test_naming_one_of_two_receipts_without_code_leaves_the_other(boss: Any) -> None:
    order = new_order(total="2500.00")
    first = new_payment(order, now=NOON)
    order.total_incl_tax = order.total_excl_tax = Decimal(4000)
    order.save()
    apply_update(first, query_update("0"), now=later(21))
    second = new_payment(order, phone=ANOTHER, now=later(30))
    apply_update(second, query_update("0"), now=later(60))
    unnamed = (sources(order), payment_events(order))

    post(second, success(second, number="OD222BBB22"), now=later(70))

    assert unnamed == (
        [("", 2500, 2500, 0), ("", 1500, 1500, 0)],
        [("Part payment", 2500, "", 0), ("Paid", 1500, "", 1)],
    )
    assert sources(order) == [("", 2500, 2500, 0), ("OD222BBB22", 1500, 1500, 0)]
    assert payment_events(order) == [("Part payment", 2500, "", 0), ("Paid", 1500, "OD222BBB22", 1)]


def test_safaricoms_code_replaces_the_reported_one_in_the_books(boss: Any) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    record_claim("OD123ABC46", Decimal(1500), order=order, by=boss, note="read on the phone", now=later(9))
    apply_update(payment, query_update("0"), now=later(21))
    reported = sources(order)

    post(payment, success(payment, number="OD123ABC45"), now=later(30))

    assert reported == [("OD123ABC46", 1500, 1500, 0)]
    assert sources(order) == [("OD123ABC45", 1500, 1500, 0)]
    assert transactions(order) == [("Debit", 1500, "OD123ABC45", "simulated")]
    assert payment_events(order) == [("Paid", 1500, "OD123ABC45", 1)]


@pytest.mark.parametrize("deleted", ["sources", "payment_events"])
def test_rows_that_a_shop_deleted_are_left_out(boss: Any, deleted: str) -> None:
    payment = new_payment()
    order = payment.mpesa_order.order
    apply_update(payment, query_update("0"), now=later(21))
    getattr(order, deleted).all().delete()

    post(payment, success(payment), now=later(30))
    reverse_allocation(MpesaAllocation.objects.get(), by=boss, note="wrong order", now=later(40))

    entry = MpesaAllocation.objects.get()
    assert (entry.error, entry.reversal_booked_at) == ("", later(40))
    assert sources(order) == ([] if deleted == "sources" else [("OD123ABC45", 0, 0, 0)])
    assert payment_events(order)[-1][:2] == ("Reversal", -1500)


def test_other_methods_pay_part_of_an_order_and_lower_the_push() -> None:
    order = new_order()
    card = SourceType.objects.create(name="Card", code="card")
    Source.objects.create(
        order=order, source_type=card, amount_allocated=500, amount_debited=500, amount_refunded=100, currency="KES"
    )

    payment = pay(new_payment(order))

    assert payment.amount == 1100
    assert MpesaOrder.objects.get().is_paid
    assert net_of_books(order) == 1100


def test_only_debited_money_of_other_methods_counts() -> None:
    order = new_order()
    voucher = SourceType.objects.create(name="Gift card", code="gift-card")
    Source.objects.create(order=order, source_type=voucher, amount_allocated=500, currency="KES")

    assert new_payment(order).amount == 1500


def test_own_sources_are_not_counted_again_if_the_shop_renames_their_type(boss: Any) -> None:
    order = part_paid(boss)
    SourceType.objects.update(code="lipa-na-mpesa")

    assert new_payment(order, now=later(60)).amount == 1000


def test_second_source_that_the_shop_writes_for_mpesa_money_does_not_count(boss: Any) -> None:
    order = part_paid(boss)
    ours = order.sources.get()
    Source.objects.create(order=order, source_type=ours.source_type, amount_debited=1500, currency="KES")

    assert new_payment(order, now=later(60)).amount == 1000


def test_failed_payment_writes_no_books() -> None:
    payment = new_payment(phone=CANCELS)

    post(payment, failure(payment), now=later(20))

    payment.refresh_from_db()
    assert payment.status == "cancelled"
    assert sources(payment.mpesa_order.order) == []
    assert payment_events(payment.mpesa_order.order) == []


@pytest.mark.parametrize(
    ("pipeline", "status"),
    [
        pytest.param(None, "Pending payment", id="our pipeline"),
        pytest.param({"Payment expired": ("Being processed",)}, "Payment expired", id="the shop's own"),
    ],
)
def test_part_that_reopens_an_order_makes_it_pending_where_the_pipeline_allows(
    boss: Any, monkeypatch: pytest.MonkeyPatch, pipeline: Any, status: str
) -> None:
    money, payment = mismatch(amount=1400), overdue(cancelled())
    if pipeline:
        forked_pipeline(monkeypatch, pipeline)

    allocate(money, payment.mpesa_order.order, by=boss, now=later(HALF_AN_HOUR + 60))

    mpesa_order = MpesaOrder.objects.get(pk=payment.order_id)
    assert (mpesa_order.order.status, mpesa_order.is_closed, mpesa_order.balance) == (status, False, 100)
    assert payment_events(mpesa_order.order) == [("Part payment", 1400, "OD123ABC45", 0)]
