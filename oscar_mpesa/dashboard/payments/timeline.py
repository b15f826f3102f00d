"""Everything that happened about one payment, merged in the order of time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from oscar_mpesa.daraja.redaction import redact, redact_body, redact_json
from oscar_mpesa.dashboard.payments.event_sentences import sentence
from oscar_mpesa.dashboard.payments.labels import called
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import (
    EventType,
    MpesaApiCall,
    MpesaBlockedPhone,
    MpesaCallback,
    MpesaEvent,
    MpesaOutboxMessage,
    MpesaPayment,
    MpesaReceipt,
)
from oscar_mpesa.oscar_adapter.order_messages import receipt_name

#: Characters of a raw message that a page shows.
LONGEST = 4_000

#: Lines of one kind; only a flood has more.
MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: when, what, why or how; by whom; and the raw message, redacted, where there is one."""

    at: datetime
    what: str
    detail: str = ""
    by: str = ""
    raw: str = ""


def timeline(payment: MpesaPayment, receipts: Iterable[MpesaReceipt], *, shows_phones: bool) -> list[Entry]:
    """What Safaricom, our clocks, the shop's mails and people did about a payment and its order; five queries.

    Without ``shows_phones`` numbers are masked in raw messages and in what people wrote; secrets are in none.
    """
    entries = [
        *_of_payment(payment, shows_phones=shows_phones),
        *_of_calls(payment),
        *_of_callbacks(payment, shows_phones=shows_phones),
        *_of_receipts(receipts),
        *_of_events(payment),
        *_of_dues(payment),
        *_of_block(payment),
    ]
    shown = entries if shows_phones else [_redacted(entry) for entry in entries]
    return sorted(shown, key=lambda entry: entry.at)


def _redacted(entry: Entry) -> Entry:
    """Return the line without phone numbers, whoever wrote them."""
    return replace(entry, detail=redact(entry.detail), raw=redact(entry.raw))


def _of_payment(payment: MpesaPayment, *, shows_phones: bool) -> Iterator[Entry]:
    phone = payment.phone_number
    told = {"amount": ksh(payment.amount), "phone": phone.grouped if shows_phones else phone.masked}
    yield Entry(at=payment.created_at, what=_("Request for %(amount)s to %(phone)s made") % told)
    if payment.push_sent_at is not None:
        yield Entry(at=payment.push_sent_at, what=_("Request on its way to the phone"))


def _of_calls(payment: MpesaPayment) -> Iterator[Entry]:
    for call in MpesaApiCall.objects.filter(payment=payment).order_by("pk")[:MOST]:
        answer = _("answer %(status)s") % {"status": call.http_status} if call.http_status else _("no answer")
        detail = " · ".join(
            part for part in (answer, f"{call.milliseconds} ms", call.get_error_kind_display(), call.error) if part
        )
        raw = json.dumps({"request": call.request, "reply": call.reply}, indent=2, ensure_ascii=False)
        yield Entry(at=call.created_at, what=called(call.endpoint), detail=detail, raw=raw)


def _of_callbacks(payment: MpesaPayment, *, shows_phones: bool) -> Iterator[Entry]:
    for callback in MpesaCallback.objects.filter(payment=payment).order_by("pk")[:MOST]:
        body = bytes(callback.body)
        raw = redact_body(body, shows_phones=True, secret=payment.secret) if shows_phones else redact_json(body)
        what = _("Safaricom's message: %(verdict)s") % {"verdict": callback.get_verdict_display()}
        why = ": ".join(part for part in (callback.get_reason_display(), callback.detail) if part)
        yield Entry(at=callback.received_at, what=what, detail=why, raw=raw[:LONGEST])


def _of_receipts(receipts: Iterable[MpesaReceipt]) -> Iterator[Entry]:
    for receipt in receipts:
        what = _("%(money)s arrived") % {"money": receipt_name(receipt)}
        yield Entry(at=receipt.created_at, what=what, detail=receipt.get_source_display())


def _of_events(payment: MpesaPayment) -> Iterator[Entry]:
    of_order = Q(mpesa_order_id=payment.mpesa_order_id, payment=None)
    for event in MpesaEvent.objects.filter(Q(payment=payment) | of_order).order_by("pk")[:MOST]:
        yield Entry(at=event.created_at, what=event.get_type_display(), detail=sentence(event), by=event.by_name)


def _of_dues(payment: MpesaPayment) -> Iterator[Entry]:
    of_order = Q(mpesa_order_id=payment.mpesa_order_id, payment=None)
    for due in MpesaOutboxMessage.objects.filter(Q(payment=payment) | of_order).order_by("pk")[:MOST]:
        words: dict[str, Any] = {"kind": due.get_kind_display()}
        if due.delivered_at is not None:
            yield Entry(at=due.delivered_at, what=_("Told – %(kind)s") % words)
        else:
            tries = _("tried %(tries)s times") % {"tries": due.tries} if due.tries else ""
            detail = " · ".join(part for part in (tries, due.error) if part)
            yield Entry(at=due.due_at, what=_("To be told – %(kind)s") % words, detail=detail)


def _of_block(payment: MpesaPayment) -> Iterator[Entry]:
    if not getattr(payment, "is_blocked", True):
        return
    for blocked in MpesaBlockedPhone.objects.filter(phone=payment.phone):
        if blocked.payment_id == payment.pk:  # among its events
            return
        what = EventType.PHONE_BLOCKED.label
        yield Entry(at=blocked.created_at, what=str(what), detail=blocked.note, by=blocked.by_name)
