"""The app follows totals that the shop changes in its own orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.models import MpesaOrder, MpesaOutboxMessage, MpesaReceipt
from oscar_mpesa.services.reconciliation import reconcile
from tests.oscar_adapter.books import net_of_books
from tests.shop import later, new_payment, pay, post, success

pytestmark = pytest.mark.django_db

Order = get_model("order", "Order")


def receipt_state() -> tuple[str, str, Any]:
    receipt = MpesaReceipt.objects.get()
    return receipt.status, receipt.unmatched_reason, receipt.unallocated


class TestTotal:
    """The shop changes the total of an order that got money."""

    @pytest.fixture
    def order(self) -> Any:
        payment = pay(new_payment())
        return Order.objects.get(pk=payment.order_id)

    def test_saved_total_is_assessed_after_the_commit(
        self, order: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        order.total_incl_tax = order.total_excl_tax = Decimal(1000)

        with django_capture_on_commit_callbacks(execute=True):
            order.save()
            before = receipt_state()

        assert before == ("matched", "", 0)
        assert receipt_state() == ("overpaid", "order_paid", 500)
        assert net_of_books(order) == 1000

    def test_total_saved_as_an_expression_is_assessed(
        self, order: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        order.total_incl_tax = F("total_incl_tax") - 500

        with django_capture_on_commit_callbacks(execute=True):
            order.save(update_fields=["total_incl_tax"])

        assert receipt_state() == ("overpaid", "order_paid", 500)

    def test_other_saved_fields_and_loaded_fixtures_are_ignored(
        self, order: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        Order.objects.update(total_incl_tax=1000)
        order.refresh_from_db()

        with django_capture_on_commit_callbacks() as hooks:
            order.save(update_fields=["guest_email"])
            order.save_base(raw=True)
            ignored = len(hooks)
            order.save()

        assert (ignored, len(hooks)) == (0, 1)

    def test_total_changed_by_update_is_assessed_by_reconcile(self, order: Any) -> None:
        Order.objects.update(total_incl_tax=1000)
        MpesaOrder.objects.update(pay_before=timezone.now())

        list(reconcile(timezone.now))

        assert receipt_state() == ("overpaid", "order_paid", 500)

    def test_dearer_paid_order_keeps_its_status_and_sends_no_second_signal(
        self, order: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        order.total_incl_tax = order.total_excl_tax = Decimal(2500)

        with django_capture_on_commit_callbacks(execute=True):
            order.save()

        mpesa_order = MpesaOrder.objects.get()
        assert (mpesa_order.balance, mpesa_order.order.status) == (1000, "Being processed")
        assert MpesaOutboxMessage.objects.filter(kind="order_paid").count() == 1


@pytest.mark.parametrize(
    ("total", "state", "balance"),
    [
        pytest.param("2500.00", ("matched", "", 0), 1000, id="dearer: part paid"),
        pytest.param("900.00", ("overpaid", "order_paid", 600), 0, id="cheaper: overpaid"),
        pytest.param("1499.50", ("matched", "", 0), 0, id="not rounded: paid"),
    ],
)
def test_total_that_changes_before_the_money_arrives(total: str, state: Any, balance: int) -> None:
    payment = new_payment()
    Order.objects.update(total_incl_tax=Decimal(total), total_excl_tax=Decimal(total))

    post(payment, success(payment), now=later(20))

    assert receipt_state() == state
    assert MpesaOrder.objects.get().balance == balance
