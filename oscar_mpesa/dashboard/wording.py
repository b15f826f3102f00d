"""The audit's own words, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from oscar_mpesa.models import Allocation, ReleaseReason
from oscar_mpesa.models.payments import STATUS_CHOICES

#: Every ``what`` that the lifecycle writes; a shop's own is shown as it is.
WHAT: Mapping[str, Any] = {
    "asked by staff": _("Asked by hand"),
    "asked for better news": _("Asked once more, because the message could not be believed"),
    "callback worked through again": _("Message of Safaricom worked through again"),
    "cancelled though paid": _("Cancelled, though it is paid"),
    "decided about money": _("Decided about money"),
    "given back to a basket": _("Things put back into a basket"),
    "ignored": _("News that changed nothing"),
    "known twice": _("Money told of twice"),
    "money returned": _("Return of money written down"),
    "money to sort out": _("Money waits for a decision"),
    "never answered": _("Safaricom never said what became of a request"),
    "pays later": _("The customer pays later"),
    "phone blocked": _("No more requests to this number"),
    "phone unblocked": _("Requests to this number again"),
    "push reply repeats an id": _("Safaricom gave the id of another request"),
    "push unanswered": _("Safaricom did not answer; the request may be on the phone"),
    "question unanswered": _("Safaricom had no answer"),
    "receipt number told": _("M-PESA code told"),
    "receipt of another payment": _("M-PESA code of another payment"),
    "receipt told differently": _("Safaricom told the money differently"),
    "recorded by hand": _("Money recorded by hand"),
    "reinstated": _("Order taken up again"),
    "released": _("Order released"),
    "sent by staff": _("Sent by hand"),
    "settled": _("Ended"),
}

_CALLS: Mapping[str, Any] = {
    "oauth": _("Signed in to Safaricom"),
    "push": _("Request handed to Safaricom"),
    "query": _("Safaricom asked"),
}

_VALUES: Mapping[str, Any] = {
    value: words for choices in (STATUS_CHOICES, Allocation.choices, ReleaseReason.choices) for value, words in choices
}


def happened(what: str) -> str:
    """What an event was."""
    return str(WHAT.get(what, what))


def changed(before: str, after: str) -> str:
    """From what to what; empty where neither is said."""
    return " → ".join(str(_VALUES.get(value, value)) for value in (before, after) if value)


def called(endpoint: str) -> str:
    """What we wanted of Safaricom."""
    return str(_CALLS.get(endpoint, endpoint))
