"""Write generated sales to the database in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from django.conf import settings

from sandbox_site.history import rows
from sandbox_site.history.books import Books
from sandbox_site.history.corrections import add_corrections
from sandbox_site.history.events import events_of
from sandbox_site.history.money import add_money
from sandbox_site.history.rows import Written, oscars, ours
from sandbox_site.history.sales import Sale

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
        self.books = Books(environment=environment)

    def write(self, sales: Iterable[Sale], report_progress: Callable[[int], None]) -> int:
        """Write sales and return the number of payments. Calls ``report_progress`` with it after each batch."""
        made, source = 0, iter(sales)
        while chunk := list(islice(source, BATCH_SIZE)):
            made += self._write(chunk)
            report_progress(made)
        self.books.backdate()
        return made

    def _write(self, chunk: list[Sale]) -> int:
        written = self._orders(chunk)
        made = {"environment": self.environment, "shortcode": self.shortcode}
        for each in written:
            each.payments = list(rows.payments_of(each, **made))
        payments = [payment for each in written for payment in each.payments]
        ours("MpesaPayment").objects.bulk_create(payments)
        self._money(written)
        self._messages(written)
        return len(payments)

    def _orders(self, chunk: list[Sale]) -> list[Written]:
        addresses = oscars("order", "ShippingAddress").objects.bulk_create([self._address(sale) for sale in chunk])
        written = [
            rows.order_of(sale, site_id=settings.SITE_ID, address=address, paid_status=PAID_STATUS)
            for sale, address in zip(chunk, addresses, strict=True)
        ]
        oscars("order", "Order").objects.bulk_create([each.order for each in written])
        for each in written:
            each.line = rows.line_of(each, self.records[each.sale.good.picture])
        oscars("order", "Line").objects.bulk_create([each.line for each in written])
        for each in written:
            each.mpesa_order = rows.mpesa_order_of(each, environment=self.environment)
        ours("MpesaOrder").objects.bulk_create([each.mpesa_order for each in written])
        return written

    def _money(self, written: list[Written]) -> None:
        for each in written:
            add_money(each)
            add_corrections(each)
        ours("MpesaReceipt").objects.bulk_create([receipt for each in written for receipt in each.receipts])
        for each in written:
            if each.claim and each.receipts:
                each.claim.receipt = each.receipts[0]
        ours("MpesaClaim").objects.bulk_create([each.claim for each in written if each.claim])
        self.books.write(written)
        ours("MpesaAllocation").objects.bulk_create([entry for each in written for entry in each.entries])
        ours("MpesaRefund").objects.bulk_create([refund for each in written for refund in each.refunds])
        corrections = [row for each in written for row in each.corrections]
        for name in ("MpesaClaim", "MpesaAllocation", "MpesaRefund"):
            ours(name).objects.bulk_create([row for row in corrections if isinstance(row, ours(name))])

    def _address(self, sale: Sale) -> Any:
        first, last = sale.name
        return oscars("order", "ShippingAddress")(
            first_name=first, last_name=last, line1="Nyali Road", line4="Mombasa", country=self.country
        )

    def _messages(self, written: list[Written]) -> None:
        ours("MpesaApiCall").objects.bulk_create([call for each in written for call in self._calls(each)])
        ours("MpesaCallback").objects.bulk_create([post for each in written for post in self._callbacks(each)])
        ours("MpesaEvent").objects.bulk_create([event for each in written for event in events_of(each)])

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
        receipts = {receipt.payment: receipt for receipt in written.receipts}
        for payment in written.payments:
            receipt = receipts.get(payment)
            if payment.result_code:
                is_wrong = receipt is not None and receipt.amount != payment.amount
                yield ours("MpesaCallback")(
                    body=rows.callback_body(payment, receipt),
                    address="196.201.214.200",
                    received_at=payment.ended_at,
                    environment=self.environment,
                    payment=payment,
                    verdict="mismatch" if is_wrong else "applied",
                )
