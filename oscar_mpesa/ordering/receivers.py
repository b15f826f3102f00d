"""Oscar's side of the lifecycle's private signals, one receiver each; and the lifecycle's side of one of Oscar's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from oscar.apps.order.signals import order_status_changed

from oscar_mpesa.conf import get_settings
from oscar_mpesa.lifecycle import releasing
from oscar_mpesa.models import DueKind, MpesaDue, MpesaReceipt
from oscar_mpesa.ordering import ledger, mails, release
from oscar_mpesa.signals import money_arrived, money_returned, news_due, order_overdue

MAILS = {
    DueKind.PAID_MAIL: mails.send_order_placed,
    DueKind.FAILED_MAIL: mails.send_payment_failed,
    DueKind.LATER_MAIL: mails.send_pay_later,
    DueKind.CLOSED_MAIL: mails.send_order_closed,
    DueKind.ASTRAY_MAIL: mails.send_money_astray,
}


def write_books(*, receipt: MpesaReceipt, order: Any, given_back: dict[str, Any] | None = None, **_: Any) -> bool:
    """Money arrived for an order that awaits it, or that was released; False if that one's things are sold."""
    if given_back is not None and not release.take_again(order, given_back):
        return False
    ledger.write(receipt, order)
    return True


def refund(*, receipt: MpesaReceipt, order: Any, amount: Decimal, reference: str, **_: Any) -> None:
    """Money that stands in the books was sent back."""
    ledger.refund(receipt, order, amount=amount, reference=reference)


def give_back(*, order: Any, **_: Any) -> dict[str, Any]:
    """An order is to be given up."""
    return release.give_back(order)


def release_cancelled(*, order: Any, new_status: str, **_: Any) -> None:
    """Staff changed an order's status, perhaps in Oscar's own dashboard: Oscar gives nothing back by itself."""
    if new_status == get_settings().CANCELLED_STATUS:
        releasing.release_cancelled(order, now=timezone.now())


def send_mail(*, due: MpesaDue, **_: Any) -> None:
    """A mail is due."""
    MAILS[DueKind(due.kind)](due)


def connect() -> None:
    """Connect the receivers, once however often it is called."""
    money_arrived.connect(write_books, dispatch_uid="oscar_mpesa.ordering.write_books")
    money_returned.connect(refund, dispatch_uid="oscar_mpesa.ordering.refund")
    order_overdue.connect(give_back, dispatch_uid="oscar_mpesa.ordering.give_back")
    order_status_changed.connect(release_cancelled, dispatch_uid="oscar_mpesa.ordering.release_cancelled")
    news_due.connect(send_mail, dispatch_uid="oscar_mpesa.ordering.send_mail")
