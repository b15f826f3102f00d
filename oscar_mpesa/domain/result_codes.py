"""The closed table of result codes: what each one means, its sentence for people, and when to try again.

The sentences are English msgids. The interfaces translate them, then fill the placeholders ``{N}``, ``{C}`` and
``{other}`` with ``str.format``. The sentences quote M-PESA and never claim themselves that nothing was charged. They
name no phone number, because not every reader may see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.payment_status import FINAL, LIVE, PaymentStatus

#: Fills ``{N}``.
NO_MONEY_TAKEN = _("M-PESA says no money was taken.")
#: Fills ``{C}``.
IF_CONFIRMED = _("If an M-PESA SMS says Confirmed, do not pay again: call us.")
#: Fills ``{other}`` in a shop with another payment method.
PAY_ANOTHER_WAY = _("Pay another way.")
#: Fills ``{other}`` in a shop with M-PESA only. ``{help}`` is the shop's support contact.
CALL_THE_SHOP = _("Call or WhatsApp us: {help}")


class Retry(str, Enum):
    """When to offer a new prompt."""

    NOW = "now"
    WAIT = "wait"
    OTHER_NUMBER = "other_number"
    AFTER_QUERY = "after_query"
    NEVER = "never"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one result means: its status, its sentence for the payer, and when to send another prompt.

    ``status`` is None if the result is not final. ``wait`` is the time in seconds before a new prompt to the same
    phone. ``merchant_fault`` marks a problem that only the shop can fix. ``meaning`` is for staff.
    """

    code: str
    status: PaymentStatus | None = PaymentStatus.FAILED
    retry: Retry = Retry.NOW
    wait: int = 0
    sentence: str
    merchant_fault: bool = False
    meaning: str


_SHOP_CANNOT = _("This shop cannot take M-PESA right now. {other}")
_SHOP_CANNOT_NOTHING_TAKEN = _("This shop cannot take M-PESA right now. {N} {other}")
_BUSY = _("M-PESA is busy. Wait a minute, then send again. {C}")
_NOT_SHOWN = _("M-PESA could not show the prompt on that phone. Wait two minutes, then send again.")
_NOT_ANSWERED = _(
    "The phone did not answer. Check that it is on, unlocked and has signal, then send again. "
    "Old SIM? Call Safaricom on 100. {C}"
)

_PAID = Outcome(
    code="0",
    status=PaymentStatus.COMPLETED,
    retry=Retry.NEVER,
    sentence=_("Payment received. Thank you!"),
    meaning=_("paid by M-PESA"),
)

_WAITING = Outcome(
    code="4999",
    status=None,
    retry=Retry.WAIT,
    sentence=_("Waiting for M-PESA. If the prompt is on the phone, enter the PIN there."),
    meaning=_("waiting for the phone"),
)

_OTHER = Outcome(
    code="",
    sentence=_("The payment did not go through. {C} Otherwise send again."),
    meaning=_("failed with another code; see M-PESA's own words"),
)

#: The payment expired: Safaricom sent no final result for 2½ minutes.
NO_ANSWER = Outcome(
    code="no-answer",
    status=PaymentStatus.EXPIRED,
    retry=Retry.AFTER_QUERY,
    sentence=_(
        "No answer from M-PESA yet. If an M-PESA SMS says Confirmed, you have paid: do not pay again. "
        "We are checking with Safaricom."
    ),
    meaning=_("no answer from Safaricom in time"),
)

_RESULTS = (
    _PAID,
    Outcome(
        code="1",
        sentence=_("There is not enough money in that M-PESA. Add money or use another number, then send again. {N}"),
        meaning=_("balance too low"),
    ),
    Outcome(
        code="2",
        retry=Retry.NEVER,
        sentence=_("This amount is too small for M-PESA. {other}"),
        meaning=_("amount below the minimum"),
    ),
    Outcome(
        code="3",
        retry=Retry.NEVER,
        sentence=_("This amount is above what M-PESA allows in one payment. {other}"),
        meaning=_("amount above the maximum"),
    ),
    Outcome(
        code="4",
        retry=Retry.OTHER_NUMBER,
        sentence=_("That number has reached its M-PESA limit for today. Use another number. {other}"),
        meaning=_("over the day's limit"),
    ),
    Outcome(
        code="8",
        retry=Retry.NEVER,
        sentence=_SHOP_CANNOT,
        merchant_fault=True,
        meaning=_("the shop's M-PESA account is full"),
    ),
    Outcome(
        code="17",
        retry=Retry.WAIT,
        wait=120,
        sentence=_("M-PESA could not take this payment just now. Wait two minutes, then send again. {C}"),
        meaning=_("the same prompt within two minutes, or another limit of M-PESA"),
    ),
    Outcome(code="26", retry=Retry.WAIT, wait=60, sentence=_BUSY, meaning=_("M-PESA was busy")),
    Outcome(
        code="1001",
        retry=Retry.WAIT,
        wait=120,
        sentence=_("Another M-PESA prompt or menu is open on that phone. Close it, wait two minutes, then send again."),
        meaning=_("another M-PESA session was open on the phone"),
    ),
    Outcome(
        code="1019",
        sentence=_("The prompt expired. Send it again. {C}"),
        meaning=_("the prompt expired"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.NEVER,
            sentence=_SHOP_CANNOT_NOTHING_TAKEN,
            merchant_fault=True,
            meaning=_("the text of the prompt is too long: business name and account reference"),
        )
        for code in ("1025", "1101")
    ),
    Outcome(
        code="9999",
        retry=Retry.WAIT,
        wait=120,
        sentence=_NOT_SHOWN,
        meaning=_("the prompt could not be shown on the phone"),
    ),
    Outcome(
        code="1031",
        sentence=_("Time ran out before the PIN was entered. Have the PIN ready and send again."),
        meaning=_("the PIN came too late"),
    ),
    Outcome(
        code="1032",
        status=PaymentStatus.CANCELLED,
        sentence=_("The prompt was canceled, or closed before a PIN was entered. Send it again when ready. {N}"),
        meaning=_("canceled, closed or ignored on the phone"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.AFTER_QUERY,
            sentence=_NOT_ANSWERED,
            meaning=_("the phone did not answer: off, no network or an old SIM"),
        )
        for code in ("1036", "1037")
    ),
    Outcome(
        code="2001",
        sentence=_("The M-PESA PIN was wrong. Check it and send again. Several wrong PINs lock M-PESA. {N}"),
        meaning=_("wrong M-PESA PIN"),
    ),
    Outcome(
        code="2006",
        retry=Retry.OTHER_NUMBER,
        sentence=_("That M-PESA number cannot pay right now. Use another number. {other}"),
        meaning=_("the payer's account is inactive"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.NEVER,
            sentence=_SHOP_CANNOT_NOTHING_TAKEN,
            merchant_fault=True,
            meaning=_("till and paybill mixed up in the set-up"),
        )
        for code in ("2028", "SFC_IC0003")
    ),
    _WAITING,
    Outcome(
        code="8006",
        retry=Retry.OTHER_NUMBER,
        sentence=_(
            "The M-PESA PIN of that number is locked. Open it with *334# (My Account, M-PESA PIN Manager), "
            "or call Safaricom on 100. Or use another number."
        ),
        meaning=_("the payer's PIN is locked"),
    ),
)

#: Every known result code of Safaricom. Sources: the Daraja portal and integrators' reports.
RESULTS: Mapping[str, Outcome] = MappingProxyType({outcome.code: outcome for outcome in _RESULTS})

_PUSH_OUTCOMES = (
    Outcome(
        code="refused",
        sentence=_("M-PESA did not accept the prompt, so nothing was sent to the phone. Send it again. {other}"),
        meaning=_("Safaricom refused the prompt; nothing was sent to the phone"),
    ),
    Outcome(
        code="number-refused",
        sentence=_(
            "M-PESA did not accept the prompt, so nothing was sent to the phone. Check the number and send again."
        ),
        meaning=_("Safaricom refused the phone number; nothing was sent to the phone"),
    ),
    Outcome(
        code="amount-refused",
        retry=Retry.NEVER,
        sentence=_("M-PESA did not accept this amount, so nothing was sent to the phone. {other}"),
        meaning=_("Safaricom refused the amount; nothing was sent to the phone"),
    ),
    Outcome(
        code="busy",
        retry=Retry.WAIT,
        wait=60,
        sentence=_BUSY,
        meaning=_("Safaricom was busy; nothing was sent to the phone"),
    ),
    Outcome(
        code="misconfigured",
        retry=Retry.NEVER,
        sentence=_SHOP_CANNOT,
        merchant_fault=True,
        meaning=_("the shop's M-PESA set-up is wrong; nothing was sent to the phone"),
    ),
    Outcome(
        code="not-sent",
        sentence=_("The prompt was not sent to the phone. Send it again."),
        meaning=_("the prompt was not sent to the phone"),
    ),
)

#: Results of payments whose till and paybill are swapped; a rejected push has an error kind instead.
SWAPPED_CODES = ("2028", "SFC_IC0003")

#: The reasons why a push was certainly not sent, under codes of this app.
PUSH_CODES: Mapping[str, Outcome] = MappingProxyType({outcome.code: outcome for outcome in _PUSH_OUTCOMES})


def result_outcome(code: str | None) -> Outcome:
    """Return what a ResultCode of a callback or a query means. An unknown or missing code means: keep waiting."""
    stripped = (code or "").strip()
    return RESULTS.get(stripped) or replace(_WAITING, code=stripped or _WAITING.code)


def is_unknown(code: str | None) -> bool:
    """Return whether a ResultCode is not in the table. A missing one is not unknown."""
    stripped = (code or "").strip()
    return bool(stripped) and stripped not in RESULTS


def outcome_of(code: str, status: PaymentStatus) -> Outcome:
    """Return what a stored payment's code means. If the code contradicts the status, the status wins.

    An expired payment has the failure that Safaricom named later, if it named one.
    """
    if status is PaymentStatus.COMPLETED:
        return _PAID
    if status in LIVE:
        return _WAITING
    outcome = PUSH_CODES.get(code) or RESULTS.get(code) or replace(_OTHER, code=code)
    is_failure = outcome.status in FINAL - {PaymentStatus.COMPLETED}
    if status is PaymentStatus.EXPIRED:
        return outcome if is_failure and code not in {"", NO_ANSWER.code} else NO_ANSWER
    return outcome if is_failure else replace(_OTHER, code=outcome.code)
