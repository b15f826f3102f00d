"""The rows that sales would have left, made as the lifecycle makes them, without going through it one by one."""

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

from sandbox_site.history.trade import Fate, Sale, Try

#: By its first letter an order is known to be of the history.
PREFIX = "H"

#: What each code makes of a payment; the others failed.
STATUSES = {"0": "completed", "1032": "cancelled", "": "expired"}
WORDS = {
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

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def ours(name: str) -> Any:
    """A model of oscar_mpesa's."""
    return apps.get_model("oscar_mpesa", name)


@cache
def oscars(app: str, name: str) -> Any:
    """A model of Oscar's, or the shop's own in its place."""
    return get_model(app, name)


@dataclass(slots=True, kw_only=True)
class Written:
    """The rows of one sale, before the database has given them ids."""

    sale: Sale
    order: Any
    mpesa_order: Any = None
    payments: list[Any] = field(default_factory=list)
    receipts: list[Any] = field(default_factory=list)

    @property
    def last(self) -> Any:
        """The attempt that decided."""
        return self.payments[-1]

    @property
    def is_held(self) -> bool:
        """Another amount arrived, and nobody has decided yet."""
        return self.sale.fate is Fate.OTHER_AMOUNT and self.sale.is_open

    @property
    def is_closed(self) -> bool:
        """The clock closed it, before its money came or without any."""
        return self.sale.fate in {Fate.UNPAID, Fate.LATE} or (
            self.sale.fate is Fate.OTHER_AMOUNT and not self.sale.is_open
        )


#: Of orders, in which their lines stay as they were placed.
_UNPAID = ("Pending payment", "Payment expired")


def order_of(sale: Sale, *, site_id: int, address: Any, paid_status: str) -> Written:
    """Oscar's order, in the status that its money left it in."""
    written = Written(sale=sale, order=None)
    pending, expired = _UNPAID
    status = pending if written.is_held else expired if written.is_closed else paid_status
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
    """What was bought."""
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
    """What M-Pesa knows of it."""
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
        basket_restored_at=closed_at and closed_at + timedelta(minutes=5) if sale.fate is Fate.LATE else None,
    )


def payments_of(written: Written, *, environment: str, shortcode: str) -> Iterator[Any]:
    """Its attempts, each ended, but for the one that holds another amount until a person decides."""
    for place, made in enumerate(written.sale.tries):
        is_last = place == len(written.sale.tries) - 1
        yield _payment(written, made, is_last=is_last, environment=environment, shortcode=shortcode)


def _payment(written: Written, made: Try, *, is_last: bool, environment: str, shortcode: str) -> Any:
    sale, astray = written.sale, written.sale.fate is Fate.OTHER_AMOUNT and is_last
    status = "failed" if astray else STATUSES.get(made.code, "failed")
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
        result_code="" if astray else made.code,
        result_description="" if astray else WORDS[made.code] if made.code else "",
        created_at=made.at,
        push_sent_at=made.at,
        practice_seen_at=made.at if made.code in {"", "1037"} else None,  # asked again, its phone still says nothing
        ended_at=ended_at,
        completed_at=ended_at if status == "completed" else None,
        query_count=0 if made.code else 5,
    )
    if is_last and written.is_held:
        payment.status, payment.on_hold, payment.live_order, payment.ended_at = (
            "processing",
            True,
            written.order.pk,
            None,
        )
    return payment


def answered_at(sale: Sale, made: Try) -> datetime:
    """When the answer came: seconds later, or after the order was closed."""
    is_late = sale.fate is Fate.LATE and made is sale.tries[-1]
    return made.at + (LATE if is_late else timedelta(seconds=made.seconds))


def receipts_of(written: Written) -> Iterator[Any]:
    """Its money: one receipt as a rule, none where nobody paid, two where somebody paid twice."""
    fate = written.sale.fate
    decided = {} if written.sale.is_open else returned(written.sale)
    kept: dict[Fate, dict[str, Any]] = {
        Fate.OTHER_AMOUNT: {"allocation": "mismatch", "reason": "wrong_amount", **decided},
        Fate.LATE: {"allocation": "unallocated", "reason": "order_closed", **decided},
        Fate.RETURNED: returned(written.sale),
    }
    if fate is Fate.UNPAID:
        return
    less = 100 if fate is Fate.OTHER_AMOUNT else 0
    yield _receipt(written, less=less, **kept.get(fate, {}))
    if fate is Fate.TWICE:
        second = {"allocation": "surplus", "reason": "order_paid", **decided}
        yield _receipt(written, place=1, **second)


def returned(sale: Sale) -> dict[str, Any]:
    """The columns of money that a person sent back a day later."""
    at = min(answered_at(sale, sale.tries[-1]) + timedelta(days=1), sale.tries[-1].at + timedelta(days=1))
    told = {"returned_at": at, "returned_reference": f"R{code_of(sale.number, 2)[1:]}", "note": "sent back"}
    return {**told, "allocation": "returned", "allocated_at": at, "allocated_by_name": "Juma Mwangi"}


def _receipt(written: Written, *, place: int = 0, less: int = 0, **columns: Any) -> Any:
    payment, sale = written.last, written.sale
    at = answered_at(sale, sale.tries[-1]) + timedelta(seconds=40 * place)
    money = Decimal(sale.amount - less)
    told = {"allocation": "applied", "allocated_at": at, "booked_at": at, **columns}
    if told["allocation"] != "applied" and sale.fate is not Fate.RETURNED:
        told["booked_at"] = None
    if told["allocation"] == "returned":
        told["returned_amount"] = money
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
        **told,
    )


def code_of(number: int, place: int) -> str:
    """An M-PESA code of the usual shape, another one for each: odd and prime to 36, the factor only scatters them."""
    scattered, letters = (number * 3 + place) * 1_804_289_383 % 36**8, []
    for _ in range(8):
        scattered, digit = divmod(scattered, 36)
        letters.append(_LETTERS[digit])
    return "SH" + "".join(letters)


def callback_body(payment: Any, receipt: Any) -> bytes:
    """What Safaricom posted."""
    told: dict[str, Any] = {
        "MerchantRequestID": payment.merchant_request_id,
        "CheckoutRequestID": payment.checkout_request_id,
        "ResultCode": int(payment.result_code or "0"),
        "ResultDesc": payment.result_description,
    }
    if receipt:
        items = {"Amount": int(receipt.amount), "MpesaReceiptNumber": receipt.number, "PhoneNumber": int(payment.phone)}
        told["CallbackMetadata"] = {"Item": [{"Name": name, "Value": value} for name, value in items.items()]}
    return json.dumps({"Body": {"stkCallback": told}}).encode()
