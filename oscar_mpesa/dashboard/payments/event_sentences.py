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
from oscar_mpesa.models import CloseReason, EventReason, EventType, MpesaEvent, ReceiptReason, UpdateSource
from oscar_mpesa.models.api_calls import ERROR_KIND_CHOICES

Params = Mapping[str, Any]
Part = Callable[[Params], str]

#: The label of every reason; the names in brackets are params of the same event.
REASONS: Mapping[str, Any] = {
    **dict(EventReason.choices),
    **dict(ReceiptReason.choices),
    **dict(CloseReason.choices),
    EventReason.ALREADY_FINAL.value: _("the payment had already ended: %(status)s"),
    EventReason.UNKNOWN_CODE.value: _("the result code %(code)s is unknown"),
    ReceiptReason.WRONG_AMOUNT.value: _("%(expected)s expected, %(arrived)s arrived"),
    ReceiptReason.WRONG_TOTAL.value: _("the order is %(expected)s, %(arrived)s arrived"),
    ReceiptReason.CODE_OF_OTHER_ORDER.value: _("its code %(number)s belongs to order %(order)s"),
    ReceiptReason.SAME_MONEY.value: _("the same money as %(number)s"),
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
    if name in {"expected", "arrived"}:
        return ksh(Decimal(value))
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


def _day(params: Params) -> str:
    return date_format(date.fromisoformat(params["day"]), "j M Y") if "day" in params else ""


def _until(params: Params) -> str:
    if "until" not in params:
        return ""
    return pgettext("label", "until %(time)s") % {"time": day_and_time(datetime.fromisoformat(params["until"]))}


def _order(params: Params) -> str:
    return gettext("matched to order %(order)s") % params if "order" in params else ""


def _callback(params: Params) -> str:
    return pgettext("label", "callback %(callback)s") % params if "callback" in params else ""


def _param(name: str) -> Part:
    return lambda params: str(params.get(name, ""))


def _fixed(label: Any) -> Part:
    return lambda params: str(label)


_NOTE = _param("note")

#: The details of each type, in this order; a detail without params is left out.
PARTS: Mapping[str, tuple[Part, ...]] = {
    EventType.PAYMENT_SETTLED: (_change, _source),
    EventType.UPDATE_IGNORED: (_ignored_status, _reason, _source),
    EventType.UPDATE_NOT_VERIFIED: (_reason, _source),
    EventType.QUERY_REQUESTED: (),
    EventType.QUERY_UNANSWERED: (_reason, _error),
    EventType.PUSH_REQUESTED: (),
    EventType.PUSH_UNANSWERED: (_error,),
    EventType.PUSH_ID_REPEATED: (),
    EventType.CALLBACK_REPROCESSED: (_callback,),
    EventType.ORDER_CLOSED: (_reason, _NOTE),
    EventType.ORDER_REOPENED: (),
    EventType.ORDER_CANCELED_PAID: (_fixed(_("refund the money")),),
    EventType.BASKET_RESTORED: (),
    EventType.RESULT_UNKNOWN: (_fixed(_("look up the order's prompts in the M-PESA portal")),),
    EventType.PAY_LATER_CHOSEN: (_until,),
    EventType.PHONE_BLOCKED: (_param("phone"), _NOTE),
    EventType.PHONE_UNBLOCKED: (_param("phone"), _NOTE),
    EventType.RECEIPT_UNMATCHED: (_change, _reason),
    EventType.RECEIPT_MATCHED: (_change, _order, _NOTE),
    EventType.RECEIPT_RESOLVED: (_change, _NOTE),
    EventType.RECEIPT_RECORDED: (_change, _NOTE),
    EventType.RECEIPT_DUPLICATED: (_change, _reason),
    EventType.RECEIPT_CODE_ADDED: (_change, _source),
    EventType.RECEIPT_CODE_CONFLICT: (_param("number"),),
    EventType.RECEIPT_AMOUNT_CONFLICT: (_amount,),
    EventType.REFUND_RECORDED: (_change, _amount, _day, _param("reference"), _NOTE),
}
