"""Write generated sales to the database in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from sandbox_site.history import rows
from sandbox_site.history.rows import PREFIX, Written, oscars, ours
from sandbox_site.history.sales import Sale, SaleOutcome

#: Sales per batch, to limit memory.
BATCH_SIZE = 1000

PAID_STATUS = "Being processed"


class Writer:
    """Write sales of one environment. The shop's products must exist."""

    def __init__(self, *, environment: str, shortcode: str) -> None:
        self.environment, self.shortcode = environment, shortcode
        records = oscars("partner", "StockRecord").objects.select_related("product", "partner")
        self.records = {record.partner_sku: record for record in records}
        self.country = oscars("address", "Country").objects.get(iso_3166_1_a2="KE")
        kinds = oscars("payment", "SourceType").objects
        self.kind = kinds.get_or_create(code="mpesa", defaults={"name": "M-PESA"})[0]
        self.paid = oscars("order", "PaymentEventType").objects.get_or_create(name="Paid")[0]

    def write(self, sales: Iterable[Sale], report_progress: Callable[[int], None]) -> int:
        """Write sales and return the number of payments. Calls ``report_progress`` with it after each batch."""
        made, source = 0, iter(sales)
        while chunk := list(islice(source, BATCH_SIZE)):
            made += self._write(chunk)
            report_progress(made)
        self._backdate_sources()
        return made

    def _write(self, chunk: list[Sale]) -> int:
        written = self._orders(chunk)
        made = {"environment": self.environment, "shortcode": self.shortcode}
        for each in written:
            each.payments = list(rows.payments_of(each, **made))
        payments = [payment for each in written for payment in each.payments]
        ours("MpesaPayment").objects.bulk_create(payments)
        for each in written:
            each.receipts = list(rows.receipts_of(each))
        ours("MpesaReceipt").objects.bulk_create([receipt for each in written for receipt in each.receipts])
        self._messages(written)
        self._sources(written)
        return len(payments)

    def _orders(self, chunk: list[Sale]) -> list[Written]:
        addresses = oscars("order", "ShippingAddress").objects.bulk_create([self._address(sale) for sale in chunk])
        written = [
            rows.order_of(sale, site_id=settings.SITE_ID, address=address, paid_status=PAID_STATUS)
            for sale, address in zip(chunk, addresses, strict=True)
        ]
        oscars("order", "Order").objects.bulk_create([each.order for each in written])
        lines = [rows.line_of(each, self.records[each.sale.good.picture]) for each in written]
        oscars("order", "Line").objects.bulk_create(lines)
        for each in written:
            each.mpesa_order = rows.mpesa_order_of(each, environment=self.environment)
        ours("MpesaOrder").objects.bulk_create([each.mpesa_order for each in written])
        return written

    def _address(self, sale: Sale) -> Any:
        first, last = sale.name
        return oscars("order", "ShippingAddress")(
            first_name=first, last_name=last, line1="Nyali Road", line4="Mombasa", country=self.country
        )

    def _messages(self, written: list[Written]) -> None:
        ours("MpesaApiCall").objects.bulk_create([call for each in written for call in self._calls(each)])
        ours("MpesaCallback").objects.bulk_create([post for each in written for post in self._callbacks(each)])
        ours("MpesaEvent").objects.bulk_create([event for each in written for event in _events(each)])

    def _calls(self, written: Written) -> Iterator[Any]:
        for place, payment in enumerate(written.payments):
            asked = [("query", payment.push_sent_at + timedelta(seconds=20))] if not payment.result_code else []
            for endpoint, at in [("push", payment.push_sent_at), *asked]:
                yield ours("MpesaApiCall")(
                    endpoint=endpoint,
                    environment=self.environment,
                    shortcode=self.shortcode,
                    payment=payment,
                    http_status=200,
                    milliseconds=400 + (written.sale.number * 37 + place * 11) % 900,
                    reply={"ResponseCode": "0"},
                    created_at=at,
                )

    def _callbacks(self, written: Written) -> Iterator[Any]:
        for payment in written.payments:
            money = written.receipts if payment is written.last else []
            if not payment.result_code and not money:
                continue
            for receipt in money or [None]:
                at = receipt.paid_at if receipt else payment.ended_at
                yield ours("MpesaCallback")(
                    body=rows.callback_body(payment, receipt),
                    address="196.201.214.200",
                    received_at=at,
                    environment=self.environment,
                    payment=payment,
                    verdict="mismatch" if written.sale.outcome is SaleOutcome.OTHER_AMOUNT and receipt else "applied",
                )

    def _sources(self, written: list[Written]) -> None:
        booked = [(each, receipt) for each in written for receipt in each.receipts if receipt.booked_at]
        sources = oscars("payment", "Source").objects.bulk_create([self._source(*pair) for pair in booked])
        debits = [_transaction(source, "Debit", source.amount_debited) for source in sources]
        refunds = [
            _transaction(source, "Refund", source.amount_refunded) for source in sources if source.amount_refunded
        ]
        oscars("payment", "Transaction").objects.bulk_create([*debits, *refunds])
        events = [
            oscars("order", "PaymentEvent")(
                order=each.order, event_type=self.paid, amount=receipt.amount, reference=receipt.number
            )
            for each, receipt in booked
        ]
        oscars("order", "PaymentEvent").objects.bulk_create(events)

    def _source(self, written: Written, receipt: Any) -> Any:
        return oscars("payment", "Source")(
            order=written.order,
            source_type=self.kind,
            currency="KES",
            amount_allocated=receipt.amount,
            amount_debited=receipt.amount,
            amount_refunded=receipt.returned_amount or 0,
            reference=receipt.number,
            label=f"payment {receipt.payment_id}",
        )

    def _backdate_sources(self) -> None:
        """Set the dates of Oscar's rows to their orders', because Oscar sets them to now on creation."""
        orders, sources = oscars("order", "Order").objects, oscars("payment", "Source").objects
        of_order = orders.filter(pk=OuterRef("order_id")).values("date_placed")
        of_source = sources.filter(pk=OuterRef("source_id")).values("order__date_placed")
        events = oscars("order", "PaymentEvent").objects.filter(order__number__startswith=PREFIX)
        events.update(date_created=Subquery(of_order))
        transactions = oscars("payment", "Transaction").objects.filter(source__order__number__startswith=PREFIX)
        transactions.update(date_created=Subquery(of_source))


def _transaction(source: Any, kind: str, amount: Any) -> Any:
    return oscars("payment", "Transaction")(source=source, txn_type=kind, amount=amount, reference=source.reference)


def _events(written: Written) -> Iterator[Any]:
    for payment in written.payments:
        if payment.ended_at:
            cause = {"source": "callback", "code": payment.result_code} if payment.result_code else {"source": "clock"}
            step = {"before": "processing", "after": payment.status}
            yield _event(written, "payment_settled", payment.ended_at, {**step, **cause}, payment=payment)
    if written.mpesa_order.closed_at:
        yield _event(written, "order_closed", written.mpesa_order.closed_at, {"reason": "expired"})
    for receipt in written.receipts:
        links = {"payment": receipt.payment, "receipt": receipt}
        if receipt.allocation == "returned":
            params, by_name = _refund(written, receipt), receipt.allocated_by_name
            yield _event(written, "refund_recorded", receipt.returned_at, params, by_name=by_name, **links)
        elif receipt.allocation != "applied":
            params = {"after": receipt.allocation, "reason": receipt.reason}
            if receipt.reason == "wrong_amount":
                params |= {"expected": str(receipt.payment.amount), "arrived": str(receipt.amount)}
            yield _event(written, "receipt_unmatched", receipt.created_at, params, **links)


def _refund(written: Written, receipt: Any) -> dict[str, str]:
    before = {SaleOutcome.TWICE: "surplus", SaleOutcome.LATE: "unallocated", SaleOutcome.OTHER_AMOUNT: "mismatch"}
    return {
        "before": before.get(written.sale.outcome, "applied"),
        "after": "returned",
        "amount": str(receipt.returned_amount),
        "day": f"{receipt.returned_at:%Y-%m-%d}",
        "reference": receipt.returned_reference,
        "note": receipt.note,
    }


def _event(written: Written, event_type: str, at: datetime, params: dict[str, str], **facts: Any) -> Any:
    moment = {"mpesa_order": written.mpesa_order, "created_at": at}
    return ours("MpesaEvent")(type=event_type, params=params, **moment, **facts)
