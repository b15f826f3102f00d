"""Build the orders and payments of sales as the services would write them, to insert them in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.apps import apps
from oscar.core.loading import get_model

from sandbox_site.history.sales import DECIDED_AFTER, MISSING, Sale, SaleOutcome, Try

#: First letter of the order numbers of generated sales.
PREFIX = "H"

#: Payment status by result code. Other codes mean "failed".
STATUSES = {"0": "completed", "1032": "cancelled", "": "expired"}
DESCRIPTIONS = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "17": "Rule limited.",
    "1001": "Unable to lock subscriber, a transaction is already in process.",
    "1019": "Transaction has expired.",
    "1025": "An error occurred while sending a push request.",
    "1032": "Request cancelled by user.",
    "1037": "DS timeout user cannot be reached.",
    "2001": "The initiator information is invalid.",
}

WINDOW, LATE, PART_PAYMENT_TIME = timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24)

_CODE_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def ours(name: str) -> Any:
    """Return a model of oscar_mpesa."""
    return apps.get_model("oscar_mpesa", name)


@cache
def oscars(app: str, name: str) -> Any:
    """Return a model of Oscar, or the shop's fork of it."""
    return get_model(app, name)


@dataclass(slots=True, kw_only=True)
class Written:
    """The rows of one sale, without ids at first."""

    sale: Sale
    order: Any
    line: Any = None
    mpesa_order: Any = None
    payments: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)
    claim: Any = None
    entries: list[Any] = field(default_factory=list)
    refunds: list[Any] = field(default_factory=list)
    corrections: list[Any] = field(default_factory=list)

    @property
    def last(self) -> Any:
        """The last payment."""
        return self.payments[-1]

    @property
    def is_pending(self) -> bool:
        """Whether money came that does not pay the order, and it is still open."""
        return self.sale.is_open and self.sale.outcome in {SaleOutcome.OTHER_AMOUNT, SaleOutcome.PART_PAID}

    @property
    def is_closed(self) -> bool:
        """Whether the order expired, with or without a late payment."""
        is_unpaid = self.sale.outcome in {SaleOutcome.UNPAID, SaleOutcome.LATE, SaleOutcome.OTHER_AMOUNT}
        return is_unpaid and not self.is_pending


#: Order statuses whose lines keep their initial status.
_UNPAID = ("Pending payment", "Payment expired")


def order_of(sale: Sale, *, site_id: int, address: Any, paid_status: str) -> Written:
    """Build Oscar's order with the status that its payments lead to."""
    written = Written(sale=sale, order=None)
    pending, expired = _UNPAID
    status = pending if written.is_pending else expired if written.is_closed else paid_status
    total = Decimal(sale.amount)
    written.order = oscars("order", "Order")(
        number=f"{PREFIX}{sale.number:07}",
        site_id=site_id,
        currency="KES",
        total_incl_tax=total,
        total_excl_tax=total,
        shipping_method="Free",
        shipping_code="free-shipping",
        shipping_address=address,
        status=status,
        guest_email=f"customer{sale.number}@example.com",
        date_placed=sale.at,
    )
    return written


def line_of(written: Written, record: Any) -> Any:
    """Build the order's only line."""
    sale, order = written.sale, written.order
    total = order.total_incl_tax
    prices = {f"{name}_{tax}": total for name in LINE_PRICES for tax in ("incl_tax", "excl_tax")}
    unit = (total / sale.quantity).quantize(Decimal("0.01"))
    return oscars("order", "Line")(
        order=order,
        partner=record.partner,
        partner_name=record.partner.name,
        partner_sku=record.partner_sku,
        stockrecord=record,
        product=record.product,
        title=sale.good.title,
        quantity=sale.quantity,
        unit_price_incl_tax=unit,
        unit_price_excl_tax=unit,
        status="Pending" if order.status in _UNPAID else order.status,
        num_allocated=0,
        **prices,
    )


LINE_PRICES = ("line_price", "line_price_before_discounts")


def mpesa_order_of(written: Written, *, environment: str) -> Any:
    """Build the M-PESA part of the order, with its cached sums."""
    sale = written.sale
    closed_at = sale.at + WINDOW + timedelta(seconds=40) if written.is_closed else None
    is_paid, is_part_paid = not written.is_closed and not written.is_pending, sale.outcome is SaleOutcome.PART_PAID
    part_paid_at = matched_at(sale) if is_part_paid or sale.outcome is SaleOutcome.IN_PARTS else None
    pay_before = part_paid_at + PART_PAYMENT_TIME if part_paid_at else sale.at + WINDOW
    return ours("MpesaOrder")(
        order=written.order,
        environment=environment,
        language=sale.language,
        created_at=sale.at,
        pay_before=pay_before,
        close_check_at=max(pay_before, sale.at + DECIDED_AFTER) if written.is_pending else None,
        closed_at=closed_at,
        close_reason="expired" if closed_at else "",
        basket_restored_at=closed_at and closed_at + timedelta(minutes=5) if sale.outcome is SaleOutcome.LATE else None,
        part_paid_at=part_paid_at,
        paid_at=_paid_at(sale) if is_paid else None,
        is_paid=is_paid,
        balance=0 if is_paid else MISSING if is_part_paid else sale.amount,
        total_seen=sale.amount,
        status_seen=written.order.status,
        revision=1,
        paid_count=int(is_paid),
    )


def payments_of(written: Written, *, environment: str, shortcode: str) -> Iterator[Any]:
    """Build the order's payments. All have ended."""
    sale = written.sale
    for made in sale.tries:
        is_rest = sale.outcome is SaleOutcome.IN_PARTS and made is sale.tries[-1]
        status, ended_at = STATUSES.get(made.code, "failed"), answered_at(sale, made)
        yield ours("MpesaPayment")(
            mpesa_order_id=written.order.pk,
            phone=sale.phone,
            amount=MISSING if is_rest else sale.amount,
            status=status,
            shortcode=shortcode,
            environment=environment,
            merchant_request_id=f"{sale.number:05}-{made.at:%d%H%M%S}-1",
            checkout_request_id=f"ws_CO_{made.at:%d%m%Y%H%M%S}{sale.number:07}{sale.phone[-9:]}",
            result_code=made.code,
            result_description=DESCRIPTIONS[made.code] if made.code else "",
            created_at=made.at,
            push_sent_at=made.at,
            practice_seen_at=made.at if made.code in {"", "1037"} else None,  # the simulator gives it no result
            ended_at=ended_at,
            completed_at=ended_at if status == "completed" else None,
            query_count=0 if made.code else 5,
        )


def answered_at(sale: Sale, made: Try) -> datetime:
    """Return when the result arrived: seconds later, or after the order closed."""
    is_late = sale.outcome is SaleOutcome.LATE and made is sale.tries[-1]
    return made.at + (LATE if is_late else timedelta(seconds=made.seconds))


def matched_at(sale: Sale) -> datetime:
    """Return when staff matched the part payment: after it arrived, and before the last payment began."""
    if sale.outcome is SaleOutcome.IN_PARTS:
        return sale.tries[-1].at - timedelta(seconds=10)
    return answered_at(sale, sale.tries[-1]) + timedelta(minutes=10)


def recorded_at(sale: Sale) -> datetime:
    """Return when staff recorded the payment: after it expired, or just before its callback came."""
    at = answered_at(sale, sale.tries[-1])
    return at + timedelta(minutes=5) if sale.is_open else at - timedelta(seconds=1)


def _paid_at(sale: Sale) -> datetime:
    return recorded_at(sale) if sale.outcome is SaleOutcome.CLAIMED else answered_at(sale, sale.tries[-1])


def code_of(number: int, place: int) -> str:
    """Return a unique M-PESA code. The factor is coprime to 36, so it scatters the codes without collisions."""
    scattered, characters = (number * 3 + place) * 1_804_289_383 % 36**8, []
    for _ in range(8):
        scattered, digit = divmod(scattered, 36)
        characters.append(_CODE_CHARACTERS[digit])
    return "SH" + "".join(characters)


def callback_body(payment: Any, receipt: Any) -> bytes:
    """Build the body of Safaricom's callback."""
    callback: dict[str, Any] = {
        "MerchantRequestID": payment.merchant_request_id,
        "CheckoutRequestID": payment.checkout_request_id,
        "ResultCode": int(payment.result_code or "0"),
        "ResultDesc": payment.result_description,
    }
    if receipt:
        items = {"Amount": int(receipt.amount), "MpesaReceiptNumber": receipt.number, "PhoneNumber": int(payment.phone)}
        callback["CallbackMetadata"] = {"Item": [{"Name": name, "Value": value} for name, value in items.items()]}
    return json.dumps({"Body": {"stkCallback": callback}}).encode()
