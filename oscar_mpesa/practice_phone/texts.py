"""The texts that the phone itself shows, in the English of M-PESA's own prompts and SMS. They are not translated."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.domain.references import account_reference
from oscar_mpesa.domain.timezone import NAIROBI
from oscar_mpesa.models import MpesaPayment

#: By result code; ``_FAILED`` is for every other failure.
_FAILURES = {
    "1": "Failed. You do not have enough money in your M-PESA account to pay {what}.",
    "1032": "Cancelled. You did not pay {what}.",
    "1037": "Missed. Nobody entered a PIN in time to pay {what}; the prompt has expired.",
    "2001": "Failed. Wrong M-PESA PIN. You did not pay {what}.",
}
_FAILED = "Failed. You did not pay {what}."

#: After an answer, until the SMS comes.
SENT = "Sent. Wait for the SMS from M-PESA."


def question(payment: MpesaPayment, *, name: str) -> str:
    """Return the prompt's question. It names the account for a paybill only."""
    account = "" if payment.till else f" account no. {_account(payment)}"
    return f"Do you want to pay {_shillings(payment)} to {name}{account}?"


def message(payment: MpesaPayment, *, name: str) -> str:
    """Return the SMS about an ended payment. Reads the payment's receipts."""
    if not payment.is_paid:
        what = f"{_shillings(payment)} to {name}"
        return _FAILURES.get(payment.result_code, _FAILED).format(what=what)
    code = next((receipt.number for receipt in payment.receipts.all() if receipt.number), "")
    account = "" if payment.till else f" for account {_account(payment)}"
    moment = f" on {_moment(payment.completed_at)}" if payment.completed_at else ""
    paid = f"{code} Confirmed. {_shillings(payment)} sent to {name}{account}{moment}.".lstrip()
    return f"{paid} Practice only, no money moved."


def _account(payment: MpesaPayment) -> str:
    return account_reference(payment.mpesa_order.order.number)


def _shillings(payment: MpesaPayment) -> str:
    return f"KSh {payment.amount:,}.00"


def _moment(moment: datetime) -> str:
    """Return the moment as ``25/11/26 at 3:34 PM``, by Nairobi's clock."""
    there = moment.astimezone(NAIROBI)
    half = "AM" if there.hour < 12 else "PM"
    return f"{there.day}/{there.month}/{there:%y} at {there.hour % 12 or 12}:{there:%M} {half}"
