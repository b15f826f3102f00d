"""The emails and signals of a payment's order: those that are still to be delivered, and emails to send again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import day_and_time
from oscar_mpesa.models import MpesaOutboxMessage, MpesaPayment
from oscar_mpesa.services.outbox import EMAIL_KINDS, MAX_TRIES

#: A message that was due this long ago should have been tried.
OVERDUE_AFTER = timedelta(minutes=5)

#: Limit of the messages of one order on a page.
MAX_MESSAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message with its details in the active language."""

    pk: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """The messages that staff can have delivered: those not delivered yet, and the delivered emails."""

    undelivered: tuple[Notification, ...]
    emails: tuple[Notification, ...]


def messages_of_same_order(payment: MpesaPayment) -> list[MpesaOutboxMessage]:
    """Return all messages of the payment's order, oldest first, each with its order."""
    of_order = MpesaOutboxMessage.objects.filter(mpesa_order_id=payment.mpesa_order_id)
    return list(of_order.select_related("mpesa_order").order_by("pk")[:MAX_MESSAGES])


def notifications(messages: Iterable[MpesaOutboxMessage], *, shows_phones: bool) -> Notifications:
    """Return the messages that failed, and the emails. Without ``shows_phones``, numbers in errors are masked."""
    messages = list(messages)
    return Notifications(
        undelivered=tuple(
            _notification(each, redact(" · ".join(undelivered_details(each)), shows_phones=shows_phones))
            for each in undelivered(messages)
        ),
        emails=tuple(_notification(each, delivered_detail(each)) for each in emails(messages)),
    )


def undelivered(messages: Iterable[MpesaOutboxMessage]) -> list[MpesaOutboxMessage]:
    """Return the messages that should have been delivered by now; the others wait for their time."""
    overdue = timezone.now() - OVERDUE_AFTER
    return [each for each in messages if each.delivered_at is None and (each.tries or each.due_at <= overdue)]


def emails(messages: Iterable[MpesaOutboxMessage]) -> list[MpesaOutboxMessage]:
    """Return the delivered emails, which customers can get again."""
    return [each for each in messages if each.delivered_at is not None and each.kind in EMAIL_KINDS]


def undelivered_details(message: MpesaOutboxMessage) -> Iterator[str]:
    """Yield how often delivery was tried, when it is tried next, and the last error."""
    if message.tries:
        yield _("tried %(tries)s times") % {"tries": message.tries}
    if message.tries >= MAX_TRIES:
        yield _("no more tries")
    elif message.tries:
        yield pgettext("label", "next try %(time)s") % {"time": day_and_time(message.due_at)}
    if message.error:
        yield message.error


def delivered_detail(message: MpesaOutboxMessage) -> str:
    """Return when a message was delivered, or why nothing was sent."""
    if message.skip_reason:
        return _("not sent: %(reason)s") % {"reason": message.get_skip_reason_display()}
    return pgettext("label", "sent %(time)s") % {"time": day_and_time(message.delivered_at)}


def _notification(message: Any, detail: str) -> Notification:
    return Notification(pk=message.pk, kind=message.get_kind_display(), detail=detail)
