"""Build the payment page of an order from its latest payment and its receipts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import blake2s

from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.domain.outcomes import FirstAction, Retry
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.models.payments import PROMPT_LIFETIME
from oscar_mpesa.oscar_adapter.payment_methods import has_other_method
from oscar_mpesa.payment_page import page_actions, page_money
from oscar_mpesa.payment_page.formats import weekday_and_time
from oscar_mpesa.payment_page.money import OrderMoney, order_money
from oscar_mpesa.payment_page.order_state import page_state
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.payment_page.payment_sentence import payment_sentence, present_outcome
from oscar_mpesa.services.exceptions import NoOtherPrompt, NotPayable
from oscar_mpesa.services.pay_later import pay_later_refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """What an order's payment page shows now. Times are UTC. Sentences are in the active language.

    ``total`` is what the order costs. ``amount`` is what to pay now, what arrived, or what was too much, by the state.
    ``reason`` is the heading of a failure. ``first`` is what to do first after it. ``impersonal`` is ``sentence``
    without a phone number. ``for_link`` also suggests no other method, because readers of the payment link have none.
    ``part_paid`` says what arrived of an order that is not paid in full. ``kept`` names the money that counts for the
    order or awaits a decision. ``decisions`` says what staff decided about other money. ``keep_until`` is when the
    unpaid order closes, or None if that time is over. ``phone`` is the number of the last prompt, masked or in full,
    and ``other_network`` the network of its prefix, if the number may not be on Safaricom.
    ``prompt_ends`` is when the prompt leaves the phone, or None if there is none. ``awaits_code`` is whether Safaricom
    has not named the code of money yet. ``payers`` is what the payer may see of the last payment's own money.
    ``is_owners`` is False for a reader who came by a payment link.
    """

    state: PaymentPageState
    total: Decimal
    amount: Decimal
    receipt_number: str
    paid_at: datetime | None
    is_number_proven: bool
    is_more_than_owed: bool
    kept: tuple[str, ...]
    decisions: tuple[str, ...]
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
    keep_until: datetime | None
    phone: str = field(default="", repr=False)
    sentence: str = ""
    impersonal: str = ""
    for_link: str = field(default="", repr=False)
    reason: str = ""
    first: FirstAction = FirstAction.SEND_AGAIN
    reserved_until: str = ""
    part_paid: str = ""
    retry_at: datetime | None = None
    is_wait_by_result: bool = False
    prompt_ends: datetime | None = None
    next_check_at: datetime | None = None
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
            paid_at=own.paid_at if own else None,
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
        if state.is_not_waiting:
            return _(NotPayable.sentence)
        if state.is_closed or (state.is_paid_once and own is None):
            return _("There is nothing left to pay.")
        if state.is_to_pay:
            return "" if self.can_retry else _(NoOtherPrompt.sentence)
        return own.sentence if own and own.sentence else self.for_link

    @property
    def heading(self) -> str:
        """Return the page's title and heading in the active language."""
        if self.is_more_than_owed and self.state.is_paid_twice:
            return _("Too much was paid")
        if self.pays_later:
            return _("Reserved until %(time)s") % {"time": self.reserved_until}
        if self.state.awaits_pin and self.phone:
            return _("Enter your M-PESA PIN on %(phone)s") % {"phone": self.phone}
        return (self.reason if self.state.has_reason else "") or str(self.state.label)

    @property
    def order_amount(self) -> Decimal:
        """Return the amount that every page of the order shows: what to pay now, or what the order costs."""
        return self.amount if self.is_payable or self.state.is_paid_once else self.total

    @property
    def primary(self) -> FirstAction | None:
        """Return which of the next steps has the page's one primary button. None if the page offers none of them."""
        offered = {
            FirstAction.SEND_AGAIN: self.can_send_again,
            FirstAction.OTHER_NUMBER: self.can_retry,
            FirstAction.OTHER_METHOD: self.can_pay_otherwise,
            FirstAction.CHECK: self.state.is_unanswered,
        }
        return next((action for action in (self.first, *offered) if offered[action]), None)

    @property
    def offers_check(self) -> bool:
        """Whether the page has a button that checks for a change."""
        return self.is_open or self.state.is_unanswered

    @property
    def asks_for_own_number(self) -> bool:
        """Whether payers by link type their own number: the first time, and again unless another one is needed."""
        return self.state.is_to_pay or not (self.is_owners or self.first is FirstAction.OTHER_NUMBER)

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
        """Return a digest that changes whenever the page's content changes. Nobody can read a sentence from it."""
        flags = (self.is_open, self.can_restore, self.was_restored, self.keep_until is None, self.pays_later)
        texts = (self.receipt_number, self.sentence, self.part_paid, *self.decisions)
        content = "\n".join(map(str, (self.state, *flags, self.prompt_ends, *texts)))
        return blake2s(content.encode(), digest_size=8).hexdigest()


def payment_page(
    payment: MpesaPayment, *, now: datetime, shows_number: bool = False, money: OrderMoney | None = None
) -> PaymentPage:
    """Build the page of a payment that ``payments_for_page`` loaded. ``shows_number`` shows its phone in full.

    Queries the order's receipts if there are any and ``money`` is not given.
    """
    if money is None and getattr(payment, "has_money", True):
        money = order_money(payment.mpesa_order, has_claims=getattr(payment, "has_claims", True))
    money = money or OrderMoney()
    page = _build_page(payment, page_state(payment, money, now), money, now)
    outcome = present_outcome(payment, now)
    phone = payment.phone_number.grouped if shows_number else payment.phone_number.masked
    sentence = page_money.money_sentence(page.state, money, payment.mpesa_order)
    say = partial(payment_sentence, payment, page.state, now, outcome=outcome)
    return replace(
        page,
        phone=phone,
        reason=_(outcome.heading) if outcome.heading else "",
        first=page_actions.first_action(page.state, outcome),
        sentence=sentence or say(number=phone, suggests_other_method=page.can_pay_otherwise),
        impersonal=sentence or say(),
        for_link=sentence or say(suggests_other_method=False),
        reserved_until=weekday_and_time(payment.mpesa_order.pay_before, now),
        retry_at=page_actions.retry_at(payment, now) if page.can_retry else None,
        part_paid="" if page.state.is_part_paid else page_money.part_paid_sentence(payment.mpesa_order, money),
        is_wait_by_result=payment.outcome.wait > 0,
        prompt_ends=page_actions.prompt_ends(payment, page.state, now),
        next_check_at=page_actions.next_check_at(payment, page.state, now),
    )


def _build_page(payment: MpesaPayment, state: PaymentPageState, money: OrderMoney, now: datetime) -> PaymentPage:
    """Build a page without its sentences about the last payment, its phone and its times."""
    mpesa_order, can_retry = payment.mpesa_order, page_actions.can_retry(payment, state)
    return PaymentPage(
        state=state,
        total=mpesa_order.order.total_incl_tax,
        amount=page_money.page_amount(payment, state, money),
        receipt_number=page_money.receipt_number(state, money),
        paid_at=page_money.paid_at(state, money),
        is_number_proven=page_money.is_number_proven(state, money),
        is_more_than_owed=page_money.is_more_than_owed(state, money),
        kept=page_money.kept_names(money, mpesa_order),
        decisions=page_money.decision_sentences(mpesa_order, money, state),
        awaits_code=page_money.awaits_code(money),
        payers=page_money.payers_money(payment, state, money),
        other_network=page_actions.other_network(payment),
        order_number=mpesa_order.order.number,
        is_test=payment.environment != PRODUCTION,
        is_live=payment.is_live,
        can_retry=can_retry,
        can_send_again=can_retry and payment.outcome.retry is not Retry.OTHER_NUMBER,
        can_pay_otherwise=state.is_ended and not money.worth and has_other_method(),
        can_pay_later=can_retry and mpesa_order.pay_later_at is None and pay_later_refusal(mpesa_order, now) is None,
        pays_later=state.is_ended and mpesa_order.pay_later_at is not None and mpesa_order.pay_before > now,
        can_restore=page_actions.can_restore(payment, state),
        was_restored=mpesa_order.basket_restored_at is not None,
        another_may_come=page_actions.another_may_come(payment, state),
        keep_until=mpesa_order.pay_before if mpesa_order.pay_before > now else None,
    )


def prompt_expires_at(payment: MpesaPayment) -> datetime:
    """Return when the prompt expires, in UTC. Then another one may be sent."""
    return (payment.push_sent_at or payment.created_at) + PROMPT_LIFETIME
