"""Messages to shoppers about payments and receipts, for emails and pages.

All are in the active language. Times are in Nairobi's time zone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import Allocation, CloseReason, MpesaOrder, MpesaReceipt
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method


def outcome_message(outcome: result_codes.Outcome, *, phone: str) -> str:
    """Say how a payment ended and what to do next. Pass ``phone`` masked if the reader may not see it in full."""
    other = result_codes.PAY_ANOTHER_WAY if has_other_method() else result_codes.CALL_THE_SHOP
    parts = {
        "N": _(result_codes.NO_MONEY_TAKEN),
        "C": _(result_codes.IF_CONFIRMED),
        "other": _(other).format(help=get_settings().SUPPORT_CONTACT or pgettext("label", "the shop")),
        "number": phone,
    }
    return _(outcome.sentence).format(**parts)


def unpaid_order_message(mpesa_order: MpesaOrder) -> str:
    """Remind the shopper of an order that awaits payment. Basket, checkout and order history show it beside a link."""
    values = {"number": mpesa_order.order.number, "amount": ksh(mpesa_order.order.total_incl_tax)}
    return _("Order %(number)s is waiting for %(amount)s.") % values


def closed_order_message(mpesa_order: MpesaOrder, *, now: datetime) -> str:
    """Say why an unpaid order is closed."""
    values = {"number": mpesa_order.order.number, "time": when(mpesa_order.pay_before, now)}
    if mpesa_order.was_closed_by_clock:
        return _("Order %(number)s is closed. No payment reached us by %(time)s.") % values
    if mpesa_order.close_reason == CloseReason.OTHER_METHOD:
        return _("Order %(number)s is closed, because you chose another way to pay.") % values
    return _("The shop closed order %(number)s. No payment for it has reached us.") % values


def unmatched_receipt_message(receipt: MpesaReceipt) -> str:
    """Say why a receipt does not pay its order, and that staff will decide about it."""
    order: Any = receipt.order
    if receipt.allocation == Allocation.SURPLUS:
        return _(
            "We received two payments for this order. One is enough. The shop has been asked to "
            "refund the other to the number that paid. Nobody will ask for your PIN or a fee."
        )
    if receipt.allocation == Allocation.MISMATCH:
        return _(
            "%(arrived)s arrived; the order is %(asked)s. The shop is reviewing it and will write to "
            "you. Do not pay again."
        ) % {"arrived": ksh(receipt.amount), "asked": ksh(order.total_incl_tax)}
    return _(
        "Your %(amount)s arrived after order %(number)s was closed. The shop will send your "
        "items or refund the money, and write to you. Do not pay again."
    ) % {"amount": receipt_name(receipt), "number": order.number}


def decision_message(receipt: MpesaReceipt) -> str:
    """Say what staff decided about a receipt: refunded, resolved with a note, or used for another order."""
    order: Any = receipt.order
    if receipt.returned_amount is not None:
        return _refund_message(receipt)
    if receipt.allocation == Allocation.EXPLAINED:
        return _("The shop has resolved your payment of %(money)s. If you have questions, call us.") % {
            "money": receipt_name(receipt)
        }
    return _("Your %(money)s was used for order %(number)s.") % {"money": receipt_name(receipt), "number": order.number}


def receipt_name(receipt: MpesaReceipt) -> str:
    """Return the amount with its M-PESA code if it has one: ``KSh 1,500 (M-PESA code OD123ABC45)``."""
    amount = ksh(receipt.amount)
    return f"{amount} ({_('M-PESA code')} {receipt.number})" if receipt.number else amount


def _refund_message(receipt: MpesaReceipt) -> str:
    day = date_format((receipt.returned_at or receipt.allocated_at).astimezone(NAIROBI), "j M")
    values = {"money": receipt_name(receipt), "part": ksh(receipt.returned_amount or 0), "day": day}
    if receipt.returned_amount is not None and receipt.returned_amount < receipt.amount:
        return _("The shop refunded %(part)s of your %(money)s on %(day)s.") % values
    return _("The shop refunded your %(money)s on %(day)s.") % values


def when(moment: datetime, now: datetime) -> str:
    """Return a time in Nairobi as ``15:34``, with the day if it is not today."""
    local = moment.astimezone(NAIROBI)
    is_today = local.date() == now.astimezone(NAIROBI).date()
    return f"{local:%H:%M}" if is_today else f"{local:%H:%M}, {date_format(local, 'j M')}"
