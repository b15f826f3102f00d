"""Sum up the money of an order for its payment page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, Exists, F, OuterRef, QuerySet, Subquery, Sum

from oscar_mpesa.models import (
    ClaimStatus,
    MpesaAllocation,
    MpesaClaim,
    MpesaOrder,
    MpesaPayment,
    MpesaReceipt,
    MpesaRefund,
    ReceiptStatus,
    RefundStatus,
    UnmatchedReason,
)
from oscar_mpesa.oscar_adapter.order_messages import is_same_customer, load_decisions
from oscar_mpesa.payment_page.page_state import PaymentPageState

#: The states of money that awaits a decision, by precedence.
_UNDECIDED = (
    PaymentPageState.SURPLUS,
    PaymentPageState.MISMATCH,
    PaymentPageState.LATE,
    PaymentPageState.REVIEWED,
)

#: The states of money that staff decided about, by precedence.
_DECIDED = (PaymentPageState.RETURNED, PaymentPageState.USED, PaymentPageState.EXPLAINED)

_STATE_BY_REASON = {
    UnmatchedReason.ORDER_PAID: PaymentPageState.SURPLUS,
    UnmatchedReason.WRONG_AMOUNT: PaymentPageState.MISMATCH,
    UnmatchedReason.ORDER_CLOSED: PaymentPageState.LATE,
    UnmatchedReason.SOLD_OUT: PaymentPageState.LATE,
}

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoney:
    """The receipts and claims of one order, oldest first, and the page's state by them.

    ``state`` is None without money. ``receipt`` is the receipt that leads to it, None for money that counts.
    ``kept`` are the receipts that count for the order or await a decision. ``decided`` are those that staff refunded,
    resolved or used for another order, ``split`` the kept ones of which they did so with a part. Both leave out money
    that was meant for another order, unless all of it was refunded to the same customer. ``claims`` count for the
    order. ``worth`` is what counts, without what was refunded of it, in shillings, ``paid_by`` the number of receipts
    and claims that it comes from. ``arrived_at`` is when the last of it was stored.
    """

    state: PaymentPageState | None = None
    receipt: MpesaReceipt | None = None
    kept: tuple[MpesaReceipt, ...] = ()
    decided: tuple[MpesaReceipt, ...] = ()
    split: tuple[MpesaReceipt, ...] = ()
    claims: tuple[MpesaClaim, ...] = ()
    paid_by: int = 0
    worth: Decimal = _NOTHING
    arrived_at: datetime | None = None

    def decisions(self, *, without: MpesaReceipt | None) -> tuple[MpesaReceipt, ...]:
        """Return the decided receipts except ``without``, and the kept ones of which a part was decided."""
        return (*(each for each in self.decided if each is not without), *self.split)

    def receipt_of(self, payment: MpesaPayment) -> MpesaReceipt | None:
        """Return the receipt of one payment, or None."""
        return next((each for each in (*self.kept, *self.decided) if each.payment_id == payment.pk), None)

    @property
    def number(self) -> str:
        """Return the M-PESA code if all of the order's money has the same; else empty."""
        codes = {visible_number(each) for each in self.kept} | {each.number for each in self.claims}
        return codes.pop() if len(codes) == 1 else ""

    @property
    def is_number_proven(self) -> bool:
        """Whether Safaricom reported ``number``, not staff."""
        return any(each.number == self.number for each in self.kept)


def reported_number(receipt: MpesaReceipt) -> str:
    """Return the M-PESA code that staff recorded for a receipt of ``order_money``; empty if there is none."""
    return getattr(receipt, "reported_number", None) or ""


def visible_number(receipt: MpesaReceipt) -> str:
    """Return the M-PESA code of a receipt of ``order_money``; empty if it is of another customer's payment."""
    return "" if is_of_other_customer(receipt) else receipt.number or reported_number(receipt)


def is_of_other_customer(receipt: MpesaReceipt) -> bool:
    """Return whether a receipt of ``order_money`` was meant for an order of another customer."""
    return bool(getattr(receipt, "is_of_other_customer", False))


def shown_amount(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> Decimal:
    """Return what of a receipt counts for an order or awaits a decision about it, in shillings."""
    open_amount = receipt.unallocated if _is_undecided(receipt, mpesa_order) else _NOTHING
    return receipt.amount if open_amount < 0 else _worth(receipt) + open_amount


def order_money(mpesa_order: MpesaOrder, *, has_claims: bool = True) -> OrderMoney:
    """Return the receipts that are meant for an order or allocated to it, and the claims that count for it.

    Makes one query, another one with ``has_claims``, and two if staff refunded, resolved or split any receipt.
    """
    receipts = _receipts_for(mpesa_order)
    claimed = _claimed(mpesa_order.pk) if has_claims else []
    kept = [each for each in receipts if _worth(each) > 0 or _is_undecided(each, mpesa_order)]
    decided = [each for each in receipts if each not in kept and _tells_decision(each, mpesa_order)]
    split = [each for each in kept if each.meant_for_id == mpesa_order.pk and _is_split(each)]
    load_decisions([*decided, *split])
    counting = [each for each in kept if _worth(each) > 0]
    claims = tuple(each.claim for each in claimed if each.claim is not None)
    state, receipt = _state(mpesa_order, kept, decided, is_counting=bool(counting or claims))
    return OrderMoney(
        state=state,
        receipt=receipt,
        kept=tuple(kept),
        decided=tuple(decided),
        split=tuple(split),
        claims=claims,
        paid_by=len(counting) + len(claims),
        worth=sum((*(_worth(each) for each in counting), *(each.amount for each in claimed)), _NOTHING),
        arrived_at=max([*(each.created_at for each in counting), *(each.created_at for each in claims)], default=None),
    )


def _state(
    mpesa_order: MpesaOrder, kept: list[MpesaReceipt], decided: list[MpesaReceipt], *, is_counting: bool
) -> tuple[PaymentPageState | None, MpesaReceipt | None]:
    undecided = [(_undecided_state(each, mpesa_order), each) for each in kept if _is_undecided(each, mpesa_order)]
    if mpesa_order.is_paid and is_counting:
        surplus = [each for state, each in undecided if state is PaymentPageState.SURPLUS]
        return (PaymentPageState.SURPLUS, surplus[0]) if surplus else (PaymentPageState.PAID, None)
    if undecided:
        return min(undecided, key=lambda pair: _UNDECIDED.index(pair[0]))
    if is_counting:
        return PaymentPageState.PART_PAID, None
    settled = ((_decided_state(each), each) for each in decided)
    return min(settled, key=lambda pair: _DECIDED.index(pair[0]), default=(None, None))


def _undecided_state(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> PaymentPageState:
    state = _STATE_BY_REASON.get(UnmatchedReason(receipt.unmatched_reason), PaymentPageState.REVIEWED)
    closed_at = mpesa_order.closed_at
    is_early = closed_at is not None and receipt.created_at < closed_at  # a part payment
    return PaymentPageState.REVIEWED if state is PaymentPageState.LATE and is_early else state


def _decided_state(receipt: MpesaReceipt) -> PaymentPageState:
    states = {ReceiptStatus.MATCHED: PaymentPageState.USED, ReceiptStatus.RESOLVED: PaymentPageState.EXPLAINED}
    return states.get(ReceiptStatus(receipt.status), PaymentPageState.RETURNED)


def _is_undecided(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> bool:
    return receipt.needs_decision and receipt.meant_for_id == mpesa_order.pk


def _allocated(receipt: MpesaReceipt) -> Decimal:
    return getattr(receipt, "allocated", None) or _NOTHING


def _worth(receipt: MpesaReceipt) -> Decimal:
    return _allocated(receipt) - (getattr(receipt, "refunded", None) or _NOTHING)


def _is_split(receipt: MpesaReceipt) -> bool:
    return bool(getattr(receipt, "is_refunded", False) or getattr(receipt, "is_used_elsewhere", False))


def _receipts_for(mpesa_order: MpesaOrder) -> list[MpesaReceipt]:
    """Return the receipts of an order. Each knows whether it ``is_of_other_customer``."""
    receipts: list[Any] = list(_receipts(mpesa_order.pk))
    for each in receipts:
        customer = {"user_id": each.meant_user_id, "guest_email": each.meant_email or ""}
        is_own = each.meant_for_id in {None, mpesa_order.pk} or is_same_customer(mpesa_order.order, **customer)
        each.is_of_other_customer = not is_own
    return receipts


def _tells_decision(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> bool:
    """Return whether the page of an order says what happened to a receipt that does not count for it any more."""
    if receipt.meant_for_id == mpesa_order.pk:
        return True
    return receipt.status == ReceiptStatus.REFUNDED and not is_of_other_customer(receipt)


def _claimed(order_id: int) -> list[MpesaAllocation]:
    own = MpesaAllocation.objects.active().filter(order_id=order_id, claim__isnull=False)
    return list(own.select_related("claim"))


def _receipts(order_id: int) -> QuerySet[MpesaReceipt]:
    """Return the receipts of an order, each with what it counts for the order, in one query."""
    active = MpesaAllocation.objects.active()
    here = active.filter(order_id=order_id)
    refunds = MpesaRefund.objects.filter(status=RefundStatus.COMPLETED)
    reported = MpesaClaim.objects.filter(receipt_id=OuterRef("pk"), status=ClaimStatus.OPEN)
    receipts = (
        MpesaReceipt.objects.counted()
        .order_by()
        .annotate(
            allocated=_sum_of(here),
            refunded=_sum_of(refunds.filter(allocation__in=here.values("pk"))),
            is_refunded=Exists(refunds.filter(receipt_id=OuterRef("pk"))),
            is_used_elsewhere=Exists(active.filter(receipt_id=OuterRef("pk")).exclude(order_id=order_id)),
            reported_number=Subquery(reported.order_by("pk").values("number")[:1]),
            meant_user_id=F("meant_for__user_id"),
            meant_email=F("meant_for__guest_email"),
        )
    )
    # A union, because databases do not use their indexes for an OR over two tables.
    allocated = receipts.filter(pk__in=here.filter(receipt__isnull=False).values("receipt_id"))
    return receipts.filter(meant_for_id=order_id).union(allocated).order_by("id")


def _sum_of(rows: Any) -> Subquery:
    """Return the sum of the rows of a receipt, in shillings, as an annotation."""
    total = rows.filter(receipt_id=OuterRef("pk")).order_by().values("receipt_id").annotate(total=Sum("amount"))
    return Subquery(total.values("total"), output_field=DecimalField(max_digits=12, decimal_places=2))
