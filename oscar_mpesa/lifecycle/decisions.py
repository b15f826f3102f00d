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

from oscar_mpesa.domain.marking import _
from oscar_mpesa.models import MpesaReceipt


class DecisionRefused(Exception):
    """Nothing was changed; ``sentence`` tells a person why, and what to do."""

    sentence = _("This cannot be done with this money.")


class NotToSortOut(DecisionRefused):
    """It was used, returned or closed already."""

    sentence = _("This money was decided about already. Look at it again.")


class NoteMissing(DecisionRefused):
    """A decision by hand needs a note."""

    sentence = _("Write a note: where it was seen, or why.")


class AmountImpossible(DecisionRefused):
    """Zero, negative, or more than arrived."""

    sentence = _("Enter an amount above zero, and not more than arrived.")


class TimeImpossible(DecisionRefused):
    """Before the money arrived."""

    sentence = _("Enter a time that is not before the money arrived.")


class TimeToCome(TimeImpossible):
    """In the future."""

    sentence = _("Enter a time that is not in the future.")


class ReturnCodeKnown(DecisionRefused):
    """A code is of one sending; was it one for both, a word after the code tells the two apart."""

    sentence = _(
        "This code stands at a return already. Look at the code again; if one sending was for both, write a word after "
        "it."
    )


class ReturnKnown(DecisionRefused):
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


class OrderGivenBack(OrderClosed):
    """Its customer took the things back to pay in another way, so they may be in another order now."""

    sentence = _(
        "The customer put the things of this order back into the basket, perhaps for a newer order. "
        "Use the money for that one, or return it."
    )


class OtherCurrency(OrderClosed):
    """M-PESA is shillings."""

    sentence = _("This order is not in Kenyan shillings. Use the money for another order, or return it.")


class SoldOut(DecisionRefused):
    """It was released, and its things went to others."""

    sentence = _("The things of this order are not all in stock any more.")


class ReceiptKnown(DecisionRefused):
    """This M-PESA code is in the list already."""

    sentence = _("This M-PESA code is in the list already.")

    def __init__(self, receipt: MpesaReceipt) -> None:
        super().__init__(receipt.pk)
        self.receipt = receipt


class AttemptUnclear(DecisionRefused):
    """The order has money whose code is missing, and this may be the code of more than one attempt, or of none."""

    sentence = _("Money without a code is there for this order. Say which request this code belongs to.")


class PartlyReturned(DecisionRefused):
    """Part of the money went back, so the rest is no payment of an order."""

    sentence = _("Part of this money was returned. Return the rest, or close it with a note.")


class HeldPayment(DecisionRefused):
    """Another amount arrived for this payment before."""

    sentence = _("Another amount arrived for this request. Decide about that money first.")


class BooksRefused(DecisionRefused):
    """The shop's own code raised while its books were written."""

    sentence = _("The shop's own code refused it. Ask whoever programs the shop.")


def require_amount(amount: Decimal, *, most: Decimal | int) -> None:
    """Raise ``AmountImpossible`` unless this is money: shillings above zero, in whole cents, and not more than that."""
    if not amount.is_finite() or not 0 < amount <= most or amount != amount.quantize(Decimal("0.01")):
        raise AmountImpossible(amount)


def require_time(moment: datetime, *, earliest: datetime | None = None, now: datetime) -> None:
    """Raise ``TimeToCome`` unless this has passed, and ``TimeImpossible`` if it was before ``earliest``."""
    if moment > now:
        raise TimeToCome(moment.isoformat())
    if earliest is not None and moment < earliest:
        raise TimeImpossible(moment.isoformat())
