"""Extend the deadline of an unpaid order for a shopper who pays later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, Subquery
from django.db.models.functions import Coalesce, Lower

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.i18n import _
from oscar_mpesa.models import EventType, MessageKind, MpesaOrder
from oscar_mpesa.services import audit, outbox, pay_links
from oscar_mpesa.services.actors import Actor
from oscar_mpesa.services.authorization import require_owner
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.exceptions import NotPayable, PaymentInProgress, PaymentUnconfirmed, StartRefused
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.ledger import has_open_money
from oscar_mpesa.services.limit_locks import lock_limits
from oscar_mpesa.services.locks import lock_mpesa_order

__all__ = ["PayLaterRefused"]

#: For how long, at least, one session or email can't choose to pay later for another order.
ONCE_WITHIN = timedelta(hours=24)

#: The email of an order's shopper, in lower case: of its user, or of the guest.
EMAIL = Lower(Coalesce("order__user__email", "order__guest_email"))


class PayLaterRefused(StartRefused):
    """The order's deadline did not change; ``sentence`` says what to do."""

    sentence = _("You can't pay for this order later. Pay now.")


class TooMuchToPayLater(PayLaterRefused):
    """The order's total is over ``PAY_LATER_MAX``."""

    sentence = _("This order is too large to pay for later. Pay now.")


class OtherOrderPaysLater(PayLaterRefused):
    """The same session or email chose this a moment ago for another order, and has not paid that one."""

    sentence = _("You've already chosen to pay later for another order. Pay for this one now.")


@repeat_on_deadlock
def pay_later(order: Any, *, actor: Actor, now: datetime) -> MpesaOrder:
    """Keep an order open for ``PAY_LATER_HOURS`` from now, once, make a payment link, and email it to its shopper.

    Locks the limits of the order's session and email, then the order. A second call changes nothing, and the deadline
    never moves earlier. Raises ``PermissionDenied`` unless the actor owns the order, ``NotPayable`` if it is paid,
    closed, or can't be paid by M-PESA, ``PaymentUnconfirmed`` if reported money awaits a confirmation,
    ``PaymentInProgress`` if a payment is live, and ``PayLaterRefused``.
    """
    require_owner(actor)
    keys = _limit_keys(order)
    with transaction.atomic():
        lock_limits(keys, now=now)
        mpesa_order = lock_mpesa_order(order.pk)
        _require_no_payment(mpesa_order, now)
        if mpesa_order.pay_later_at is None:
            refusal = pay_later_refusal(mpesa_order, now)
            if refusal is not None:
                raise refusal
            _extend_deadline(mpesa_order, now)
    return mpesa_order


def pay_later_refusal(mpesa_order: MpesaOrder, now: datetime) -> PayLaterRefused | None:
    """Return why an unpaid order can't be paid later, or None if it can. Makes at most one query.

    The payment page hides its button by the same rule.
    """
    most = get_settings().PAY_LATER_MAX
    if most and mpesa_order.order.total_incl_tax > most:
        return TooMuchToPayLater(mpesa_order.pk)
    return OtherOrderPaysLater(mpesa_order.pk) if _other_order_pays_later(mpesa_order, now) else None


def is_payable(mpesa_order: MpesaOrder) -> bool:
    """Return whether the order is open, pending, not paid, and without unmatched money. Makes at most one query."""
    return mpesa_order.is_awaiting_payment and not has_open_money(mpesa_order)


def reserved_until(mpesa_order: MpesaOrder, *, now: datetime) -> datetime:
    """Return the deadline, in UTC, if the shopper chose now to pay later."""
    return max(mpesa_order.pay_before, now + timedelta(hours=get_settings().PAY_LATER_HOURS))


def _limit_keys(order: Any) -> list[str]:
    """Return what the order's shopper is counted by. Neither changes, so no lock is needed to read them."""
    digest = MpesaOrder.objects.values_list("session_digest", flat=True).get(pk=order.pk)
    keys = {"session": digest, "email": (order.email or "").lower()}
    return [f"{kind}:{value}" for kind, value in keys.items() if value]


def _require_no_payment(mpesa_order: MpesaOrder, now: datetime) -> None:
    """Raise unless the order's last payment ended without money, and another one may succeed."""
    if not is_payable(mpesa_order):
        raise NotPayable(f"order {mpesa_order.pk} awaits no money")
    if is_confirming(mpesa_order, now):
        raise PaymentUnconfirmed(mpesa_order.pk)
    last = mpesa_order.payments.order_by("-id").first()
    if last is None or not (last.is_paid or last.is_live or last.allows_another):
        raise NotPayable(f"order {mpesa_order.pk} can't be paid by M-PESA")
    if last.is_live:
        raise PaymentInProgress(last)


def _other_order_pays_later(mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Return whether the order's session or email chose to pay later for another order, and has not paid it since.

    Closed orders count, so that a script can't go on. Found by the index of ``pay_later_at``.
    """
    since = now - max(ONCE_WITHIN, timedelta(hours=get_settings().PAY_LATER_HOURS))
    recent = MpesaOrder.objects.filter(pay_later_at__gt=since).exclude(pk=mpesa_order.pk)
    unpaid = recent.filter(Q(paid_at=None) | Q(paid_at__lt=F("pay_later_at")), is_paid=False)
    email = MpesaOrder.objects.filter(pk=mpesa_order.pk).values(email=EMAIL)[:1]
    is_same = Q(email=Subquery(email)) & ~Q(email="")
    if mpesa_order.session_digest:
        is_same |= Q(session_digest=mpesa_order.session_digest)
    return unpaid.alias(email=EMAIL).filter(is_same).exists()


def _extend_deadline(mpesa_order: MpesaOrder, now: datetime) -> None:
    until = reserved_until(mpesa_order, now=now)
    mpesa_order.pay_later_at, mpesa_order.pay_before, mpesa_order.close_check_at = now, until, until
    mpesa_order.save(update_fields=["pay_later_at", "pay_before", "close_check_at"])
    audit.record(EventType.PAY_LATER_CHOSEN, mpesa_order, now=now, until=until.isoformat(timespec="minutes"))
    pay_links.get_or_create_link(mpesa_order, now=now)
    outbox.enqueue(mpesa_order, MessageKind.PAY_LATER_EMAIL, now=now)
