"""A payment in the shopper's words: what the waiting page and its poll say, from one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils.translation import gettext as _

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import outcomes
from oscar_mpesa.domain.outcomes import Again
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.status import Status
from oscar_mpesa.lifecycle.starting import opens_at
from oscar_mpesa.models import Allocation, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.payments import PROMPT_LIFE
from oscar_mpesa.models.receipts import TO_SORT_OUT

#: After this long without an answer the page says "still checking", never "failed".
STILL_CHECKING = timedelta(seconds=75)

#: The phone did not answer; it may still show the request when it comes back.
LATE_PROMPTS = ("1036", "1037")

#: A result 17 within this time is a wait, not a failure.
DAMPED = timedelta(minutes=2)


def tellable() -> QuerySet[MpesaPayment]:
    """Payments with their order and what its receipts say, newest first, in one query."""
    receipts = MpesaReceipt.objects.filter(order_id=OuterRef("mpesa_order_id")).order_by("id")
    applied = receipts.filter(allocation=Allocation.APPLIED)
    astray = receipts.filter(allocation__in=TO_SORT_OUT)
    earlier = MpesaPayment.objects.filter(mpesa_order_id=OuterRef("mpesa_order_id"), pk__lt=OuterRef("pk"))
    unanswered = Q(status=Status.EXPIRED.value) | Q(result_code__in=LATE_PROMPTS)
    return (
        MpesaPayment.objects.select_related("mpesa_order__order")
        .annotate(
            paid_amount=Subquery(applied.values("amount")[:1]),
            paid_number=Subquery(applied.values("number")[:1]),
            astray_allocation=Subquery(astray.values("allocation")[:1]),
            astray_amount=Subquery(astray.values("amount")[:1]),
            astray_number=Subquery(astray.values("number")[:1]),
            astray_error=Subquery(astray.values("error")[:1]),
            follows_unanswered=Exists(earlier.filter(unanswered)),
        )
        .order_by("-id")
    )


def latest_payment(public_id: str) -> MpesaPayment:
    """The newest attempt of the order with this public id; raises ``Http404``."""
    payment = tellable().filter(mpesa_order__public_id=public_id).first()
    if payment is None:
        raise Http404
    return payment


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one order's page says now. Times are UTC; ``sentence`` is in the active language."""

    state: str
    sentence: str
    amount: Decimal
    receipt_number: str
    phone: PhoneNumber
    order_number: str
    is_test: bool
    can_retry: bool
    can_send_again: bool
    another_may_come: bool
    retry_at: datetime | None
    keep_until: datetime

    @property
    def is_open(self) -> bool:
        """The page goes on looking for news."""
        return self.state in {"enter-pin", "checking", "arrived"}

    @property
    def version(self) -> str:
        """Changes when the page would say something else."""
        return f"{self.state}:{self.receipt_number}:{self.sentence}"


def tell(payment: MpesaPayment, *, now: datetime, shows_number: bool = False) -> Story:
    """The story of a payment that came from ``tellable``; the phone in full only for who typed it."""
    state = _state(payment, now)
    may_retry = state in {"failed", "unanswered", "wait"} and payment.outcome.again is not Again.NEVER
    retry_at = opens_at(payment, phone=payment.phone_number) if may_retry else None
    return Story(
        state=state,
        sentence=_sentence(payment, state, shows_number),
        amount=_amount(payment, state),
        receipt_number=_receipt_number(payment, state),
        phone=payment.phone_number,
        order_number=payment.mpesa_order.order.number,
        is_test=payment.environment != "production",
        can_retry=may_retry,
        can_send_again=may_retry and payment.outcome.again is not Again.OTHER_NUMBER,
        another_may_come=bool(getattr(payment, "follows_unanswered", False)) or (state == "paid" and payment.is_live),
        retry_at=retry_at if retry_at is not None and retry_at > now else None,
        keep_until=payment.mpesa_order.pay_before,
    )


def _state(payment: MpesaPayment, now: datetime) -> str:
    astray = getattr(payment, "astray_allocation", None)
    if astray == Allocation.SURPLUS:
        return "surplus"
    if getattr(payment, "paid_amount", None) is not None:
        return "paid"
    if astray is not None:
        return _astray_state(payment, astray)
    if _is_closed(payment):
        return "closed"
    if payment.is_live:
        waited = now - (payment.prompted_at or payment.created_at)
        return "enter-pin" if waited < STILL_CHECKING else "checking"
    if payment.was_unanswered:
        return "unanswered"
    damped = payment.result_code == "17" and payment.ended_at is not None and now < payment.ended_at + DAMPED
    return "wait" if damped else "failed"


def _is_closed(payment: MpesaPayment) -> bool:
    settings, order = get_settings(), payment.mpesa_order.order
    return payment.mpesa_order.is_released or order.status in {settings.CANCELLED_STATUS, settings.EXPIRED_STATUS}


def _astray_state(payment: MpesaPayment, astray: str) -> str:
    if astray == Allocation.MISMATCH:
        return "mismatch"
    return "arrived" if getattr(payment, "astray_error", "") else "late"


def _sentence(payment: MpesaPayment, state: str, shows_number: bool) -> str:
    phone = payment.phone_number.grouped if shows_number else payment.phone_number.masked
    if state in {"failed", "unanswered", "wait"}:
        return words(payment.outcome, phone=phone)
    if state == "checking":
        return words(outcomes.NO_ANSWER, phone=phone)
    return ""


def words(outcome: outcomes.Outcome, *, phone: str) -> str:
    """An outcome's sentence in the active language, its parts filled in."""
    settings = get_settings()
    help_line = settings.HELP or _("the shop")
    other = outcomes.OTHER_WAY if settings.OTHER_METHODS else outcomes.CALL_US
    parts = {
        "N": _(outcomes.NO_MONEY_TAKEN),
        "C": _(outcomes.IF_CONFIRMED),
        "other": _(other).format(help=help_line),
        "number": phone,
    }
    return _(outcome.sentence).format(**parts)


def _amount(payment: MpesaPayment, state: str) -> Decimal:
    if state in {"surplus", "mismatch", "late", "arrived"}:
        return Decimal(getattr(payment, "astray_amount", payment.amount))
    return Decimal(getattr(payment, "paid_amount", None) or payment.amount)


def _receipt_number(payment: MpesaPayment, state: str) -> str:
    told = "astray_number" if state in {"surplus", "mismatch", "late", "arrived"} else "paid_number"
    return getattr(payment, told, None) or ""


def answer_until(payment: MpesaPayment) -> datetime:
    """When the prompt's clock runs out and another may be sent, in UTC."""
    return (payment.prompted_at or payment.created_at) + PROMPT_LIFE
