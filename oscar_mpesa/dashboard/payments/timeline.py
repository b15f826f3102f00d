"""The timeline of one payment: its API calls, callbacks, receipts, events and notifications."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.daraja.redaction import redact, redact_body, redact_json
from oscar_mpesa.dashboard.payments.event_links import TimelineLink, event_links, receipt_link
from oscar_mpesa.dashboard.payments.event_sentences import sentence
from oscar_mpesa.dashboard.payments.labels import endpoint_label
from oscar_mpesa.dashboard.payments.notifications import undelivered_details
from oscar_mpesa.dashboard.viewer import Viewer
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

#: Limit of the characters of a raw message.
MAX_CHARACTERS = 4_000

#: Limit of the entries of one kind.
MAX_ENTRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: when, what, details, by whom, the redacted raw message, if any, and pages that say more."""

    at: datetime
    what: str
    detail: str = ""
    by: str = ""
    raw: str = ""
    links: tuple[TimelineLink, ...] = ()
    is_note: bool = False


def timeline(
    payment: MpesaPayment,
    receipts: Iterable[MpesaReceipt],
    messages: Iterable[MpesaOutboxMessage],
    *,
    viewer: Viewer,
) -> list[Entry]:
    """Return the entries of a payment and its order, oldest first; four queries.

    Numbers are masked in raw messages, notes and names unless the user may see them. Secrets are always removed.
    """
    shows_phones = viewer.shows_phones
    entries = [
        *_of_payment(payment, shows_phones=shows_phones),
        *_of_calls(payment),
        *_of_callbacks(payment, shows_phones=shows_phones),
        *_of_receipts(receipts),
        *_of_events(payment, viewer.user),
        *_of_outbox(payment, messages),
        *_of_block(payment),
    ]
    shown = entries if shows_phones else [_redacted(entry) for entry in entries]
    return sorted(shown, key=lambda entry: entry.at)


def _redacted(entry: Entry) -> Entry:
    """Return the entry with all phone numbers masked."""
    return replace(entry, detail=redact(entry.detail), by=redact(entry.by), raw=redact(entry.raw))


def _of_payment(payment: MpesaPayment, *, shows_phones: bool) -> Iterator[Entry]:
    phone = payment.phone_number
    values = {"amount": ksh(payment.amount), "phone": phone.grouped if shows_phones else phone.masked}
    yield Entry(at=payment.created_at, what=_("Payment of %(amount)s from %(phone)s started") % values)
    if payment.push_sent_at is not None:
        yield Entry(at=payment.push_sent_at, what=_("Prompt on its way to the phone"))


def _of_calls(payment: MpesaPayment) -> Iterator[Entry]:
    for call in MpesaApiCall.objects.filter(payment=payment).order_by("pk")[:MAX_ENTRIES]:
        answer = (
            pgettext("label", "answer %(status)s") % {"status": call.http_status}
            if call.http_status
            else pgettext("label", "no answer")
        )
        detail = " · ".join(
            part for part in (answer, f"{call.milliseconds} ms", call.get_error_kind_display(), call.error) if part
        )
        raw = json.dumps({"request": call.request, "reply": call.reply}, indent=2, ensure_ascii=False)
        yield Entry(at=call.created_at, what=endpoint_label(call.endpoint), detail=detail, raw=raw)


def _of_callbacks(payment: MpesaPayment, *, shows_phones: bool) -> Iterator[Entry]:
    for callback in MpesaCallback.objects.filter(payment=payment).order_by("pk")[:MAX_ENTRIES]:
        body = bytes(callback.body)
        raw = redact_body(body, shows_phones=True, secret=payment.secret) if shows_phones else redact_json(body)
        what = pgettext("label", "Callback: %(verdict)s") % {"verdict": callback.get_verdict_display()}
        why = ": ".join(part for part in (callback.get_reason_display(), callback.detail) if part)
        yield Entry(at=callback.received_at, what=what, detail=why, raw=raw[:MAX_CHARACTERS])


def _of_receipts(receipts: Iterable[MpesaReceipt]) -> Iterator[Entry]:
    for receipt in receipts:
        what = pgettext("label", "%(money)s arrived") % {"money": receipt_name(receipt)}
        detail, links = receipt.get_channel_display(), (receipt_link(receipt),)
        yield Entry(at=receipt.created_at, what=what, detail=detail, links=links)


def _of_events(payment: MpesaPayment, user: Any) -> Iterator[Entry]:
    of_order = Q(mpesa_order_id=payment.mpesa_order_id, payment=None)
    events = MpesaEvent.objects.filter(Q(payment=payment) | of_order).select_related("receipt")
    for event in events.order_by("pk")[:MAX_ENTRIES]:
        yield Entry(
            at=event.created_at,
            what=event.get_type_display(),
            detail=sentence(event),
            by=event.by_name,
            links=tuple(event_links(event, user=user)),
            is_note=event.type == EventType.NOTE_ADDED,
        )


def _of_outbox(payment: MpesaPayment, messages: Iterable[MpesaOutboxMessage]) -> Iterator[Entry]:
    for message in messages:
        if message.payment_id not in {payment.pk, None}:
            continue
        values: dict[str, Any] = {"kind": message.get_kind_display()}
        if message.delivered_at is None:
            detail = " · ".join(undelivered_details(message))
            yield Entry(at=message.due_at, what=_("To be notified – %(kind)s") % values, detail=detail)
        elif message.skip_reason:
            what = _("Not notified – %(kind)s") % values
            yield Entry(at=message.delivered_at, what=what, detail=message.get_skip_reason_display())
        else:
            yield Entry(at=message.delivered_at, what=_("Notified – %(kind)s") % values)


def _of_block(payment: MpesaPayment) -> Iterator[Entry]:
    if not getattr(payment, "is_blocked", True):
        return
    for blocked in MpesaBlockedPhone.objects.filter(phone=payment.phone):
        if blocked.payment_id == payment.pk:  # an event of this payment
            return
        yield Entry(
            at=blocked.created_at, what=str(EventType.PHONE_BLOCKED.label), detail=blocked.note, by=blocked.by_name
        )
