"""Build one month of orders whose totals and money differ in every way."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model

from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.reports.bridge import Bridge
from oscar_mpesa.reports.period import period_figures
from oscar_mpesa.services.allocation import allocate
from oscar_mpesa.services.order_closure import close_expired_order
from oscar_mpesa.services.payments import get_or_create_mpesa_order
from oscar_mpesa.services.refunds import void_refund
from tests.dashboard.staff import new_allocation, new_receipt
from tests.services.money import PERMISSIONS, canceled_twice, claim_for, order_of, pay_amount, set_status
from tests.services.refunds import CREDIT, RETURNED, refund
from tests.shop import NOON, failure, later, new_order, new_payment, new_staff_user, pay, post

Order = get_model("order", "Order")
Source = get_model("payment", "Source")
SourceType = get_model("payment", "SourceType")

#: The month of ``NOON``.
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)

ENVIRONMENT = "simulated"

DAYS = 24 * 3600


class BridgeMonth:
    """Orders of November 2026, and one of October. Each order has an amount of its own, so sums tell them apart."""

    def __init__(self) -> None:
        self.staff = new_staff_user(*PERMISSIONS)
        self.paid = self.pays("1500.00")
        self.open_order = self.unpaid("800.00").mpesa_order.order
        self.closed = self.closes("700.00")
        self.canceled = self.cancels("600.00")
        self.part_paid = self.pays_part("1000.00", 400)
        self.rounded = self.pays_hand_rounded()
        self.credited = self.pays("1300.00")
        refund(self.receipt_of(self.credited), self.staff, amount=500, code="SKN7AAA001", purpose=CREDIT)
        self.by_card = self.pays_with_card("2000.00", 450)
        self.of_october = self.pays("1100.00")
        self.place(self.of_october, later(-30 * DAYS))
        new_order(total="900.00")  # cash on delivery
        self.in_dollars = new_order(total="120.00", currency="USD")
        self.recorded = new_order(total="300.00")
        claim_for(self.recorded, self.staff, number="OD00CLAIM1", amount=300)
        self.of_first_minutes = self.pays_before_midnight("250.00")
        self.of_other_environment = self.belongs_elsewhere("77.00")
        self.moved = self.gets_surplus("650.00")
        self.refund_voided = self.pays("110.00")
        sent, *_ = refund(self.receipt_of(self.refund_voided), self.staff, code="SKN7AAA002", purpose=RETURNED)
        void_refund(sent, by=self.staff, note="not sent", now=later(DAYS))
        for order in Order.objects.filter(date_placed__gte=datetime.now(NAIROBI) - timedelta(hours=1)):
            self.place(order, NOON)

    def place(self, order: Any, moment: datetime) -> None:
        Order.objects.filter(pk=order.pk).update(date_placed=moment)

    def receipt_of(self, order: Any) -> Any:
        return order.mpesa_receipts.get()

    def new_number(self) -> str:
        return f"OD{Order.objects.count():08}"

    def payment_for(self, order: Any) -> Any:
        """Send a prompt to a phone of its own, because prompts per phone are limited."""
        return new_payment(order, phone=PhoneNumber.parse(f"2547{order.pk:08}"))

    def unpaid(self, total: str) -> Any:
        payment = self.payment_for(new_order(total=total))
        post(payment, failure(payment), now=later(10))
        return payment

    def pays(self, total: str) -> Any:
        return order_of(pay(self.payment_for(new_order(total=total)), number=self.new_number()))

    def closes(self, total: str) -> Any:
        payment = self.unpaid(total)
        close_expired_order(payment.mpesa_order, now=later(1800))
        return order_of(payment)

    def cancels(self, total: str) -> Any:
        order = order_of(self.unpaid(total))
        set_status(order, "Cancelled")
        return order

    def pays_part(self, total: str, amount: int) -> Any:
        payment = self.unpaid(total)
        receipt = pay_amount(payment, amount, number=self.new_number())
        allocate(receipt, order_of(payment), by=self.staff, now=later(100))
        return order_of(payment)

    def pays_hand_rounded(self) -> Any:
        """Pay KSh 1,500 for an order of KSh 1,499.50."""
        order = new_order(total="1499.50")
        receipt = pay_amount(self.payment_for(order), 1500, number=self.new_number())
        assert receipt.status == "matched"
        Order.objects.filter(pk=order.pk).update(total_incl_tax=Decimal("1499.50"))  # without the surcharge
        return order

    def pays_with_card(self, total: str, card: int) -> Any:
        order = new_order(total=total)
        source_type, _ = SourceType.objects.get_or_create(code="card", defaults={"name": "Card"})
        Source.objects.create(order=order, source_type=source_type, amount_allocated=card, amount_debited=card)
        return order_of(pay(self.payment_for(order), number=self.new_number()))

    def pays_before_midnight(self, total: str) -> Any:
        """Place an order in the first minutes of the month, for money of the last minutes before."""
        order, midnight = new_order(total=total), datetime(2026, 11, 1, tzinfo=NAIROBI)
        get_or_create_mpesa_order(order.pk, now=midnight)
        about: dict[str, Any] = {"environment": ENVIRONMENT, "amount": Decimal(total)}
        new_allocation(new_receipt(self.new_number(), paid_at=midnight - timedelta(minutes=5), **about), order)
        self.place(order, midnight + timedelta(minutes=5))
        return order

    def belongs_elsewhere(self, total: str) -> Any:
        payment = self.unpaid(total)
        MpesaOrder.objects.filter(pk=payment.order_id).update(environment="sandbox")
        return order_of(payment)

    def gets_surplus(self, total: str) -> Any:
        """Match the second payment of one order to another order."""
        first, second = canceled_twice(total=total)
        pay(first, number=self.new_number(), now=later(300))
        pay(second, number="OD00MOVED1", now=later(310))
        surplus = order_of(first).mpesa_receipts.get(number="OD00MOVED1")
        other = new_order(total=total)
        allocate(surplus, other, by=self.staff, now=later(400))
        return other


def bridge_of(first: date = FIRST, last: date = LAST, environment: str = ENVIRONMENT) -> Bridge:
    """Return the bridge of these days."""
    return period_figures(environment, first, last).bridge


def parts(bridge: Bridge) -> dict[str, tuple[int, Decimal]]:
    """Return the number and the amount of each part that has orders."""
    names = ("without_mpesa", "other_environment", "other_payments", "unpaid_open", "unpaid_ended", "recorded")
    return {
        name: (part.count, part.amount)
        for name in (*names, "credits", "differences")
        if (part := getattr(bridge, name)).count
    }
