"""What a result of a payment means: its status, its sentences for people, and what to do next.

The headings and sentences are English msgids. The interfaces translate them, then fill the placeholders ``{N}``,
``{C}``, ``{P}``, ``{other}`` and ``{number}`` of a sentence with ``str.format``. The sentences quote M-PESA and never
claim themselves that nothing was charged. ``{number}`` is the phone only for readers who may see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.payment_status import PaymentStatus

#: Fills ``{N}``.
NO_MONEY_TAKEN = _("M-PESA says no money was taken.")
#: Fills ``{C}``.
IF_CONFIRMED = _("If an M-PESA SMS says Confirmed, don't pay again: call us.")
#: Fills ``{P}``, while the result is not known.
PAID_IF_CONFIRMED = _("If an M-PESA SMS says Confirmed, you have paid: don't pay again.")
#: Fills ``{other}`` in a shop with another payment method.
PAY_ANOTHER_WAY = _("Pay another way.")
#: Fills ``{other}`` in a shop with M-PESA only. ``{help}`` is the shop's support contact.
CALL_THE_SHOP = _("Call or WhatsApp us: {help}")

#: What several results say.
UNAVAILABLE = _("M-PESA isn't available")
SHOP_CANNOT = _("This shop can't take M-PESA right now. {other}")
SHOP_CANNOT_NOTHING_TAKEN = _("This shop can't take M-PESA right now. {N} {other}")
IS_BUSY = _("M-PESA is busy")
BUSY = _("M-PESA is busy. Wait a minute, then send the prompt again. {C}")


class Retry(str, Enum):
    """When to offer a new prompt."""

    NOW = "now"
    WAIT = "wait"
    OTHER_NUMBER = "other_number"
    AFTER_QUERY = "after_query"
    NEVER = "never"

    def __str__(self) -> str:
        return self.value


class FirstAction(str, Enum):
    """What most likely helps the payer after a result: the primary button of the payment page."""

    SEND_AGAIN = "send_again"
    OTHER_NUMBER = "other_number"
    OTHER_METHOD = "other_method"
    CHECK = "check"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one result means: its status, its heading and sentence for the payer, and what to do next.

    ``status`` is None if the result is not final. ``heading`` is empty if the payment page's state has a better one.
    ``wait`` is the time in seconds before a new prompt to the same phone. ``merchant_fault`` marks a problem that only
    the shop can fix. ``meaning`` is for staff.
    """

    code: str
    status: PaymentStatus | None = PaymentStatus.FAILED
    retry: Retry = Retry.NOW
    first: FirstAction = FirstAction.SEND_AGAIN
    wait: int = 0
    heading: str = ""
    sentence: str
    merchant_fault: bool = False
    meaning: str
