"""The reasons why a push was certainly not sent, under codes of this app."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from oscar_mpesa.domain.i18n import _
from oscar_mpesa.domain.outcomes import BUSY, IS_BUSY, SHOP_CANNOT, UNAVAILABLE, FirstAction, Outcome, Retry

_NOT_SENT = _("The prompt wasn't sent")

_PUSH_OUTCOMES = (
    Outcome(
        code="refused",
        heading=_NOT_SENT,
        sentence=_("M-PESA didn't accept the prompt, so nothing was sent to the phone. Send it again. {other}"),
        meaning=_("Safaricom refused the prompt; nothing was sent to the phone"),
    ),
    Outcome(
        code="number-refused",
        first=FirstAction.OTHER_NUMBER,
        heading=_("M-PESA didn't accept this number"),
        sentence=_(
            "M-PESA didn't accept {number}, so nothing was sent to the phone. Check it, or pay from another number."
        ),
        meaning=_("Safaricom refused the phone number; nothing was sent to the phone"),
    ),
    Outcome(
        code="amount-refused",
        retry=Retry.NEVER,
        first=FirstAction.OTHER_METHOD,
        heading=_("M-PESA didn't accept this amount"),
        sentence=_("M-PESA didn't accept this amount, so nothing was sent to the phone. {other}"),
        meaning=_("Safaricom refused the amount; nothing was sent to the phone"),
    ),
    Outcome(
        code="busy",
        retry=Retry.WAIT,
        wait=60,
        heading=IS_BUSY,
        sentence=BUSY,
        meaning=_("Safaricom was busy; nothing was sent to the phone"),
    ),
    Outcome(
        code="misconfigured",
        retry=Retry.NEVER,
        first=FirstAction.OTHER_METHOD,
        heading=UNAVAILABLE,
        sentence=SHOP_CANNOT,
        merchant_fault=True,
        meaning=_("the shop's M-PESA set-up is wrong; nothing was sent to the phone"),
    ),
    Outcome(
        code="not-sent",
        heading=_NOT_SENT,
        sentence=_("The prompt wasn't sent to the phone. Send it again."),
        meaning=_("the prompt was not sent to the phone"),
    ),
)

#: Every reason by its code.
PUSH_CODES: Mapping[str, Outcome] = MappingProxyType({outcome.code: outcome for outcome in _PUSH_OUTCOMES})
