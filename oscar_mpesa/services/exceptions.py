"""Define why a decision about money, or the start of a payment, is refused. A refusal changes nothing.

::

    DecisionRefused
    ├── NoDecisionNeeded       the money was allocated, refunded or resolved already
    │   ├── MoneyMoved             it was moved to another order at this moment
    │   ├── ClaimEnded             the recorded payment was confirmed or withdrawn
    │   ├── ClaimNotMovable        withdraw the recorded payment, and record it for the other order
    │   └── SameOrder              the money counts for this order already
    ├── NoteMissing            enter a note
    ├── InvalidAmount          not an amount of money, or more than arrived
    ├── InvalidTime            before the money arrived
    │   └── TimeInFuture           in the future
    ├── RefundCodeKnown        another refund has this code
    ├── RefundKnown            another refund was recorded meanwhile
    ├── OtherEnvironment       test money never pays a real order, nor real money a test order
    ├── OrderPaid              the order is paid
    ├── OrderClosed            the order can't be paid any more
    │   ├── OrderCancelled         it was canceled
    │   ├── OrderReturnedToBasket  its lines are back in the customer's basket
    │   └── OtherCurrency          it is not in shillings
    ├── OutOfStock             the order's items are not all in stock
    ├── ReceiptKnown           money with this code arrived already, as ``receipt``
    ├── ClaimKnown             this code is recorded already, and not seen yet
    └── BookingFailed          the shop's own code raised; the message says what

    StartRefused
    ├── MpesaUnavailable       M-PESA is off, or its settings are wrong
    ├── NotPayable             the order needs no payment
    ├── NoOtherPrompt          another prompt would fail as the last one did
    ├── NumberNeeded           type a number: the last one can't pay, or the actor may not use it again
    │   └── NumberRefused          M-PESA refused this number for the order
    ├── PaymentInProgress      another payment is live, as ``payment``
    ├── PaymentUnconfirmed     money was reported: wait for Safaricom's confirmation
    ├── TooSoon                wait until ``until``
    │   └── ResultUnknown          the same, because the last payment may be paid
    └── LimitReached           a limit refuses it; ``limit_exceptions`` has its subclasses
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment, MpesaReceipt

__all__ = ["DecisionRefused", "NotPayable"]


class DecisionRefused(Exception):
    """The decision changed nothing; ``sentence`` says why, and what to do."""

    sentence = _("This cannot be done with this money.")


class NoDecisionNeeded(DecisionRefused):
    """The money was allocated, refunded or resolved already."""

    sentence = _("Somebody has already decided about this money. Please double-check.")


class MoneyMoved(NoDecisionNeeded):
    """The money was moved to another order at this moment."""


class ClaimEnded(NoDecisionNeeded):
    """The recorded payment was confirmed or withdrawn already."""


class ClaimNotMovable(NoDecisionNeeded):
    """Only money that Safaricom reported is moved. A recorded payment is withdrawn, and recorded again."""

    sentence = _("Safaricom has not confirmed this payment yet. Withdraw it, and record it for the other order.")


class SameOrder(NoDecisionNeeded):
    """The money counts for the order that it should move to."""

    sentence = _("This money is already matched to this order.")


class NoteMissing(DecisionRefused):
    """The decision needs a note."""

    sentence = _("Write a note: where it was seen, or why.")


class InvalidAmount(DecisionRefused):
    """The amount is zero, negative, or more than arrived."""

    sentence = _("Enter an amount above zero, and not more than arrived.")


class InvalidTime(DecisionRefused):
    """The time is before the money arrived."""

    sentence = _("Enter a time that is not before the money arrived.")


class TimeInFuture(InvalidTime):
    """The time is in the future."""

    sentence = _("Enter a time that is not in the future.")


class RefundCodeKnown(DecisionRefused):
    """Another refund has this code. If one transfer was for both, a word after the code tells them apart."""

    sentence = _(
        "This M-PESA code is already on a refund. Please double-check it. If one transfer "
        "covered both refunds, add a word after it."
    )


class RefundKnown(DecisionRefused):
    """Another refund was recorded since the page was loaded, perhaps the same one."""

    sentence = _("A refund of this money was recorded meanwhile. Look at it before you record another.")


class OtherEnvironment(DecisionRefused):
    """Either the money or the order is a test, but not both."""

    sentence = _("Test money and real money do not mix.")


class OrderPaid(DecisionRefused):
    """The order has booked money already."""

    sentence = _("This order is already paid.")


class OrderClosed(DecisionRefused):
    """The order can't be paid any more."""


class OrderCancelled(OrderClosed):
    """The order was canceled by the shop or the customer."""

    sentence = _("This order was canceled. Match the money to another order, or refund it.")


class OrderReturnedToBasket(OrderClosed):
    """The order's lines are back in the customer's basket, and perhaps in another order."""

    sentence = _(
        "The customer put the items of this order back into the basket, perhaps for a newer "
        "order. Match the money to that one, or refund it."
    )


class OtherCurrency(OrderClosed):
    """The order is not in Kenyan shillings."""

    sentence = _("This order is not in Kenyan shillings. Match the money to another order, or refund it.")


class OutOfStock(DecisionRefused):
    """The closed order's items were sold to others."""

    sentence = _("Some items of this order are no longer in stock.")


class ReceiptKnown(DecisionRefused):
    """The M-PESA code is recorded already; ``receipt`` has it."""

    sentence = _("This M-PESA code is already in the list.")

    def __init__(self, receipt: MpesaReceipt) -> None:
        super().__init__(receipt.pk)
        self.receipt = receipt


class ClaimKnown(DecisionRefused):
    """The M-PESA code is recorded already, and Safaricom has not reported it yet."""

    sentence = _("This M-PESA code is already recorded. Safaricom has not confirmed it yet.")


class BookingFailed(DecisionRefused):
    """The shop's own code raised while it wrote the books."""

    sentence = _("The shop's own code refused it. Forward this to your developer.")


def require_amount(amount: Decimal, *, most: Decimal | int) -> None:
    """Raise ``InvalidAmount`` unless the amount is above zero, in whole cents, and at most ``most`` shillings."""
    if not amount.is_finite() or not 0 < amount <= most or amount != amount.quantize(Decimal("0.01")):
        raise InvalidAmount(amount)


def require_time(moment: datetime, *, earliest: datetime | None = None, now: datetime) -> None:
    """Raise ``TimeInFuture`` if the moment is after ``now``, and ``InvalidTime`` if it is before ``earliest``."""
    if moment > now:
        raise TimeInFuture(moment.isoformat())
    if earliest is not None and moment < earliest:
        raise InvalidTime(moment.isoformat())


class StartRefused(Exception):
    """No payment was started; ``sentence`` says what to do, once ``payment_page`` has filled it in.

    ``phone`` is set if another phone would be accepted, ``until`` (UTC) if a later try would be. The exception's own
    text has no full phone number, so it may be logged.
    """

    sentence = _("This order can't be paid by M-PESA now.")
    phone: PhoneNumber | None = None
    until: datetime | None = None


class MpesaUnavailable(StartRefused):
    """M-PESA is off, or its settings are wrong; ``manage.py check`` shows how."""

    sentence = _("This shop can't take M-PESA right now.")


class NotPayable(StartRefused):
    """The order is closed, has money, or is of another status."""

    sentence = _("This order isn't waiting for a payment.")


class NoOtherPrompt(StartRefused):
    """Another prompt would fail as the last one did, for example because the amount is too large."""


class NumberNeeded(StartRefused):
    """The number of the last payment can't be used again: it can't pay, or the actor may not know whose it is."""

    sentence = _("Enter the number that will get the prompt.")


class NumberRefused(NumberNeeded):
    """M-PESA refused this number for the order. Staff, who did not type it, must type another."""

    sentence = _("This number can't pay the order by M-PESA. Send the prompt to another number.")


class PaymentInProgress(StartRefused):
    """Another payment is live; ``payment`` is that one."""

    sentence = _("A prompt is already on the phone. Answer it there first.")

    def __init__(self, payment: MpesaPayment) -> None:
        super().__init__(payment.pk)
        self.payment = payment


class TooSoon(StartRefused):
    """The last push to this phone was a moment ago."""

    sentence = _("You can send the prompt to this phone again at {time}.")

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class ResultUnknown(TooSoon):
    """Safaricom did not answer whether an earlier payment is paid."""

    sentence = _(
        "M-PESA hasn't answered yet. If an M-PESA SMS says Confirmed, you have paid: don't pay again. "
        "Otherwise, you can send the prompt again at {time}."
    )


class PaymentUnconfirmed(StartRefused):
    """A callback reported money for the order, and Safaricom has not confirmed it yet."""

    sentence = _("M-PESA has reported a payment for this order. We're confirming it; don't pay again.")
