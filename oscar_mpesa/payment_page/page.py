"""Build the payment page of an order from its latest payment and its receipts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION, get_settings
from oscar_mpesa.domain.result_codes import Retry
from oscar_mpesa.models import MpesaOrder, MpesaPayment
from oscar_mpesa.models.orders import has_pending_status
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.payment_page import page_money
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.payment_page.payment_sentence import payment_sentence
from oscar_mpesa.services.expected_callbacks import is_confirming
from oscar_mpesa.services.pay_later import pay_later_refusal
from oscar_mpesa.services.repeated_prompts import next_push_allowed_at

#: A prompt without an answer for this long is "still checking".
CHECKING_AFTER = timedelta(seconds=75)

#: Result 17 (a repeated push) asks the shopper to wait for this time. Later it counts as a failure.
REPEAT_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """What an order's payment page shows now. Times are UTC. Sentences are in the active language.

    ``amount`` is what to pay now, what arrived, or what was too much, by the state. ``part_paid`` says what arrived of
    an order that is not paid in full. ``kept`` names the money that counts for the order or awaits a decision.
    ``decisions`` says what staff decided about other money. ``keep_until`` is when the unpaid order closes, or None if
    that time is over. ``phone`` is the number of the last prompt, masked or in full, and ``other_network`` the
    network of its prefix, if that is not Safaricom's. ``awaits_code`` is whether Safaricom has not named the code of
    money yet. ``payers`` is what the payer may see of the last payment's own money. ``is_owners`` is False for a reader
    who came by a payment link.
    """

    state: PaymentPageState
    sentence: str
    amount: Decimal
    receipt_number: str
    is_number_proven: bool
    is_more_than_owed: bool
    part_paid: str
    kept: tuple[str, ...]
    decisions: tuple[str, ...]
    phone: str = field(repr=False)
    other_network: str
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
    awaits_code: bool = False
    payers: page_money.PayersMoney | None = None
    is_owners: bool = True

    def for_payer(self, *, started_it: bool) -> PaymentPage:
        """Return the page for a reader of the payment link, without phone numbers and other people's money.

        Only a reader who ``started_it``, the last payment, sees why it failed, its amount and its M-PESA code.
        """
        own = self.payers if started_it else None
        state = self._state_for_payer(own, started_it=started_it)
        return replace(
            self,
            state=state,
            sentence=self._sentence_for_payer(state, own),
            amount=own.amount if own and state.has_money else self.amount,
            receipt_number=own.number if own else "",
            is_number_proven=True,
            awaits_code=False,
            payers=None,
            phone="",
            other_network="",
            can_send_again=False,
            retry_at=None,
            part_paid="",
            kept=(),
            decisions=(),
            can_pay_otherwise=False,
            can_pay_later=False,
            pays_later=False,
            can_restore=False,
            was_restored=False,
            is_owners=False,
        )

    def _state_for_payer(self, own: page_money.PayersMoney | None, *, started_it: bool) -> PaymentPageState:
        """Hide from readers what other money than their ``own`` leads to."""
        if self.state.is_ended and (not started_it or (self.state.is_part_paid and own is None)):
            return PaymentPageState.TO_PAY
        is_about_money = self.state.is_undecided or self.state.is_decided
        return PaymentPageState.NOT_WAITING if is_about_money and not (own and own.sentence) else self.state

    def _sentence_for_payer(self, state: PaymentPageState, own: page_money.PayersMoney | None) -> str:
        if state.is_closed or state.is_not_waiting or (state.is_paid_once and own is None):
            return _("There is nothing left to pay.")
        if state.is_to_pay:
            return ""
        return own.sentence if own and own.sentence else self.sentence

    @property
    def heading(self) -> str:
        """Return the page's title and heading in the active language."""
        if self.is_more_than_owed and self.state.is_paid_twice:
            return _("Too much was paid")
        return _("Your items are reserved") if self.pays_later else str(self.state.label)

    @property
    def lists_money(self) -> bool:
        """Whether the page lists ``kept``, because one M-PESA code does not say it all."""
        return bool(self.kept) and (self.state.is_paid_twice or self.state.is_part_paid or self.is_paid_in_parts)

    @property
    def is_paid_in_parts(self) -> bool:
        """Whether more than one payment pays the order."""
        return self.state.is_paid_once and len(self.kept) > 1

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
        return ":".join((self.state, flags, self.receipt_number, self.sentence, self.part_paid, *self.decisions))


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
    if money is None and getattr(payment, "has_money", True):
        money = order_money(payment.mpesa_order, has_claims=getattr(payment, "has_claims", True))
    money = money or OrderMoney()
    page = _build_page(payment, _state(payment, money, now), money, now)
    return replace(page, phone=payment.phone_number.grouped) if shows_number else page


def _build_page(payment: MpesaPayment, state: PaymentPageState, money: OrderMoney, now: datetime) -> PaymentPage:
    mpesa_order, can_retry = payment.mpesa_order, _can_retry(payment, state)
    return PaymentPage(
        state=state,
        sentence=_sentence(payment, state, money, now),
        amount=page_money.page_amount(payment, state, money),
        receipt_number=page_money.receipt_number(state, money),
        is_number_proven=page_money.is_number_proven(state, money),
        is_more_than_owed=page_money.is_more_than_owed(state, money),
        part_paid="" if state.is_part_paid else page_money.part_paid_sentence(mpesa_order, money),
        kept=page_money.kept_names(money, mpesa_order),
        decisions=page_money.decision_sentences(mpesa_order, money, state),
        awaits_code=page_money.awaits_code(money),
        payers=page_money.payers_money(payment, state, money),
        phone=payment.phone_number.masked,
        other_network=payment.phone_number.other_network,
        order_number=mpesa_order.order.number,
        is_test=payment.environment != PRODUCTION,
        is_live=payment.is_live,
        can_retry=can_retry,
        can_send_again=can_retry and payment.outcome.retry is not Retry.OTHER_NUMBER,
        can_pay_otherwise=state.is_ended and not money.worth and has_other_method(),
        can_pay_later=can_retry and mpesa_order.pay_later_at is None and pay_later_refusal(mpesa_order, now) is None,
        pays_later=state.is_ended and mpesa_order.pay_later_at is not None and mpesa_order.pay_before > now,
        can_restore=_can_restore(payment, state),
        was_restored=mpesa_order.basket_restored_at is not None,
        another_may_come=_another_may_come(payment, state),
        retry_at=_retry_at(payment, now) if can_retry else None,
        keep_until=mpesa_order.pay_before if mpesa_order.pay_before > now else None,
    )


def _sentence(payment: MpesaPayment, state: PaymentPageState, money: OrderMoney, now: datetime) -> str:
    about_money = page_money.money_sentence(state, money, payment.mpesa_order)
    return about_money or payment_sentence(payment, state, now)


def _can_retry(payment: MpesaPayment, state: PaymentPageState) -> bool:
    """Return whether a prompt for what is left to pay may be sent. A payment that arrived does not forbid it."""
    is_pending = has_pending_status(payment.mpesa_order.order)
    return state.is_ended and is_pending and (payment.is_paid or payment.allows_another)


def _state(payment: MpesaPayment, money: OrderMoney, now: datetime) -> PaymentPageState:
    if money.state is not None and money.state.has_money:
        return money.state
    if _is_confirming(payment, now):
        return PaymentPageState.CONFIRMING
    if _is_closed(payment.mpesa_order):
        return money.state or PaymentPageState.CLOSED
    if payment.is_live:
        waited = now - (payment.push_sent_at or payment.created_at)
        return PaymentPageState.ENTER_PIN if waited < CHECKING_AFTER else PaymentPageState.CHECKING
    if not has_pending_status(payment.mpesa_order.order):
        return money.state or PaymentPageState.NOT_WAITING
    return _state_of_ended(payment, money, now)


def _is_confirming(payment: MpesaPayment, now: datetime) -> bool:
    if payment.is_confirming(now):
        return True
    return getattr(payment, "has_unconfirmed", True) and is_confirming(payment.mpesa_order, now)


def _state_of_ended(payment: MpesaPayment, money: OrderMoney, now: datetime) -> PaymentPageState:
    if payment.is_paid or _is_newer_than_result(money, payment):
        return money.state if money.state is PaymentPageState.PART_PAID else PaymentPageState.UNPAID
    if payment.was_unanswered:
        return PaymentPageState.UNANSWERED
    must_wait = payment.result_code == "17" and payment.ended_at is not None and now < payment.ended_at + REPEAT_WAIT
    return PaymentPageState.WAIT if must_wait else PaymentPageState.FAILED


def _is_newer_than_result(money: OrderMoney, payment: MpesaPayment) -> bool:
    """Return whether money came for the order after its last prompt failed."""
    arrived_at, ended_at = money.arrived_at, payment.ended_at
    return arrived_at is not None and ended_at is not None and arrived_at > ended_at


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


def prompt_expires_at(payment: MpesaPayment) -> datetime:
    """Return when the prompt expires, in UTC. Then another one may be sent."""
    return (payment.push_sent_at or payment.created_at) + PROMPT_LIFETIME
