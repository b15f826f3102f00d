"""What shoppers are told, in mails and on the shop's pages alike: how an attempt ended, and what became of the money.

All of it is in the active language; times are Nairobi's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import Allocation, CloseReason, MpesaOrder, MpesaReceipt
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method


def outcome_message(outcome: result_codes.Outcome, *, phone: str) -> str:
    """How an attempt ended and what to do; ``phone`` as its reader may see it."""
    other = result_codes.PAY_ANOTHER_WAY if has_other_method() else result_codes.CALL_THE_SHOP
    parts = {
        "N": _(result_codes.NO_MONEY_TAKEN),
        "C": _(result_codes.IF_CONFIRMED),
        "other": _(other).format(help=get_settings().SUPPORT_CONTACT or _("the shop")),
        "number": phone,
    }
    return _(outcome.sentence).format(**parts)


def unpaid_order_message(mpesa_order: MpesaOrder) -> str:
    """The way back for who lost the page: basket, checkout and "my orders" say it above a link."""
    told = {"number": mpesa_order.order.number, "amount": ksh(mpesa_order.order.total_incl_tax)}
    return _("Order %(number)s is waiting for %(amount)s.") % told


def closed_order_message(mpesa_order: MpesaOrder, *, now: datetime) -> str:
    """Why an order that nobody paid is closed."""
    told = {"number": mpesa_order.order.number, "time": when(mpesa_order.pay_before, now)}
    if mpesa_order.was_closed_by_clock:
        return _("Order %(number)s is closed. No payment reached us by %(time)s.") % told
    if mpesa_order.close_reason == CloseReason.OTHER_METHOD:
        return _("Order %(number)s is closed, because you chose another way to pay.") % told
    return _("The shop closed order %(number)s. No payment for it has reached us.") % told


def unmatched_receipt_message(receipt: MpesaReceipt) -> str:
    """What is done about money that its order did not take, before anybody has decided."""
    order: Any = receipt.order
    if receipt.allocation == Allocation.SURPLUS:
        return _(
            "We received two payments for this order. One is enough. The shop has been asked to return the other to "
            "the number that paid. Nobody will ask for your PIN or a fee."
        )
    if receipt.allocation == Allocation.MISMATCH:
        return _(
            "%(arrived)s arrived; the order is %(asked)s. The shop is looking at it and will write to you. "
            "Do not pay again."
        ) % {"arrived": ksh(receipt.amount), "asked": ksh(order.total_incl_tax)}
    return _(
        "Your %(amount)s arrived after order %(number)s was closed. The shop has been told: it will send your things "
        "or return the money, and write to you. Do not pay again."
    ) % {"amount": receipt_name(receipt), "number": order.number}


def decision_message(receipt: MpesaReceipt) -> str:
    """What became of money that did not stay with the order it came for, or of which a part went back."""
    order: Any = receipt.order
    if receipt.returned_amount is not None:
        return _refund_message(receipt)
    if receipt.allocation == Allocation.EXPLAINED:
        return _("The shop has dealt with your payment of %(money)s. If you have questions, call us.") % {
            "money": receipt_name(receipt)
        }
    return _("Your %(money)s was used for order %(number)s.") % {"money": receipt_name(receipt), "number": order.number}


def receipt_name(receipt: MpesaReceipt) -> str:
    """Money with its code, once that is known: ``KSh 1,500 (M-PESA code OD123ABC45)``."""
    amount = ksh(receipt.amount)
    return f"{amount} ({_('M-PESA code')} {receipt.number})" if receipt.number else amount


def _refund_message(receipt: MpesaReceipt) -> str:
    day = date_format((receipt.returned_at or receipt.allocated_at).astimezone(NAIROBI), "j M")
    told = {"money": receipt_name(receipt), "part": ksh(receipt.returned_amount or 0), "day": day}
    if receipt.returned_amount is not None and receipt.returned_amount < receipt.amount:
        return _("The shop returned %(part)s of your %(money)s to you on %(day)s.") % told
    return _("The shop returned your %(money)s to you on %(day)s.") % told


def when(moment: datetime, now: datetime) -> str:
    """``15:34``, with the day where it is not today's."""
    here = moment.astimezone(NAIROBI)
    is_today = here.date() == now.astimezone(NAIROBI).date()
    return f"{here:%H:%M}" if is_today else f"{here:%H:%M}, {date_format(here, 'j M')}"
