"""Oscar's side of the lifecycle's three private signals, one receiver each."""

from __future__ import annotations

from typing import Any

from oscar_mpesa.models import DueKind, MpesaDue, MpesaReceipt
from oscar_mpesa.ordering import ledger, mails
from oscar_mpesa.signals import money_arrived, news_due

MAILS = {DueKind.PAID_MAIL: mails.send_order_placed}


def write_books(*, receipt: MpesaReceipt, order: Any, **_: Any) -> None:
    """Money arrived for an order that awaits it."""
    ledger.write(receipt, order)


def send_mail(*, due: MpesaDue, **_: Any) -> None:
    """A mail is due."""
    MAILS[DueKind(due.kind)](due)


def connect() -> None:
    """Connect the receivers, once however often it is called."""
    money_arrived.connect(write_books, dispatch_uid="oscar_mpesa.ordering.write_books")
    news_due.connect(send_mail, dispatch_uid="oscar_mpesa.ordering.send_mail")
