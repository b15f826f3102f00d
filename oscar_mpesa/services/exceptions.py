"""Why a person's decision about money was not carried out; nothing is changed then.

::

    DecisionRefused
    ├── NotToSortOut       it was decided already
    ├── NoteMissing        say why, or where it was seen
    ├── AmountImpossible   no amount of money, or more than arrived
    ├── TimeImpossible     before the money arrived
    │   └── TimeToCome         in the future
    ├── ReturnCodeKnown    the code stands at another return
    ├── ReturnKnown        more of it was returned since the person looked
    ├── AmountNotAccepted  not the order's total: accept the difference, or choose another order
    ├── OtherEnvironment   test money never pays a real order, nor the other way round
    ├── OrderPaid          the order's money is there
    ├── OrderClosed        the order can be paid no more
    │   ├── OrderCancelled     the shop or its customer cancelled it
    │   ├── OrderGivenBack     its things went back into its customer's basket
    │   └── OtherCurrency      it is not in shillings
    ├── SoldOut            the order's things are not all in stock
    ├── ReceiptKnown       this code is in the list; ``receipt`` is the one
    ├── AttemptUnclear     money without a code is there already: say whose code this is
    ├── PartlyReturned     return the rest, or close it with a note
    ├── HeldPayment        decide about the money that holds the payment first
    └── BooksRefused       the shop's own code raised; the message says what
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment, MpesaReceipt

__all__ = ["DecisionRefused"]


class DecisionRefused(Exception):
    """Nothing was changed; ``sentence`` tells a person why, and what to do."""

    sentence = _("This cannot be done with this money.")


class NoDecisionNeeded(DecisionRefused):
    """It was used, returned or closed already."""

    sentence = _("This money was decided about already. Look at it again.")


class NoteMissing(DecisionRefused):
    """A decision by hand needs a note."""

    sentence = _("Write a note: where it was seen, or why.")


class InvalidAmount(DecisionRefused):
    """Zero, negative, or more than arrived."""

    sentence = _("Enter an amount above zero, and not more than arrived.")


class InvalidTime(DecisionRefused):
    """Before the money arrived."""

    sentence = _("Enter a time that is not before the money arrived.")


class TimeInFuture(InvalidTime):
    """In the future."""

    sentence = _("Enter a time that is not in the future.")


class RefundCodeKnown(DecisionRefused):
    """A code is of one sending; was it one for both, a word after the code tells the two apart."""

    sentence = _(
        "This code stands at a return already. Look at the code again; if one sending was for both, write a word after "
        "it."
    )


class RefundKnown(DecisionRefused):
    """Perhaps the same return, sent twice."""

    sentence = _("A return of this money was written down meanwhile. Look at it before you write down another.")


class AmountNotAccepted(DecisionRefused):
    """Another amount than the order's total."""

    sentence = _("The amount is not the order's total. Accept the difference, or choose another order.")


class OtherEnvironment(DecisionRefused):
    """One of the two is a test."""

    sentence = _("Test money and real money do not mix.")


class OrderPaid(DecisionRefused):
    """Its books hold money already."""

    sentence = _("This order is paid already.")


class OrderClosed(DecisionRefused):
    """It can be paid no more."""


class OrderCancelled(OrderClosed):
    """Whoever cancelled it did not expect money."""

    sentence = _("This order was cancelled. Use the money for another order, or return it.")


class OrderReturnedToBasket(OrderClosed):
    """Its customer took the things back to pay in another way, so they may be in another order now."""

    sentence = _(
        "The customer put the things of this order back into the basket, perhaps for a newer order. "
        "Use the money for that one, or return it."
    )


class OtherCurrency(OrderClosed):
    """M-PESA is shillings."""

    sentence = _("This order is not in Kenyan shillings. Use the money for another order, or return it.")


class OutOfStock(DecisionRefused):
    """It was released, and its things went to others."""

    sentence = _("The things of this order are not all in stock any more.")


class ReceiptKnown(DecisionRefused):
    """This M-PESA code is in the list already."""

    sentence = _("This M-PESA code is in the list already.")

    def __init__(self, receipt: MpesaReceipt) -> None:
        super().__init__(receipt.pk)
        self.receipt = receipt


class PaymentUnclear(DecisionRefused):
    """The order has money whose code is missing, and this may be the code of more than one attempt, or of none."""

    sentence = _("Money without a code is there for this order. Say which request this code belongs to.")


class PartlyRefunded(DecisionRefused):
    """Part of the money went back, so the rest is no payment of an order."""

    sentence = _("Part of this money was returned. Return the rest, or close it with a note.")


class PaymentOnHold(DecisionRefused):
    """Another amount arrived for this payment before."""

    sentence = _("Another amount arrived for this request. Decide about that money first.")


class BookingFailed(DecisionRefused):
    """The shop's own code raised while its books were written."""

    sentence = _("The shop's own code refused it. Ask whoever programs the shop.")


def require_amount(amount: Decimal, *, most: Decimal | int) -> None:
    """Raise ``AmountImpossible`` unless this is money: shillings above zero, in whole cents, and not more than that."""
    if not amount.is_finite() or not 0 < amount <= most or amount != amount.quantize(Decimal("0.01")):
        raise InvalidAmount(amount)


def require_time(moment: datetime, *, earliest: datetime | None = None, now: datetime) -> None:
    """Raise ``TimeToCome`` unless this has passed, and ``TimeImpossible`` if it was before ``earliest``."""
    if moment > now:
        raise TimeInFuture(moment.isoformat())
    if earliest is not None and moment < earliest:
        raise InvalidTime(moment.isoformat())


class StartRefused(Exception):
    """No attempt was made; ``sentence`` tells a person what to do, once ``access/refusals.py`` has filled it in.

    ``phone`` is the number that another one would help against, ``until`` (UTC) when the same may be tried again;
    None where that is not so. The text of the error itself has no number in full, so it may be logged.
    """

    sentence = _("This order cannot be paid by M-PESA now.")
    phone: PhoneNumber | None = None
    until: datetime | None = None


class MpesaUnavailable(StartRefused):
    """M-Pesa is off here, or its settings are wrong; ``manage.py check`` says how."""

    sentence = _("This shop cannot take M-PESA right now.")


class NotPayable(StartRefused):
    """The order awaits no payment: closed, of another status, or its money is there."""

    sentence = _("This order is not waiting for a payment.")


class PaymentInProgress(StartRefused):
    """A request is on a phone already; ``payment`` is the live one."""

    sentence = _("A request is on the phone already. Answer it there first.")

    def __init__(self, payment: MpesaPayment) -> None:
        super().__init__(payment.pk)
        self.payment = payment


class TooSoon(StartRefused):
    """The same phone was prompted for the same amount just now."""

    sentence = _("You can send again to this phone at {time}.")

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class PhoneBlocked(StartRefused):
    """Its owner asked for no more requests."""

    sentence = _("The owner of this number asked not to get requests. Use another number.")

    def __init__(self, phone: PhoneNumber) -> None:
        super().__init__(phone.masked)
        self.phone = phone


class TooManyPushes(StartRefused):
    """The phone was prompted too often in a few minutes."""

    sentence = _("Three requests went to {number}. Wait until {time}, or use another number.")

    def __init__(self, phone: PhoneNumber, until: datetime) -> None:
        super().__init__(phone.masked, until.isoformat())
        self.phone = phone
        self.until = until


class TooManyUnpaidPushes(TooManyPushes):
    """Too many requests to the phone within a day brought no money."""

    sentence = _("Ten requests to {number} went unpaid within 24 hours. Wait until {time}, or use another number.")


class TooManyOrders(StartRefused):
    """The session placed too many orders within an hour and did not pay them."""

    sentence = _("You have five unpaid orders from the last hour. Pay one that is still open, or wait until {time}.")

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until
