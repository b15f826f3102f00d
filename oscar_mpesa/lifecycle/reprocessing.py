"""A person has a kept callback worked through once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oscar_mpesa.domain.marking import _
from oscar_mpesa.lifecycle import audit
from oscar_mpesa.lifecycle.callbacks import FIRST_RETRY, try_again
from oscar_mpesa.lifecycle.staff import require_permission
from oscar_mpesa.models import EventType, MpesaCallback, Verdict

#: Verdicts that are not the last word.
UNFINISHED = (Verdict.RECEIVED, Verdict.FAILED)


class ProcessingRefused(Exception):
    """It is left as it is; ``sentence`` tells a person why."""

    sentence = _("This callback has its verdict already.")


class BeingProcessed(ProcessingRefused):
    """It came a moment ago, and whoever took it in is still at it."""

    sentence = _("This callback came a moment ago and is being worked through. Look again in a minute.")


def process_again(callback: MpesaCallback, *, by: Any, now: datetime) -> bool:
    """Work through a callback that was only received, or that failed; False if it failed again.

    Given-up ones too. Needs ``act_on_payment``; must run outside a transaction. What it says counts once, however
    often and by whomever it is worked through. Raises ``ProcessingRefused`` and ``PermissionDenied``.
    """
    require_permission(by, "act_on_payment")
    if callback.verdict not in UNFINISHED or callback.payment is None:
        raise ProcessingRefused(callback.pk)
    if callback.verdict == Verdict.RECEIVED and callback.received_at > now - FIRST_RETRY:
        raise BeingProcessed(callback.pk)
    audit.record(EventType.CALLBACK_REPROCESSED, callback.payment, now=now, by=by, callback=callback.pk)
    return try_again(callback, now=now)
