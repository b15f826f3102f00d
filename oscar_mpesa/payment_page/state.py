"""A payment in the shopper's words: what the waiting page and its poll say, from one query until money came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.result_codes import Retry
from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.payments import next_push_allowed_at

#: After this long without an answer the page says "still checking", never "failed".
CHECKING_AFTER = timedelta(seconds=75)

#: The phone did not answer; it may still show the request when it comes back.
LATE_PROMPT_CODES = ("1036", "1037")

#: A result 17 within this time is a wait, not a failure.
REPEAT_WAIT = timedelta(minutes=2)


def payments_for_page() -> QuerySet[MpesaPayment]:
    """Payments with their order and whether money came for it, newest first, in one query."""
    of_order = MpesaReceipt.objects.filter(order_id=OuterRef("mpesa_order_id"))
    of_payment = MpesaReceipt.objects.filter(payment__mpesa_order_id=OuterRef("mpesa_order_id"))
    earlier = MpesaPayment.objects.filter(mpesa_order_id=OuterRef("mpesa_order_id"), pk__lt=OuterRef("pk"))
    unanswered = Q(status=PaymentStatus.EXPIRED.value) | Q(result_code__in=LATE_PROMPT_CODES)
    return (
        MpesaPayment.objects.select_related("mpesa_order__order")
        .annotate(
            has_money=Exists(of_order) | Exists(of_payment),
            follows_unanswered=Exists(earlier.filter(unanswered)),
        )
        .order_by("-id")
    )


def latest_payment(public_id: str) -> MpesaPayment:
    """The newest attempt of the order with this public id; raises ``Http404``."""
    payment = payments_for_page().filter(mpesa_order__public_id=public_id).first()
    if payment is None:
        raise Http404
    return payment


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """What one order's page says now. Times are UTC; sentences are in the active language.

    ``kept`` names each payment that stands, ``decisions`` says what became of the others; ``keep_until`` is None
    where the things are not kept any more. ``is_owners`` is false for who may pay only.
    """

    state: PaymentPageState
    sentence: str
    amount: Decimal
    receipt_number: str
    kept: tuple[str, ...]
    decisions: tuple[str, ...]
    phone: PhoneNumber
    order_number: str
    is_test: bool
    is_live: bool
    can_retry: bool
    can_send_again: bool
    can_pay_otherwise: bool
    can_pay_later: bool
    pays_later: bool
    can_restore: bool
    was_restored: bool
    another_may_come: bool
    retry_at: datetime | None
    keep_until: datetime | None
    is_owners: bool = True

    def for_payer(self, *, is_their_phone: bool) -> PaymentPage:
        """What is told to who came by a link: how much, and whether it is paid; the order is not theirs.

        The M-PESA code is only for whose own phone it was, and so are why it failed and another request to it.
        """
        is_asked = self.state.is_ended and not is_their_phone
        sentence = _("There is nothing left to pay.") if self.state.is_closed else self.sentence
        return replace(
            self,
            state=PaymentPageState.TO_PAY if is_asked else self.state,
            sentence="" if is_asked else sentence,
            receipt_number=self.receipt_number if is_their_phone else "",
            can_send_again=self.can_send_again and is_their_phone,
            kept=(),
            decisions=(),
            can_pay_otherwise=False,
            can_pay_later=False,
            pays_later=False,
            can_restore=False,
            was_restored=False,
            is_owners=False,
        )

    @property
    def heading(self) -> str:
        """Return the page's title and heading in the active language."""
        return _("Your things are kept") if self.pays_later else str(self.state.label)

    @property
    def is_open(self) -> bool:
        """Whether the page keeps checking for a change."""
        return self.state.is_open or (self.state.is_closed and self.is_live)

    @property
    def is_payable(self) -> bool:
        """Whether a prompt is on its way, or another one may be sent."""
        return self.state.is_payable

    @property
    def version(self) -> str:
        """Changes when the page would say something else."""
        shown = (self.is_open, self.can_restore, self.was_restored, self.keep_until is None, self.pays_later)
        flags = "".join(str(int(is_shown)) for is_shown in shown)
        return ":".join((self.state, flags, self.receipt_number, self.sentence, *self.decisions))


def payment_page(
    payment: MpesaPayment,
    *,
    now: datetime,
    shows_number: bool = False,
    money: OrderMoney | None = None,
) -> PaymentPage:
    """The page of a payment that came from ``tellable``; the phone in full only for who typed it.

    ``money`` is the order's, where it was looked up already.
    """
    if money is None:
        money = order_money(payment.mpesa_order_id) if getattr(payment, "has_money", True) else OrderMoney()
    return _build_page(payment, money, now, shows_number=shows_number)


def _build_page(payment: MpesaPayment, money: OrderMoney, now: datetime, *, shows_number: bool) -> PaymentPage:
    mpesa_order = payment.mpesa_order
    state = _state(payment, money, now)
    receipt = money.receipt if state == money.state else None
    phone = payment.phone_number.grouped if shows_number else payment.phone_number.masked
    may_retry = state.is_unpaid or (state.is_ended and payment.outcome.retry is not Retry.NEVER)
    return PaymentPage(
        state=state,
        sentence=_money_sentence(state, money) or _payment_sentence(payment, state, now, phone=phone),
        amount=receipt.amount if receipt else Decimal(payment.amount),
        receipt_number=(receipt.number if receipt else None) or "",
        kept=tuple(order_messages.receipt_name(each) for each in money.kept),
        decisions=tuple(order_messages.decision_message(each) for each in money.told_of(beside=receipt)),
        phone=payment.phone_number,
        order_number=mpesa_order.order.number,
        is_test=payment.environment != PRODUCTION,
        is_live=payment.is_live,
        can_retry=may_retry,
        can_send_again=may_retry and payment.outcome.retry is not Retry.OTHER_NUMBER,
        can_pay_otherwise=state.is_ended and has_other_method(),
        can_pay_later=may_retry and mpesa_order.pay_later_at is None,
        pays_later=state.is_ended and mpesa_order.pay_later_at is not None and mpesa_order.pay_before > now,
        can_restore=_can_restore(payment, state),
        was_restored=mpesa_order.basket_restored_at is not None,
        another_may_come=_another_may_come(payment, state),
        retry_at=_retry_at(payment, now) if may_retry else None,
        keep_until=mpesa_order.pay_before if mpesa_order.pay_before > now else None,
    )


def _state(payment: MpesaPayment, money: OrderMoney, now: datetime) -> PaymentPageState:
    if money.state is not None and money.state.has_money:
        return money.state
    if _is_closed(payment.mpesa_order):
        return money.state or PaymentPageState.CLOSED
    if payment.is_live:
        waited = now - (payment.push_sent_at or payment.created_at)
        return PaymentPageState.ENTER_PIN if waited < CHECKING_AFTER else PaymentPageState.CHECKING
    if not has_pending_status(payment.mpesa_order.order):
        return money.state or PaymentPageState.NOT_WAITING
    if payment.pk in {receipt.payment_id for receipt in money.decided}:
        return PaymentPageState.UNPAID
    return _state_of_ended(payment, now)


def _state_of_ended(payment: MpesaPayment, now: datetime) -> PaymentPageState:
    if payment.was_unanswered:
        return PaymentPageState.UNANSWERED
    damped = payment.result_code == "17" and payment.ended_at is not None and now < payment.ended_at + REPEAT_WAIT
    return PaymentPageState.WAIT if damped else PaymentPageState.FAILED


def _is_closed(mpesa_order: MpesaOrder) -> bool:
    settings = get_settings()
    return mpesa_order.is_closed or mpesa_order.order.status in {settings.CANCELLED_STATUS, settings.EXPIRED_STATUS}


def _can_restore(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Not while a request is on a phone: its money would come for an order that was given back."""
    mpesa_order = payment.mpesa_order
    is_free = mpesa_order.is_closed and mpesa_order.basket_restored_at is None and not payment.is_live
    return is_free and state.is_restorable


def _another_may_come(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """A request is, or may turn up, on a phone that has nothing to pay by it."""
    if (state.is_paid_once or state.is_closed) and payment.is_live:
        return True
    return (state.awaits_pin or state.is_paid_once) and bool(getattr(payment, "follows_unanswered", False))


def _retry_at(payment: MpesaPayment, now: datetime) -> datetime | None:
    opens = next_push_allowed_at(payment, phone=payment.phone_number)
    return opens if opens is not None and opens > now else None


def _money_sentence(state: PaymentPageState, money: OrderMoney) -> str:
    if money.receipt is None or state != money.state:
        return ""
    if state.is_undecided:
        return order_messages.unmatched_receipt_message(money.receipt)
    return "" if money.stands else order_messages.decision_message(money.receipt)


def _payment_sentence(payment: MpesaPayment, state: PaymentPageState, now: datetime, *, phone: str) -> str:
    if state.is_closed:
        return order_messages.closed_order_message(payment.mpesa_order, now=now)
    if state.is_not_waiting:
        return _(NotPayable.sentence)
    if state.is_unpaid:
        return _("Order %(number)s is not paid yet.") % {"number": payment.mpesa_order.order.number}
    if state.is_checking:
        return order_messages.outcome_message(result_codes.NO_ANSWER, phone=phone)
    if state.is_ended:
        return order_messages.outcome_message(payment.outcome, phone=phone)
    return ""


def prompt_expires_at(payment: MpesaPayment) -> datetime:
    """When the prompt's clock runs out and another may be sent, in UTC."""
    return (payment.push_sent_at or payment.created_at) + PROMPT_LIFETIME
