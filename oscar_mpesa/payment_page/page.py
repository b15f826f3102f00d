"""Build the payment page of an order from its latest payment and its receipts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain import result_codes
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.domain.result_codes import Retry
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.services.exceptions import NotPayable
from oscar_mpesa.services.payments import next_push_allowed_at

#: A prompt without an answer for this long is "still checking".
CHECKING_AFTER = timedelta(seconds=75)

#: Result 17 (a repeated push) asks the shopper to wait for this time. Later it counts as a failure.
REPEAT_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """What an order's payment page shows now. Times are UTC. Sentences are in the active language.

    ``kept`` names the receipts that pay the order or await a decision. ``decisions`` says what staff decided about
    the others. ``keep_until`` is when the unpaid order closes, or None if that time is over. ``is_owners`` is False for
    a reader who came by a payment link.
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
        """Return the page for a reader of the payment link: the amount, and whether it is paid.

        Only the payer whose phone it was sees the M-PESA code and the reason of a failure, and can send the prompt
        again.
        """
        is_to_pay = self.state.is_ended and not is_their_phone
        sentence = _("There is nothing left to pay.") if self.state.is_closed else self.sentence
        return replace(
            self,
            state=PaymentPageState.TO_PAY if is_to_pay else self.state,
            sentence="" if is_to_pay else sentence,
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
        return _("Your items are reserved") if self.pays_later else str(self.state.label)

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
        """Return a text that changes whenever the page's content changes."""
        values = (self.is_open, self.can_restore, self.was_restored, self.keep_until is None, self.pays_later)
        flags = "".join(str(int(value)) for value in values)
        return ":".join((self.state, flags, self.receipt_number, self.sentence, *self.decisions))


def payment_page(
    payment: MpesaPayment,
    *,
    now: datetime,
    shows_number: bool = False,
    money: OrderMoney | None = None,
) -> PaymentPage:
    """Build the page of a payment that ``payments_for_page`` loaded. ``shows_number`` shows its phone in full.

    Queries the order's receipts if there are any and ``money`` is not given.
    """
    if money is None:
        money = order_money(payment.mpesa_order_id) if getattr(payment, "has_money", True) else OrderMoney()
    return _build_page(payment, money, now, shows_number=shows_number)


def _build_page(payment: MpesaPayment, money: OrderMoney, now: datetime, *, shows_number: bool) -> PaymentPage:
    mpesa_order = payment.mpesa_order
    state = _state(payment, money, now)
    receipt = money.receipt if state == money.state else None
    phone = payment.phone_number.grouped if shows_number else payment.phone_number.masked
    can_retry = state.is_unpaid or (state.is_ended and payment.outcome.retry is not Retry.NEVER)
    return PaymentPage(
        state=state,
        sentence=_money_sentence(state, money) or _payment_sentence(payment, state, now, phone=phone),
        amount=receipt.amount if receipt else Decimal(payment.amount),
        receipt_number=(receipt.number if receipt else None) or "",
        kept=tuple(order_messages.receipt_name(each) for each in money.kept),
        decisions=tuple(order_messages.decision_message(each) for each in money.decisions(without=receipt)),
        phone=payment.phone_number,
        order_number=mpesa_order.order.number,
        is_test=payment.environment != PRODUCTION,
        is_live=payment.is_live,
        can_retry=can_retry,
        can_send_again=can_retry and payment.outcome.retry is not Retry.OTHER_NUMBER,
        can_pay_otherwise=state.is_ended and has_other_method(),
        can_pay_later=can_retry and mpesa_order.pay_later_at is None,
        pays_later=state.is_ended and mpesa_order.pay_later_at is not None and mpesa_order.pay_before > now,
        can_restore=_can_restore(payment, state),
        was_restored=mpesa_order.basket_restored_at is not None,
        another_may_come=_another_may_come(payment, state),
        retry_at=_retry_at(payment, now) if can_retry else None,
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
    must_wait = payment.result_code == "17" and payment.ended_at is not None and now < payment.ended_at + REPEAT_WAIT
    return PaymentPageState.WAIT if must_wait else PaymentPageState.FAILED


def _is_closed(mpesa_order: MpesaOrder) -> bool:
    settings = get_settings()
    return mpesa_order.is_closed or mpesa_order.order.status in {settings.CANCELLED_STATUS, settings.EXPIRED_STATUS}


def _can_restore(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Forbid restoring the basket while a prompt is pending, because its money would come for a restored order."""
    mpesa_order = payment.mpesa_order
    is_restorable = mpesa_order.is_closed and mpesa_order.basket_restored_at is None and not payment.is_live
    return is_restorable and state.is_restorable


def _another_may_come(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Return whether a prompt is, or may still appear, on a phone although nothing is left to pay with it."""
    if (state.is_paid_once or state.is_closed) and payment.is_live:
        return True
    return (state.awaits_pin or state.is_paid_once) and bool(getattr(payment, "follows_unanswered", False))


def _retry_at(payment: MpesaPayment, now: datetime) -> datetime | None:
    allowed_at = next_push_allowed_at(payment, phone=payment.phone_number)
    return allowed_at if allowed_at is not None and allowed_at > now else None


def _money_sentence(state: PaymentPageState, money: OrderMoney) -> str:
    if money.receipt is None or state != money.state:
        return ""
    if state.is_undecided:
        return order_messages.unmatched_receipt_message(money.receipt)
    return "" if money.has_arrived else order_messages.decision_message(money.receipt)


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
    """Return when the prompt expires, in UTC. Then another one may be sent."""
    return (payment.push_sent_at or payment.created_at) + PROMPT_LIFETIME
