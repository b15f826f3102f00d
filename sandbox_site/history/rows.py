"""Build the rows of sales as the services would write them, to insert them in bulk."""

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

from sandbox_site.history.sales import Sale, SaleOutcome, Try

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

WINDOW, LATE = timedelta(minutes=30), timedelta(hours=2)

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
    mpesa_order: Any = None
    payments: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)

    @property
    def last(self) -> Any:
        """The last payment."""
        return self.payments[-1]

    @property
    def is_on_hold(self) -> bool:
        """Whether the wrong amount arrived and awaits a decision."""
        return self.sale.outcome is SaleOutcome.OTHER_AMOUNT and self.sale.is_open

    @property
    def is_closed(self) -> bool:
        """Whether the order expired, with or without a late payment."""
        return self.sale.outcome in {SaleOutcome.UNPAID, SaleOutcome.LATE} or (
            self.sale.outcome is SaleOutcome.OTHER_AMOUNT and not self.sale.is_open
        )


#: Order statuses whose lines keep their initial status.
_UNPAID = ("Pending payment", "Payment expired")


def order_of(sale: Sale, *, site_id: int, address: Any, paid_status: str) -> Written:
    """Build Oscar's order with the status that its payments lead to."""
    written = Written(sale=sale, order=None)
    pending, expired = _UNPAID
    status = pending if written.is_on_hold else expired if written.is_closed else paid_status
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
    """Build the M-PESA part of the order."""
    sale = written.sale
    closed_at = sale.at + WINDOW + timedelta(seconds=40) if written.is_closed else None
    return ours("MpesaOrder")(
        order=written.order,
        environment=environment,
        language=sale.language,
        created_at=sale.at,
        pay_before=sale.at + WINDOW,
        closed_at=closed_at,
        close_reason="expired" if closed_at else "",
        basket_restored_at=closed_at and closed_at + timedelta(minutes=5) if sale.outcome is SaleOutcome.LATE else None,
    )


def payments_of(written: Written, *, environment: str, shortcode: str) -> Iterator[Any]:
    """Build the order's payments. All have ended, except one on hold with the wrong amount."""
    for place, made in enumerate(written.sale.tries):
        is_last = place == len(written.sale.tries) - 1
        yield _payment(written, made, is_last=is_last, environment=environment, shortcode=shortcode)


def _payment(written: Written, made: Try, *, is_last: bool, environment: str, shortcode: str) -> Any:
    sale, is_wrong_amount = written.sale, written.sale.outcome is SaleOutcome.OTHER_AMOUNT and is_last
    status = "failed" if is_wrong_amount else STATUSES.get(made.code, "failed")
    ended_at = answered_at(sale, made)
    payment = ours("MpesaPayment")(
        mpesa_order_id=written.order.pk,
        phone=sale.phone,
        amount=sale.amount,
        status=status,
        shortcode=shortcode,
        environment=environment,
        merchant_request_id=f"{sale.number:05}-{made.at:%d%H%M%S}-1",
        checkout_request_id=f"ws_CO_{made.at:%d%m%Y%H%M%S}{sale.number:07}{sale.phone[-9:]}",
        result_code="" if is_wrong_amount else made.code,
        result_description="" if is_wrong_amount else DESCRIPTIONS[made.code] if made.code else "",
        created_at=made.at,
        push_sent_at=made.at,
        practice_seen_at=made.at if made.code in {"", "1037"} else None,  # the simulator gives an open phone no result
        ended_at=ended_at,
        completed_at=ended_at if status == "completed" else None,
        query_count=0 if made.code else 5,
    )
    if is_last and written.is_on_hold:
        payment.status, payment.on_hold, payment.live_order, payment.ended_at = (
            "processing",
            True,
            written.order.pk,
            None,
        )
    return payment


def answered_at(sale: Sale, made: Try) -> datetime:
    """Return when the result arrived: seconds later, or after the order closed."""
    is_late = sale.outcome is SaleOutcome.LATE and made is sale.tries[-1]
    return made.at + (LATE if is_late else timedelta(seconds=made.seconds))


def receipts_of(written: Written) -> Iterator[Any]:
    """Build the order's receipts: usually one, none if it is unpaid, two if it was paid twice."""
    outcome = written.sale.outcome
    decided = {} if written.sale.is_open else returned(written.sale)
    kept: dict[SaleOutcome, dict[str, Any]] = {
        SaleOutcome.OTHER_AMOUNT: {"allocation": "mismatch", "reason": "wrong_amount", **decided},
        SaleOutcome.LATE: {"allocation": "unallocated", "reason": "order_closed", **decided},
        SaleOutcome.RETURNED: returned(written.sale),
    }
    if outcome is SaleOutcome.UNPAID:
        return
    less = 100 if outcome is SaleOutcome.OTHER_AMOUNT else 0
    yield _receipt(written, less=less, **kept.get(outcome, {}))
    if outcome is SaleOutcome.TWICE:
        second = {"allocation": "surplus", "reason": "order_paid", **decided}
        yield _receipt(written, place=1, **second)


def returned(sale: Sale) -> dict[str, Any]:
    """Return the columns of a receipt that staff refunded a day later."""
    at = min(answered_at(sale, sale.tries[-1]) + timedelta(days=1), sale.tries[-1].at + timedelta(days=1))
    refund = {"returned_at": at, "returned_reference": f"R{code_of(sale.number, 2)[1:]}", "note": "sent back"}
    return {**refund, "allocation": "returned", "allocated_at": at, "allocated_by_name": "Juma Mwangi"}


def _receipt(written: Written, *, place: int = 0, less: int = 0, **columns: Any) -> Any:
    payment, sale = written.last, written.sale
    at = answered_at(sale, sale.tries[-1]) + timedelta(seconds=40 * place)
    money = Decimal(sale.amount - less)
    allocation = {"allocation": "applied", "allocated_at": at, "booked_at": at, **columns}
    if allocation["allocation"] != "applied" and sale.outcome is not SaleOutcome.RETURNED:
        allocation["booked_at"] = None
    if allocation["allocation"] == "returned":
        allocation["returned_amount"] = money
    return ours("MpesaReceipt")(
        number=code_of(sale.number, place),
        environment=payment.environment,
        amount=money,
        paid_at=at,
        payer=f"{sale.name[0]} {sale.name[1]}".upper(),
        source="callback",
        payment=payment,
        order_id=written.order.pk,
        created_at=at,
        **allocation,
    )


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
