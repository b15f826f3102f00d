"""Define which limits refuse a push, and what each tells the person who asked for it.

::

    LimitReached
    ├── TooManyNumbersForOrder     use a number that you tried before
    ├── TooManyPushesForOrder      pay another way
    ├── TooManyNumbers             use a number that you tried before, or wait until ``until``
    ├── TooManyNumbersFromAddress  try later
    ├── TooManyOrders              pay another order, or wait until ``until``
    └── PhoneUnavailable           use another phone, or try later: all that a shopper learns about a number
        ├── PhoneBlocked               use another phone
        └── TooManyPushes              use another phone, or wait until ``until``
            └── TooManyUnpaidPushes    the same, for unpaid pushes
"""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import PushLimit
from oscar_mpesa.services.exceptions import StartRefused


class LimitReached(StartRefused):
    """The limit ``limit`` refuses the push. No sentence but those for staff says anything about a number."""

    limit: PushLimit


class PhoneUnavailable(LimitReached):
    """The phone gets no prompt now. Blocked phones and those at a limit look the same."""

    limit = PushLimit.PHONE
    sentence = _("We can't send a prompt to this number right now. Use another number, or try again later.")

    def __init__(self, phone: PhoneNumber, *args: object) -> None:
        super().__init__(phone.masked, *args)
        self.phone = phone


class PhoneBlocked(PhoneUnavailable):
    """The owner of the phone wants no prompts."""

    limit = PushLimit.PHONE_BLOCKED
    sentence = _("The owner of this number asked not to get prompts. Use another number.")


class TooManyPushes(PhoneUnavailable):
    """The phone got too many pushes in a few minutes."""

    sentence = _("Three prompts went to {number}. Wait until {time}, or use another number.")

    def __init__(self, phone: PhoneNumber, until: datetime) -> None:
        super().__init__(phone, until.isoformat())
        self.until = until


class TooManyUnpaidPushes(TooManyPushes):
    """The phone got too many unpaid pushes within a day."""

    sentence = _("Ten prompts to {number} went unpaid within 24 hours. Wait until {time}, or use another number.")


class TooManyNumbersForOrder(LimitReached):
    """Too many different numbers were tried for the order."""

    limit = PushLimit.ORDER_NUMBERS
    sentence = _("We allow five numbers for one order. Use one that you tried in this browser, or contact the shop.")


class TooManyPushesForOrder(LimitReached):
    """Too many pushes were sent for the order."""

    limit = PushLimit.ORDER_PUSHES
    sentence = _("We send at most ten prompts for one order. Pay another way, or contact the shop.")


class TooManyNumbersFromAddress(LimitReached):
    """Too many different numbers were tried from the address within an hour."""

    limit = PushLimit.ADDRESS_NUMBERS
    sentence = _("People on this network tried too many numbers in the last hour. Try again later.")


class _SessionLimitReached(LimitReached):
    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class TooManyNumbers(_SessionLimitReached):
    """The session tried too many different numbers within an hour."""

    limit = PushLimit.SESSION_NUMBERS
    sentence = _("You tried ten numbers in the last hour. Use one of them, or wait until {time}.")


class TooManyOrders(_SessionLimitReached):
    """The session placed too many unpaid orders within an hour."""

    limit = PushLimit.SESSION_ORDERS
    sentence = _(
        "You have five unpaid orders from the last hour. Pay for one that is still open, or wait until {time}."
    )
