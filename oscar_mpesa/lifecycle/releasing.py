"""Give up an unpaid order: by the clock after a last question to Safaricom, or because a person decided so."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.marking import _
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle import allocating, asking, audit, due
from oscar_mpesa.lifecycle.allocating import has_money
from oscar_mpesa.lifecycle.asking import Said
from oscar_mpesa.lifecycle.locks import lock_mpesa_order, require_no_transaction
from oscar_mpesa.lifecycle.ports import shop
from oscar_mpesa.lifecycle.staff import require_permission
from oscar_mpesa.models import DueKind, EventType, MpesaOrder, MpesaPayment, MpesaReceipt, ReleaseReason
from oscar_mpesa.models.orders import has_pending_status

logger = logging.getLogger("oscar_mpesa")

#: Whoever takes up an overdue order has it for so long; then it is free for another worker.
LEASE = timedelta(minutes=5)

#: How long after ``pay_before`` Safaricom is given to answer the last question; then the order goes unasked.
PATIENCE = timedelta(hours=24)

#: The pauses between last questions: half of the time that has passed, within these.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)


class ReleaseRefused(Exception):
    """The order was not released; ``sentence`` tells a person why."""

    sentence = _("This order cannot be released.")


class MoneyIsThere(ReleaseRefused):
    """Money arrived for it: use, return or explain that first."""

    sentence = _("Money arrived for this order. Decide about the money first.")


class NotPending(ReleaseRefused):
    """It is closed already, or of a status that M-Pesa does not release."""

    sentence = _("This order does not wait for a payment any more.")


class PromptIsOut(ReleaseRefused):
    """A request may still be answered on the phone."""

    sentence = _("A request is on the phone. Wait until it is answered or has ended.")


class NotRestorable(Exception):
    """Its things cannot go back to a basket: it is not closed, they went back already, or money came for it."""

    sentence = _("The things of this order cannot be put back into a basket.")


class Release(str, Enum):
    """What became of an overdue order."""

    RELEASED = "released"
    PAID = "paid"
    POSTPONED = "postponed"
    LEFT_ALONE = "left alone"


def release_overdue(mpesa_order: MpesaOrder, *, now: datetime) -> Release:
    """Release an order whose time to pay is over, once, after Safaricom was asked about each of its prompts.

    It is asked whatever became of the order: one that another attempt paid, or that a person closed, may have been
    paid by a prompt without an answer too. Must run outside a transaction; claimed by a compare-and-set on
    ``release_at``, so that copies on many hosts ask once. An order with money, of another status or with a live
    prompt is not released. Without an answer it is postponed, up to a day; then it goes *unasked*, and stands in the
    list of staff. Locks the order, then what it gives back. Raises what the shop's own code raises; the claim then
    stands, and it is tried again after it.
    """
    require_no_transaction()
    if not _claim(mpesa_order, now):
        return Release.LEFT_ALONE
    answers = {_last_word(payment, mpesa_order, now) for payment in _worth_asking(mpesa_order)}
    is_unasked = Said.NOTHING in answers
    if is_unasked and now < mpesa_order.pay_before + PATIENCE:
        return _postpone(mpesa_order, now)
    is_unknown = is_unasked or _unaskable(mpesa_order).exists()
    with transaction.atomic(durable=True):
        if is_unknown:
            _note_unknown(mpesa_order, now)
        return _release_by_the_clock(mpesa_order, ReleaseReason.UNASKED if is_unknown else ReleaseReason.OVERDUE, now)


def release(order: Any, *, by: Any, note: str = "", now: datetime) -> None:
    """Release an unpaid order at once, unasked, because staff decided so. Locks the order.

    A live prompt stays live and is asked about; money that it still brings waits for a person. Raises
    ``PermissionDenied`` and ``ReleaseRefused``.
    """
    require_permission(by, "release_order")
    with transaction.atomic():
        mpesa_order = lock_mpesa_order(order.pk)
        _require_pending(mpesa_order)
        if _is_paid(mpesa_order):
            raise MoneyIsThere(order.pk)
        _give_up(mpesa_order, ReleaseReason.STAFF, now, by=by, note=note)


def release_cancelled(order: Any, *, now: datetime) -> None:
    """Give back what an order holds that was cancelled in Oscar's own dashboard; other methods' orders are let be.

    Locks the order. Trusts no status: money in the books releases nothing, and is listed as to be returned.
    """
    with transaction.atomic():
        if MpesaOrder.objects.filter(pk=order.pk, payments__isnull=False).exists():
            _let_go_of_cancelled(lock_mpesa_order(order.pk), now)


def choose_other_method(order: Any, *, now: datetime) -> None:
    """Release an order because its shopper pays in another way. Must run outside a transaction.

    Safaricom is asked once about each prompt; no answer stops nothing. Raises ``ReleaseRefused``: a prompt lives,
    money is there, or the order is closed.
    """
    require_no_transaction()
    mpesa_order = MpesaOrder.objects.select_related("order").get(pk=order.pk)
    _require_unpaid(mpesa_order)
    for payment in _worth_asking(mpesa_order):
        asking.ask(payment, now=now)
    with transaction.atomic(durable=True):
        locked = lock_mpesa_order(order.pk)
        _require_unpaid(locked)
        if locked.payments.live().exists():
            raise PromptIsOut(order.pk)
        _give_up(locked, ReleaseReason.OTHER_METHOD, now)


def hand_back(order: Any, *, now: datetime) -> MpesaOrder:
    """Mark a released order's things as given back to a basket, once; the caller's transaction copies them.

    Locks the order, so that giving back and reinstating exclude each other. Raises ``NotRestorable``.
    """
    mpesa_order = lock_mpesa_order(order.pk)
    if not mpesa_order.is_released or mpesa_order.restored_at is not None or has_money(mpesa_order.pk):
        raise NotRestorable(order.pk)
    mpesa_order.restored_at = now
    mpesa_order.save(update_fields=["restored_at"])
    audit.record(EventType.BASKET_RESTORED, mpesa_order, now=now)
    return mpesa_order


def _claim(mpesa_order: MpesaOrder, now: datetime) -> bool:
    seen = MpesaOrder.objects.filter(pk=mpesa_order.pk, release_at=mpesa_order.release_at, release_at__lte=now)
    return bool(seen.update(release_at=now + LEASE))


def _worth_asking(mpesa_order: MpesaOrder) -> list[MpesaPayment]:
    """Its prompts that Safaricom could still call paid, unless it has denied them since the time was over."""
    prompted = mpesa_order.payments.filter(held=False).exclude(checkout_request_id=None).order_by("pk")
    return [
        payment
        for payment in prompted
        if not payment.is_paid and (payment.denied_at is None or payment.denied_at < mpesa_order.pay_before)
    ]


def _last_word(payment: MpesaPayment, mpesa_order: MpesaOrder, now: datetime) -> Said:
    said = asking.ask(payment, now=now)
    if said is Said.NOT_PAID:
        MpesaPayment.objects.filter(pk=payment.pk).update(denied_at=now)
    return said


def _postpone(mpesa_order: MpesaOrder, now: datetime) -> Release:
    pause = min(max((now - mpesa_order.pay_before) / 2, SHORTEST_PAUSE), LONGEST_PAUSE)
    MpesaOrder.objects.filter(pk=mpesa_order.pk).update(release_at=now + pause)
    return Release.POSTPONED


def _unaskable(mpesa_order: MpesaOrder) -> QuerySet[MpesaPayment]:
    """Prompts whose id was lost with the reply to the push: only a callback could have told of them."""
    sent = mpesa_order.payments.filter(checkout_request_id=None).exclude(prompted_at=None)
    return sent.filter(status=Status.EXPIRED.value)


def _note_unknown(mpesa_order: MpesaOrder, now: datetime) -> None:
    audit.record(EventType.RESULT_UNKNOWN, mpesa_order, now=now)
    logger.error("M-Pesa order %s: Safaricom never said what became of a prompt; look it up", mpesa_order.pk)


def _release_by_the_clock(mpesa_order: MpesaOrder, reason: ReleaseReason, now: datetime) -> Release:
    """Look again under the lock: much may have happened while Safaricom was asked."""
    locked = lock_mpesa_order(mpesa_order.pk)
    if locked.pay_before > now:
        MpesaOrder.objects.filter(pk=locked.pk).update(release_at=locked.pay_before)
        return Release.POSTPONED
    outcome = _let_go(locked, reason, now)
    if outcome is Release.POSTPONED:
        return _postpone(locked, now)
    MpesaOrder.objects.filter(pk=locked.pk).update(release_at=None)  # all of its prompts were asked about
    return outcome


def _let_go(locked: MpesaOrder, reason: ReleaseReason, now: datetime) -> Release:
    names = get_settings()
    if locked.order.status == names.CANCELLED_STATUS:  # its own release crashed
        return _let_go_of_cancelled(locked, now)
    if has_money(locked.pk):
        return Release.PAID
    is_unpaid = has_pending_status(locked.order) or locked.order.status == names.EXPIRED_STATUS  # the latter by hand
    if locked.is_released or not is_unpaid:
        return Release.LEFT_ALONE
    if locked.payments.live().exists():
        return Release.POSTPONED
    _give_up(locked, reason, now)
    return Release.RELEASED


def _let_go_of_cancelled(locked: MpesaOrder, now: datetime) -> Release:
    if locked.is_released:
        return Release.LEFT_ALONE
    if _is_paid(locked):
        audit.record(EventType.ORDER_CANCELED_PAID, locked, now=now)
        return Release.PAID
    _give_up(locked, ReleaseReason.STAFF, now)
    return Release.RELEASED


def _give_up(mpesa_order: MpesaOrder, reason: ReleaseReason, now: datetime, *, by: Any = None, note: str = "") -> None:
    mpesa_order.given_back = shop().release_stock(mpesa_order.order)
    mpesa_order.released_at, mpesa_order.release_reason = now, reason.value
    mpesa_order.release_at = mpesa_order.pay_before  # a person asks nobody: the clock does, in its time
    mpesa_order.save(update_fields=["given_back", "released_at", "release_reason", "release_at"])
    audit.record(EventType.ORDER_CLOSED, mpesa_order, now=now, by=by, reason=reason, note=note)
    if reason is not ReleaseReason.OTHER_METHOD:
        due.owe(mpesa_order, DueKind.CLOSED_MAIL, now=now)
    logger.info("M-Pesa order %s: released (%s)", mpesa_order.pk, reason)


def _is_paid(mpesa_order: MpesaOrder) -> bool:
    return allocating.is_paid(mpesa_order, MpesaReceipt.objects.filter(order_id=mpesa_order.pk))


def _require_unpaid(mpesa_order: MpesaOrder) -> None:
    if has_money(mpesa_order.pk):
        raise MoneyIsThere(mpesa_order.pk)
    _require_pending(mpesa_order)


def _require_pending(mpesa_order: MpesaOrder) -> None:
    if not mpesa_order.is_awaiting_payment:
        raise NotPending(mpesa_order.pk)
