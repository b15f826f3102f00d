"""Receive, decide about and refund money by the services, and write down which entries that must make."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from django.db import transaction
from oscar.core.loading import get_model

from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.models import (
    MpesaClaim,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    RefundPurpose,
    UpdateSource,
)
from oscar_mpesa.services.allocation import allocate, move_allocation, resolve_receipt, reverse_allocation
from oscar_mpesa.services.claims import record_claim, withdraw_claim
from oscar_mpesa.services.locks import lock_mpesa_order
from oscar_mpesa.services.reassessment import reassess
from oscar_mpesa.services.receipts import store_receipt
from oscar_mpesa.services.refunds import record_refund, void_refund
from oscar_mpesa.services.update_sources import PaymentUpdate
from tests.reports.scripted_book import (
    COLUMN,
    MATCH,
    RECEIVED,
    RECORD,
    RECORD_END,
    REFUND,
    RESOLVE,
    UNMATCH,
    UNRESOLVE,
    VOID,
    Book,
    Row,
)
from tests.services.money import PERMISSIONS
from tests.shop import new_staff_user

Order = get_model("order", "Order")

ENVIRONMENT = "simulated"

#: Noon in Nairobi on the day before the month.
START = datetime(2026, 10, 31, 9, 0, tzinfo=timezone.utc)

CREDIT, RETURNED = RefundPurpose.CREDIT, RefundPurpose.PAYMENT_RETURNED


class Steps:
    """Steps with orders and money. Each calls a service at a moment of its own, and expects rows."""

    def __init__(self, *, orders: int = 215) -> None:
        self.book, self.staff = Book(), new_staff_user(*PERMISSIONS)
        self.steps = self.codes = 0
        self.by: dict[str, Any] = {"by": self.staff, "note": "as agreed"}
        self.free = _orders(orders)
        self.at: dict[str, datetime] = {}

    def now(self, day: int) -> datetime:
        """Return the next moment of a day; ``day`` counts from the first of the month."""
        self.steps += 1
        return START + timedelta(days=day, seconds=self.steps)

    def code(self) -> str:
        """Return a new M-PESA code."""
        self.codes += 1
        return f"OD{self.codes:08}"

    def order(self, total: int = 1500) -> Any:
        """Return an order without money, of this total."""
        order = self.free.pop()
        if total != 1500:
            Order.objects.filter(pk=order.pk).update(total_incl_tax=total, total_excl_tax=total)
            order.total_incl_tax = Decimal(total)
        self.book.owes[order.number] = total
        return order

    def post(
        self,
        what: str,
        code: str,
        order: Any,
        amount: int,
        now: datetime,
        *,
        paid_at: datetime,
        owed: int | None = None,
    ) -> None:
        """Expect a row. ``owed`` is what the order owes after it."""
        row = Row(
            day=now.date(),
            moment=now,
            what=what,
            code=code,
            order=order.number,
            amount=COLUMN[what][1] * amount,
            balance=owed,
            is_later=now.date() > paid_at.date(),
        )
        self.book.rows.append(row)

    def arrive(self, order: Any, amount: int, day: int, *, matched: int | None = None, late: int = 0) -> MpesaReceipt:
        """Let money arrive, and be stored ``late`` days later. By default all of it is ``matched`` to the order."""
        code, paid_at, now = self.code(), self.now(day), self.now(day + late)
        receipt = _receive(order, code, amount, paid_at=paid_at, now=now)
        self.at[code] = paid_at
        self.post(RECEIVED, code, order, amount, now, paid_at=paid_at)
        part = amount if matched is None else matched
        self._owe(order, -part)
        self.post(MATCH, code, order, part, now, paid_at=paid_at, owed=self.book.owes[order.number])
        return receipt

    def unmatch(self, receipt: MpesaReceipt, order: Any, day: int) -> None:
        """Unmatch all of a receipt from an order."""
        now, entry = self.now(day), receipt.allocations.get(reversed_at=None)
        reverse_allocation(entry, **self.by, now=now)
        amount = self._owe(order, int(entry.amount))
        self._decided(UNMATCH, receipt, order, amount, now)

    def match(self, receipt: MpesaReceipt, order: Any, amount: int, day: int) -> None:
        """Match some of a receipt to an order."""
        now = self.now(day)
        allocate(receipt, order, amount=Decimal(amount), **self.by, now=now)
        self._owe(order, -amount)
        self._decided(MATCH, receipt, order, amount, now)

    def move(self, receipt: MpesaReceipt, order: Any, target: Any, day: int) -> None:
        """Move all of a receipt from one order to another of the same total."""
        now, entry = self.now(day), receipt.allocations.get(reversed_at=None)
        move_allocation(entry, target, **self.by, now=now)
        amount = self._owe(order, int(entry.amount))
        self._owe(target, -amount)
        self._decided(UNMATCH, receipt, order, amount, now)
        self._decided(MATCH, receipt, target, amount, now)

    def refund(self, receipt: MpesaReceipt, order: Any, amount: int, day: int, purpose: RefundPurpose) -> MpesaRefund:
        """Refund some of an order's money. A credit lowers what the order owes; otherwise it owes the refund."""
        now = self.now(day)
        (refund,) = self._send(receipt, amount, now, purpose=purpose)
        self._owe(order, amount if purpose == RETURNED else 0)
        self.post(REFUND, _code(receipt), order, amount, now, paid_at=now, owed=self.book.owes[order.number])
        return refund

    def void(self, refund: MpesaRefund, order: Any, day: int) -> None:
        """Void the refund of an order's money."""
        now, amount = self.now(day), int(refund.amount)
        void_refund(refund, **self.by, now=now)
        self._owe(order, -amount if refund.purpose == RETURNED else 0)
        owed = self.book.owes[order.number]
        self.post(VOID, _code(refund.receipt), order, amount, now, paid_at=self.sent_at(refund), owed=owed)

    def give_back(self, what: str, receipt: MpesaReceipt, order: Any, amount: int, day: int) -> MpesaRefund:
        """Refund unmatched or resolved money."""
        now = self.now(day)
        (refund,) = self._send(receipt, amount, now)
        self.post(what, _code(receipt), order, amount, now, paid_at=now)
        return refund

    def void_unmatched(self, what: str, refund: MpesaRefund, order: Any, day: int) -> None:
        """Void a refund of unmatched or resolved money."""
        now = self.now(day)
        void_refund(refund, **self.by, now=now)
        self.post(what, _code(refund.receipt), order, int(refund.amount), now, paid_at=self.sent_at(refund))

    def resolve(self, receipt: MpesaReceipt, order: Any, amount: int, day: int) -> None:
        """Resolve what is unmatched of a receipt."""
        now = self.now(day)
        resolve_receipt(receipt, **self.by, now=now)
        self._decided(RESOLVE, receipt, order, amount, now)

    def undo(self, receipt: MpesaReceipt, order: Any, amount: int, day: int) -> None:
        """Undo a resolution."""
        now = self.now(day)
        reverse_allocation(receipt.allocations.get(order=None, reversed_at=None), **self.by, now=now)
        self._decided(UNRESOLVE, receipt, order, amount, now)

    def record(self, order: Any, day: int) -> MpesaClaim:
        """Record a payment of all that an order owes."""
        now, code = self.now(day), self.code()
        amount = -self._owe(order, -self.book.owes[order.number])
        claim = record_claim(code, Decimal(amount), order=order, **self.by, now=now)
        self.at[code] = now
        self.post(RECORD, code, order, amount, now, paid_at=now)
        return claim

    def withdraw(self, claim: MpesaClaim, order: Any, day: int) -> None:
        """Withdraw a recorded payment."""
        now = self.now(day)
        withdraw_claim(claim, **self.by, now=now)
        amount = self._owe(order, int(claim.amount))
        self.post(RECORD_END, claim.number, order, amount, now, paid_at=self.at[claim.number])

    def confirm(self, claim: MpesaClaim, order: Any, day: int) -> None:
        """Let a recorded payment arrive. It counts since it was recorded, and it is income since it arrived."""
        amount, now = int(claim.amount), self.now(day)
        _receive(order, claim.number, amount, paid_at=now, now=now)
        code, recorded_at = claim.number, self.at[claim.number]
        self.post(RECEIVED, code, order, amount, now, paid_at=now)
        match = Row(
            day=now.date(),
            moment=now,
            what=MATCH,
            code=code,
            order=order.number,
            amount=amount,
            balance=0,
            is_later=False,
        )
        self.book.rows.append(match)
        self.post(RECORD_END, code, order, amount, now, paid_at=recorded_at)

    def get_cheaper(self, receipt: MpesaReceipt, order: Any, less: int, day: int) -> None:
        """Lower the total of a paid order, so that less of its money counts."""
        now, amount = self.now(day), int(receipt.allocations.get(reversed_at=None).amount)
        Order.objects.filter(pk=order.pk).update(total_incl_tax=amount - less, total_excl_tax=amount - less)
        reassess(order.pk, now=now)
        self._decided(UNMATCH, receipt, order, amount, now)
        self._decided(MATCH, receipt, order, amount - less, now)

    def sent_at(self, refund: MpesaRefund) -> datetime:
        """Return when a refund was sent."""
        assert refund.happened_at is not None
        return refund.happened_at

    def _owe(self, order: Any, amount: int) -> int:
        self.book.owes[order.number] += amount
        return amount

    def _decided(self, what: str, receipt: MpesaReceipt, order: Any, amount: int, now: datetime) -> None:
        owed = self.book.owes[order.number] if what in {MATCH, UNMATCH} else None
        self.post(what, _code(receipt), order, amount, now, paid_at=self.at[_code(receipt)], owed=owed)

    def _send(self, receipt: MpesaReceipt, amount: int, now: datetime, **about: Any) -> list[MpesaRefund]:
        return record_refund(receipt, amount=Decimal(amount), code=self.code(), **self.by, now=now, **about)


def _code(receipt: MpesaReceipt) -> str:
    assert receipt.number is not None
    return receipt.number


def _receive(order: Any, code: str, amount: int, *, paid_at: datetime, now: datetime) -> MpesaReceipt:
    """Store the money of a payment of this amount, as its callback does."""
    update = PaymentUpdate(
        source=UpdateSource.CALLBACK,
        status=PaymentStatus.COMPLETED,
        amount=Decimal(amount),
        receipt_number=code,
        paid_at=paid_at,
    )
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        columns = {"phone": "254708374149", "amount": amount, "environment": ENVIRONMENT, "created_at": paid_at}
        payment = MpesaPayment.objects.create(mpesa_order=mpesa_order, status="completed", **columns)
        store_receipt(payment, update, now)
    return MpesaReceipt.objects.get(number=code)


def _orders(count: int) -> list[Any]:
    """Create unpaid orders of 1,500 shillings as rows: placing them takes longer."""
    total = dict.fromkeys(["total_incl_tax", "total_excl_tax"], Decimal(1500))
    orders = [
        Order(
            number=f"S{number:05}",
            currency="KES",
            status="Pending payment",
            date_placed=START + timedelta(days=1 + number % 30),
            guest_email=f"s{number}@example.com",
            **total,
        )
        for number in range(count)
    ]
    created: list[Any] = Order.objects.bulk_create(orders)
    MpesaOrder.objects.bulk_create(
        MpesaOrder(
            order=order, environment=ENVIRONMENT, created_at=order.date_placed, pay_before=START + timedelta(days=99)
        )
        for order in created
    )
    return created
