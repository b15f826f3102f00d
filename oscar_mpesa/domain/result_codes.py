"""The closed table of Safaricom's result codes: what each one means, what people read, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.outcomes import (
    BUSY,
    IS_BUSY,
    SHOP_CANNOT,
    SHOP_CANNOT_NOTHING_TAKEN,
    UNAVAILABLE,
    FirstAction,
    Outcome,
    Retry,
)
from oscar_mpesa.domain.payment_status import FINAL, LIVE, PaymentStatus
from oscar_mpesa.domain.push_codes import PUSH_CODES

_TIME_RAN_OUT = _("Time ran out")

_PAID = Outcome(
    code="0",
    status=PaymentStatus.COMPLETED,
    retry=Retry.NEVER,
    first=FirstAction.CHECK,
    sentence=_("Payment received. Thank you!"),
    meaning=_("paid by M-PESA"),
)

_WAITING = Outcome(
    code="4999",
    status=None,
    retry=Retry.WAIT,
    first=FirstAction.CHECK,
    sentence=_("Waiting for M-PESA. If the prompt is on the phone, enter the PIN there."),
    meaning=_("waiting for the phone"),
)

_OTHER = Outcome(
    code="",
    heading=_("The payment didn't go through"),
    sentence=_("M-PESA couldn't complete this payment. Send the prompt again. {C}"),
    meaning=_("failed with another code; see M-PESA's own words"),
)

#: The payment expired: Safaricom sent no final result for 2½ minutes.
NO_ANSWER = Outcome(
    code="no-answer",
    status=PaymentStatus.EXPIRED,
    retry=Retry.AFTER_QUERY,
    first=FirstAction.CHECK,
    heading=_("No answer yet"),
    sentence=_("M-PESA hasn't answered yet. {P} We're checking with Safaricom."),
    meaning=_("no answer from Safaricom in time"),
)

_RESULTS = (
    _PAID,
    Outcome(
        code="1",
        first=FirstAction.OTHER_NUMBER,
        heading=_("Not enough balance"),
        sentence=_("There isn't enough money on {number}. Top up, or pay from another number. {N}"),
        meaning=_("balance too low"),
    ),
    Outcome(
        code="2",
        retry=Retry.NEVER,
        first=FirstAction.OTHER_METHOD,
        heading=_("Amount too small"),
        sentence=_("M-PESA doesn't accept such a small amount. {other}"),
        meaning=_("amount below the minimum"),
    ),
    Outcome(
        code="3",
        retry=Retry.NEVER,
        first=FirstAction.OTHER_METHOD,
        heading=_("Amount too large"),
        sentence=_("This amount is above M-PESA's limit for one payment. {other}"),
        meaning=_("amount above the maximum"),
    ),
    Outcome(
        code="4",
        retry=Retry.OTHER_NUMBER,
        first=FirstAction.OTHER_NUMBER,
        heading=_("Daily limit reached"),
        sentence=_("{number} has reached its M-PESA limit for today. Pay from another number. {other}"),
        meaning=_("over the day's limit"),
    ),
    Outcome(
        code="8",
        retry=Retry.NEVER,
        first=FirstAction.OTHER_METHOD,
        heading=UNAVAILABLE,
        sentence=SHOP_CANNOT,
        merchant_fault=True,
        meaning=_("the shop's M-PESA account is full"),
    ),
    Outcome(
        code="17",
        retry=Retry.WAIT,
        wait=120,
        heading=_("Try again in two minutes"),
        sentence=_("M-PESA couldn't take this payment just now. Wait two minutes, then send the prompt again. {C}"),
        meaning=_("the same prompt within two minutes, or another limit of M-PESA"),
    ),
    Outcome(code="26", retry=Retry.WAIT, wait=60, heading=IS_BUSY, sentence=BUSY, meaning=_("M-PESA was busy")),
    Outcome(
        code="1001",
        retry=Retry.WAIT,
        wait=120,
        heading=_("Another M-PESA session is open"),
        sentence=_(
            "Another M-PESA prompt or menu is open on the phone. Close it, wait two minutes, "
            "then send the prompt again."
        ),
        meaning=_("another M-PESA session was open on the phone"),
    ),
    Outcome(
        code="1019",
        heading=_TIME_RAN_OUT,
        sentence=_("The prompt expired. Send it again. {C}"),
        meaning=_("the prompt expired"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.NEVER,
            first=FirstAction.OTHER_METHOD,
            heading=UNAVAILABLE,
            sentence=SHOP_CANNOT_NOTHING_TAKEN,
            merchant_fault=True,
            meaning=_("the text of the prompt is too long: business name and account reference"),
        )
        for code in ("1025", "1101")
    ),
    Outcome(
        code="9999",
        retry=Retry.WAIT,
        wait=120,
        heading=_("The prompt didn't arrive"),
        sentence=_("M-PESA couldn't show the prompt on that phone. Wait two minutes, then send it again."),
        meaning=_("the prompt could not be shown on the phone"),
    ),
    Outcome(
        code="1031",
        heading=_TIME_RAN_OUT,
        sentence=_("Time ran out before the PIN was entered. Have your PIN ready, then send the prompt again."),
        meaning=_("the PIN came too late"),
    ),
    Outcome(
        code="1032",
        status=PaymentStatus.CANCELLED,
        heading=_("Canceled on the phone"),
        sentence=_("The prompt was canceled or closed. Send it again when you're ready. {N}"),
        meaning=_("canceled, closed or ignored on the phone"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.AFTER_QUERY,
            heading=_("The phone didn't answer"),
            sentence=_(
                "{number} didn't answer. Check that the phone is on, unlocked and has signal, then send the prompt "
                "again. Old SIM? Call Safaricom on 100. {C}"
            ),
            meaning=_("the phone did not answer: off, no network or an old SIM"),
        )
        for code in ("1036", "1037")
    ),
    Outcome(
        code="2001",
        heading=_("Wrong M-PESA PIN"),
        sentence=_(
            "The M-PESA PIN was wrong. Check it, then send the prompt again. Several wrong PINs lock M-PESA. {N}"
        ),
        meaning=_("wrong M-PESA PIN"),
    ),
    Outcome(
        code="2006",
        retry=Retry.OTHER_NUMBER,
        first=FirstAction.OTHER_NUMBER,
        heading=_("This number can't pay"),
        sentence=_("{number} can't pay by M-PESA right now. Pay from another number. {other}"),
        meaning=_("the payer's account is inactive"),
    ),
    *(
        Outcome(
            code=code,
            retry=Retry.NEVER,
            first=FirstAction.OTHER_METHOD,
            heading=UNAVAILABLE,
            sentence=SHOP_CANNOT_NOTHING_TAKEN,
            merchant_fault=True,
            meaning=_("till and paybill mixed up in the set-up"),
        )
        for code in ("2028", "SFC_IC0003")
    ),
    _WAITING,
    Outcome(
        code="8006",
        retry=Retry.OTHER_NUMBER,
        first=FirstAction.OTHER_NUMBER,
        heading=_("M-PESA PIN locked"),
        sentence=_(
            "The M-PESA PIN of {number} is locked. Unlock it with *334# (My Account, M-PESA PIN Manager), "
            "call Safaricom on 100, or pay from another number."
        ),
        meaning=_("the payer's PIN is locked"),
    ),
)

#: Every known result code of Safaricom. Sources: the Daraja portal and integrators' reports.
RESULTS: Mapping[str, Outcome] = MappingProxyType({outcome.code: outcome for outcome in _RESULTS})

#: Results that only numbers on Safaricom get: the phone or its M-PESA account answered.
ON_SAFARICOM = frozenset({"0", "1", "4", "1001", "1031", "1032", "2001", "2006", "8006"})

#: Results of payments whose till and paybill are swapped; a rejected push has an error kind instead.
SWAPPED_CODES = ("2028", "SFC_IC0003")


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
