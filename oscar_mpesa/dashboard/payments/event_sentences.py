"""The details of audit events as sentences, from each event's type, reason and params."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.payments.labels import change_label
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    CallbackReason,
    CloseReason,
    EventReason,
    EventType,
    MessageKind,
    MpesaEvent,
    ReversalReason,
    UnmatchedReason,
    UpdateSource,
)
from oscar_mpesa.models.api_calls import ERROR_KIND_CHOICES
from oscar_mpesa.services.actors import Role
from oscar_mpesa.services.roles import ROLES

Params = Mapping[str, Any]
Part = Callable[[Params], str]

#: The label of every reason; the names in brackets are params of the same event.
REASONS: Mapping[str, Any] = {
    **dict(EventReason.choices),
    **dict(UnmatchedReason.choices),
    **dict(ReversalReason.choices),
    **dict(CloseReason.choices),
    **dict(CallbackReason.choices),
    EventReason.ALREADY_FINAL.value: _("the payment had already ended: %(status)s"),
    EventReason.UNKNOWN_CODE.value: _("the result code %(code)s is unknown"),
}


def sentence(event: MpesaEvent) -> str:
    """Return the event's details in the active language; "" if its label is complete."""
    details = (part(event.params) for part in PARTS.get(event.type, ()))
    return " · ".join(detail for detail in details if detail)


def _change(params: Params) -> str:
    return change_label(params.get("before", ""), params.get("after", ""))


def _reason(params: Params) -> str:
    """Return the sentence of the reason's code. A detail that the event lacks is shown as an ellipsis."""
    reason = params.get("reason", "")
    values = defaultdict(lambda: "…", {name: _format(name, value) for name, value in params.items()})
    return str(REASONS.get(reason, reason)) % values if reason in REASONS else reason


def _format(name: str, value: Any) -> str:
    return change_label("", value) if name == "status" else str(value)


def _source(params: Params) -> str:
    source = dict(UpdateSource.choices).get(params.get("source", ""), "")
    return " ".join(str(part) for part in (source, params.get("code", "")) if part)


def _error(params: Params) -> str:
    return str(dict(ERROR_KIND_CHOICES).get(params.get("error_kind", ""), ""))


def _ignored_status(params: Params) -> str:
    return change_label("", params.get("ignored_status", ""))


def _amount(params: Params) -> str:
    return ksh(Decimal(params["amount"])) if "amount" in params else ""


def _missing(params: Params) -> str:
    missing = Decimal(params.get("balance", 0))
    return gettext("%(amount)s is missing") % {"amount": ksh(missing)} if missing > 0 else ""


def _day(params: Params) -> str:
    return date_format(date.fromisoformat(params["day"]), "j M Y") if "day" in params else ""


def _until(params: Params) -> str:
    if "until" not in params:
        return ""
    return pgettext("label", "until %(time)s") % {"time": day_and_time(datetime.fromisoformat(params["until"]))}


def _order(params: Params) -> str:
    return gettext("matched to order %(order)s") % params if "order" in params else ""


def _meant_for(params: Params) -> str:
    return gettext("meant for order %(meant_for)s") % params if "meant_for" in params else ""


def _was_matched(params: Params) -> str:
    return gettext("it was matched to order %(order)s") % params if "order" in params else ""


def _moved_from(params: Params) -> str:
    return gettext("from order %(moved_from)s") % params if "moved_from" in params else ""


def _moved_to(params: Params) -> str:
    return gettext("to order %(moved_to)s") % params if "moved_to" in params else ""


def _left_over(params: Params) -> str:
    if "left_over" not in params:
        return ""
    return gettext("%(amount)s of it was left over") % {"amount": ksh(Decimal(params["left_over"]))}


def _callback(params: Params) -> str:
    return pgettext("label", "callback %(callback)s") % params if "callback" in params else ""


def _message_kind(params: Params) -> str:
    return str(dict(MessageKind.choices).get(params.get("kind", ""), ""))


def _param(name: str) -> Part:
    return lambda params: str(params.get(name, ""))


def _customer(params: Params) -> str:
    """Name the owner of the order; staff are named by the event."""
    return gettext("by the customer") if params.get("role") == Role.OWNER.value else ""


def _role(params: Params) -> str:
    return next((str(role.label) for role in ROLES if role.name == params.get("role")), "")


def _fixed(label: Any) -> Part:
    return lambda params: str(label)


_NOTE = _param("note")

#: The details of each type, in this order; a detail without params is left out.
PARTS: Mapping[str, tuple[Part, ...]] = {
    EventType.PAYMENT_SETTLED: (_change, _source),
    EventType.UPDATE_IGNORED: (_ignored_status, _reason, _source),
    EventType.SUCCESS_UNCONFIRMED: (_reason,),
    EventType.RESULT_NAMED: (_source,),
    EventType.UPDATE_NOT_VERIFIED: (_reason, _source),
    EventType.QUERY_REQUESTED: (),
    EventType.QUERY_UNANSWERED: (_reason, _error),
    EventType.PUSH_REQUESTED: (),
    EventType.PUSH_UNANSWERED: (_error,),
    EventType.PUSH_ID_REPEATED: (),
    EventType.CALLBACK_REPROCESSED: (_callback,),
    EventType.MESSAGE_RESENT: (_message_kind,),
    EventType.ORDER_CLOSED: (_reason, _NOTE),
    EventType.ORDER_REOPENED: (),
    EventType.ORDER_CANCELED_PAID: (_fixed(_("refund the money")),),
    EventType.BASKET_RESTORED: (),
    EventType.RESULT_UNKNOWN: (_fixed(_("look up the order's prompts in the M-PESA portal")),),
    EventType.PAY_LATER_CHOSEN: (_until,),
    EventType.PAY_LINK_CREATED: (),
    EventType.PAY_LINK_REVOKED: (_customer,),
    EventType.PHONE_BLOCKED: (_param("phone"), _NOTE),
    EventType.PHONE_UNBLOCKED: (_param("phone"), _NOTE),
    EventType.ORDER_PAID: (),
    EventType.ORDER_UNPAID: (_missing,),
    EventType.RECEIPT_UNMATCHED: (_amount, _reason),
    EventType.RECEIPT_MATCHED: (_amount, _order, _meant_for, _NOTE),
    EventType.ALLOCATION_REVERSED: (_amount, _param("number"), _was_matched, _meant_for, _reason, _NOTE),
    EventType.ALLOCATION_MOVED: (_amount, _param("number"), _moved_from, _moved_to, _left_over, _NOTE),
    EventType.RECEIPT_RESOLVED: (_amount, _NOTE),
    EventType.RESOLUTION_UNDONE: (_amount, _param("number"), _NOTE),
    EventType.RECEIPT_CODE_ADDED: (_param("number"), _source),
    EventType.RECEIPT_CODE_CONFLICT: (_param("number"),),
    EventType.RECEIPT_AMOUNT_CONFLICT: (_amount,),
    EventType.CLAIM_RECORDED: (_amount, _param("number"), _NOTE),
    EventType.CLAIM_CONFIRMED: (_param("number"),),
    EventType.CLAIM_WITHDRAWN: (_amount, _param("number"), _NOTE),
    EventType.NOTE_ADDED: (_NOTE,),
    EventType.REFUND_RECORDED: (_amount, _day, _param("reference"), _NOTE),
    EventType.REFUND_VOIDED: (_amount, _param("reference"), _NOTE),
    EventType.ROLE_GIVEN: (_param("person"), _role),
    EventType.ROLE_TAKEN: (_param("person"), _role),
}
