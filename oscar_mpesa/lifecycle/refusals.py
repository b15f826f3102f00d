"""Why no attempt was made, each with the sentence that tells a person what to do."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.domain.marking import _
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaPayment


class StartRefused(Exception):
    """No attempt was made; ``sentence`` tells a person what to do, once ``access/refusals.py`` has filled it in.

    ``phone`` is the number that another one would help against, ``until`` (UTC) when the same may be tried again;
    None where that is not so. The text of the error itself has no number in full, so it may be logged.
    """

    sentence = _("This order cannot be paid by M-PESA now.")
    phone: PhoneNumber | None = None
    until: datetime | None = None


class NotOffered(StartRefused):
    """M-Pesa is off here, or its settings are wrong; ``manage.py check`` says how."""

    sentence = _("This shop cannot take M-PESA right now.")


class NotPayable(StartRefused):
    """The order awaits no payment: closed, of another status, or its money is there."""

    sentence = _("This order is not waiting for a payment.")


class LivePayment(StartRefused):
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


class TooManyPrompts(StartRefused):
    """The phone was prompted too often in a few minutes."""

    sentence = _("Three requests went to {number}. Wait until {time}, or use another number.")

    def __init__(self, phone: PhoneNumber, until: datetime) -> None:
        super().__init__(phone.masked, until.isoformat())
        self.phone = phone
        self.until = until


class TooManyUnpaidPrompts(TooManyPrompts):
    """Too many requests to the phone within a day brought no money."""

    sentence = _("Ten requests to {number} went unpaid within 24 hours. Wait until {time}, or use another number.")


class TooManyOrders(StartRefused):
    """The session placed too many orders within an hour and did not pay them."""

    sentence = _("You have five unpaid orders from the last hour. Pay one that is still open, or wait until {time}.")

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until
