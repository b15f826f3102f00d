"""Say what a status check found, to the person who asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oscar_mpesa.conf import SIMULATED
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.result_codes import result_outcome
from oscar_mpesa.models import EventType, MpesaPayment
from oscar_mpesa.models.api_calls import ERROR_KIND_CHOICES
from oscar_mpesa.services.status_query import QueryResult

_MESSAGES: Mapping[QueryResult, Any] = MappingProxyType(
    {
        QueryResult.PAID: gettext_lazy("Safaricom says it is paid."),
        QueryResult.WAIT: gettext_lazy("Safaricom is still waiting for the phone."),
    }
)
_NO_RESULT = gettext_lazy(
    "Safaricom has no result for this payment, so it does not count as paid. Check again later, or look in the M-PESA "
    "portal."
)
_NO_ID = gettext_lazy(
    "Safaricom gave this prompt no id, so its status cannot be checked. Look for the payment in the M-PESA portal."
)
_NOT_QUERIED = gettext_lazy("The status was checked a moment ago. Try again in a minute.")


def query_message(payment: MpesaPayment, result: QueryResult, *, since: datetime) -> str:
    """Return the message for the result of a query that a person made at ``since``.

    Reads the query's events and its API call. Says TEST if the simulator answered instead of Safaricom.
    """
    message = _message(payment, result, since)
    if payment.environment != SIMULATED:
        return message
    return _("TEST: the simulator answers in Safaricom's place.") + " " + message


def _message(payment: MpesaPayment, result: QueryResult, since: datetime) -> str:
    if result in _MESSAGES:
        return str(_MESSAGES[result])
    return _without_answer(payment, since) if result is QueryResult.NOTHING else _not_paid(payment, since)


def _not_paid(payment: MpesaPayment, since: datetime) -> str:
    why = _reason(payment, since)
    return _("Safaricom says it is not paid. Reason: %(why)s.") % {"why": _(why)} if why else str(_NO_RESULT)


def _reason(payment: MpesaPayment, since: datetime) -> str:
    """Return why it is not paid, by the query's own code or by the payment's; empty if Safaricom gave no result."""
    call = payment.api_calls.filter(endpoint="query", created_at__gte=since).order_by("-id").first()
    outcome = result_outcome(call.reply.get("ResultCode") if call else None)
    if outcome.status in {PaymentStatus.FAILED, PaymentStatus.CANCELLED}:
        return outcome.meaning
    payment.refresh_from_db()
    is_named = payment.status in {PaymentStatus.FAILED.value, PaymentStatus.CANCELLED.value}
    return payment.outcome.meaning if is_named else ""


def _without_answer(payment: MpesaPayment, since: datetime) -> str:
    """Say why there is no answer: no id, no query within the budget, no usable reply, or an unknown code."""
    unanswered = payment.events.filter(type=EventType.QUERY_UNANSWERED, created_at__gte=since).last()
    if unanswered is None:
        return str(_NO_ID if payment.checkout_request_id is None else _NOT_QUERIED)
    code, kind = unanswered.params.get("code"), unanswered.params.get("error_kind", "")
    if code:
        return _("Safaricom answered with a code that we do not know: %(code)s. Look in the M-PESA portal.") % {
            "code": code
        }
    why = dict(ERROR_KIND_CHOICES).get(kind, "")
    return _("Safaricom gave no usable answer (%(why)s). Try again in a minute.") % {"why": why}
