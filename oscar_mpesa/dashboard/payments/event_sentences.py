"""The sentences of the audit: what each type of event says besides its label, and each reason, from its params."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.dashboard.payments.labels import changed
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import CloseReason, EventReason, EventType, MpesaEvent, ReceiptReason, UpdateSource
from oscar_mpesa.models.api_calls import ERROR_KIND_CHOICES

Params = Mapping[str, Any]
Part = Callable[[Params], str]

#: Every reason that an event can have; the names in brackets are params of the same event.
REASONS: Mapping[str, Any] = {
    **dict(EventReason.choices),
    **dict(ReceiptReason.choices),
    **dict(CloseReason.choices),
    EventReason.ALREADY_FINAL.value: _("the payment had ended already: %(status)s"),
    EventReason.UNKNOWN_CODE.value: _("the result code %(code)s is unknown"),
    ReceiptReason.WRONG_AMOUNT.value: _("%(expected)s asked for, %(arrived)s arrived"),
    ReceiptReason.WRONG_TOTAL.value: _("the order is %(expected)s, %(arrived)s arrived"),
    ReceiptReason.CODE_OF_OTHER_ORDER.value: _("its code %(number)s belongs to order %(order)s"),
    ReceiptReason.SAME_MONEY.value: _("the same money as %(number)s"),
}


def sentence(event: MpesaEvent) -> str:
    """Return what the event says besides its label, in the active language; empty where the label says it all."""
    return " · ".join(_said(event))


def _said(event: MpesaEvent) -> Iterator[str]:
    for part in PARTS.get(event.type, ()):
        said = part(event.params)
        if said:
            yield said


def _step(params: Params) -> str:
    return changed(params.get("before", ""), params.get("after", ""))


def _reason(params: Params) -> str:
    reason = params.get("reason", "")
    words = {name: _in_words(name, value) for name, value in params.items()}
    return str(REASONS.get(reason, reason)) % words if reason in REASONS else reason


def _in_words(name: str, value: Any) -> str:
    if name in {"expected", "arrived"}:
        return ksh(Decimal(value))
    return changed("", value) if name == "status" else str(value)


def _source(params: Params) -> str:
    source = dict(UpdateSource.choices).get(params.get("source", ""), "")
    return " ".join(str(part) for part in (source, params.get("code", "")) if part)


def _error(params: Params) -> str:
    return str(dict(ERROR_KIND_CHOICES).get(params.get("error_kind", ""), ""))


def _ignored(params: Params) -> str:
    return changed("", params.get("ignored_status", ""))


def _amount(params: Params) -> str:
    return ksh(Decimal(params["amount"])) if "amount" in params else ""


def _day(params: Params) -> str:
    return date_format(date.fromisoformat(params["day"]), "j M Y") if "day" in params else ""


def _until(params: Params) -> str:
    if "until" not in params:
        return ""
    return gettext("until %(time)s") % {"time": day_and_time(datetime.fromisoformat(params["until"]))}


def _order(params: Params) -> str:
    return gettext("used for order %(order)s") % params if "order" in params else ""


def _callback(params: Params) -> str:
    return gettext("callback %(callback)s") % params if "callback" in params else ""


def _plain(name: str) -> Part:
    return lambda params: str(params.get(name, ""))


def _always(words: Any) -> Part:
    return lambda params: str(words)


_NOTE = _plain("note")

#: What follows the label of each type, in this order; what an event has no params for is left out.
PARTS: Mapping[str, tuple[Part, ...]] = {
    EventType.PAYMENT_SETTLED: (_step, _source),
    EventType.UPDATE_IGNORED: (_ignored, _reason, _source),
    EventType.UPDATE_NOT_VERIFIED: (_reason, _source),
    EventType.QUERY_REQUESTED: (),
    EventType.QUERY_UNANSWERED: (_reason, _error),
    EventType.PUSH_REQUESTED: (),
    EventType.PUSH_UNANSWERED: (_error,),
    EventType.PUSH_ID_REPEATED: (),
    EventType.CALLBACK_REPROCESSED: (_callback,),
    EventType.ORDER_CLOSED: (_reason, _NOTE),
    EventType.ORDER_REOPENED: (),
    EventType.ORDER_CANCELED_PAID: (_always(_("refund the money")),),
    EventType.BASKET_RESTORED: (),
    EventType.RESULT_UNKNOWN: (_always(_("look up the order's prompts in the M-PESA portal")),),
    EventType.PAY_LATER_CHOSEN: (_until,),
    EventType.PHONE_BLOCKED: (_plain("phone"), _NOTE),
    EventType.PHONE_UNBLOCKED: (_plain("phone"), _NOTE),
    EventType.RECEIPT_UNMATCHED: (_step, _reason),
    EventType.RECEIPT_MATCHED: (_step, _order, _NOTE),
    EventType.RECEIPT_RESOLVED: (_step, _NOTE),
    EventType.RECEIPT_RECORDED: (_step, _NOTE),
    EventType.RECEIPT_DUPLICATED: (_step, _reason),
    EventType.RECEIPT_CODE_ADDED: (_step, _source),
    EventType.RECEIPT_CODE_CONFLICT: (_plain("number"),),
    EventType.RECEIPT_AMOUNT_CONFLICT: (_amount,),
    EventType.REFUND_RECORDED: (_step, _amount, _day, _plain("reference"), _NOTE),
}
