"""Say what a payment page shows about the money of its order: amounts, M-PESA codes and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaOrder, MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page.money import OrderMoney, is_of_other_customer, shown_amount, visible_number
from oscar_mpesa.payment_page.page_state import PaymentPageState


@dataclass(frozen=True, slots=True, kw_only=True)
class PayersMoney:
    """What a payer who may not see the order's other money sees of their own payment. ``sentence`` can be empty."""

    amount: Decimal
    number: str
    paid_at: datetime
    sentence: str


def page_amount(payment: MpesaPayment, state: PaymentPageState, money: OrderMoney) -> Decimal:
    """Return what to pay now while the order can be paid, else what arrived, or what of it is not used."""
    if state.is_ended and payment.mpesa_order.balance is not None:
        return payment.mpesa_order.amount_due
    if state.is_paid_once:
        return money.worth
    if money.receipt is None or state != money.state:
        return Decimal(payment.amount)
    return money.receipt.unallocated if state.is_undecided else money.receipt.amount


def receipt_number(state: PaymentPageState, money: OrderMoney) -> str:
    """Return the M-PESA code of the money that the page is about; empty if there is none, or more than one."""
    if state != money.state:
        return ""
    if money.receipt is None:
        return money.number
    return visible_number(money.receipt)


def paid_at(state: PaymentPageState, money: OrderMoney) -> datetime | None:
    """Return when the last money came that pays the order, in UTC; None for other states, or if only staff know."""
    return max((each.paid_at for each in money.kept), default=None) if state.is_paid_once else None


def is_number_proven(state: PaymentPageState, money: OrderMoney) -> bool:
    """Return whether Safaricom reported the code of ``receipt_number``; staff entered any other."""
    known = money.receipt if money.receipt is not None and state == money.state else None
    return money.is_number_proven if known is None else known.number is not None


def awaits_code(money: OrderMoney) -> bool:
    """Return whether Safaricom has not named the M-PESA code of money of the order's own customer yet."""
    return any(each.number is None and not is_of_other_customer(each) for each in money.kept)


def is_more_than_owed(state: PaymentPageState, money: OrderMoney) -> bool:
    """Return whether more was paid than the order costs, rather than all of it twice."""
    receipt = money.receipt
    is_second = receipt is not None and order_messages.is_second_payment(receipt, paid_by=money.paid_by)
    return state.is_paid_twice and not is_second


def kept_names(money: OrderMoney, mpesa_order: MpesaOrder) -> tuple[str, ...]:
    """Name the money that counts for the order or awaits a decision, each with its M-PESA code."""
    receipts = (_kept_name(each, mpesa_order) for each in money.kept)
    claims = (order_messages.money_name(each.amount, each.number, is_proven=False) for each in money.claims)
    return (*receipts, *claims)


def _kept_name(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> str:
    amount, number = shown_amount(receipt, mpesa_order), visible_number(receipt)
    return order_messages.money_name(amount, number, is_proven=receipt.number is not None)


def decision_sentences(mpesa_order: MpesaOrder, money: OrderMoney, state: PaymentPageState) -> tuple[str, ...]:
    """Say what staff decided about other money than the receipt that the page is about."""
    without = money.receipt if state == money.state else None
    sentences = (_decision_sentence(each, mpesa_order) for each in money.decisions(without=without))
    return tuple(filter(None, sentences))


def _decision_sentence(receipt: MpesaReceipt, mpesa_order: MpesaOrder) -> str:
    return order_messages.decision_message(receipt, order=mpesa_order.order)


def money_sentence(state: PaymentPageState, money: OrderMoney, mpesa_order: MpesaOrder) -> str:
    """Say what happened to the money that leads to the state; empty if there is none, or it pays the order."""
    if state.is_part_paid:
        return part_paid_sentence(mpesa_order, money)
    if money.receipt is None or state != money.state:
        return ""
    if state.is_undecided:
        return _unmatched_sentence(money.receipt, money, mpesa_order)
    return _decision_sentence(money.receipt, mpesa_order)


def _unmatched_sentence(receipt: MpesaReceipt, money: OrderMoney, mpesa_order: MpesaOrder) -> str:
    is_second = order_messages.is_second_payment(receipt, paid_by=money.paid_by)
    return order_messages.unmatched_receipt_message(receipt, mpesa_order, is_second_payment=is_second)


def payers_money(payment: MpesaPayment, state: PaymentPageState, money: OrderMoney) -> PayersMoney | None:
    """Return what the payer of a payment sees of its receipt, without other orders and other money. None without it."""
    receipt, mpesa_order = money.receipt_of(payment), payment.mpesa_order
    if receipt is None:
        return None
    sentence = ""
    if state.is_part_paid:
        values = {"money": order_messages.receipt_name(receipt), "left": ksh(mpesa_order.amount_due)}
        sentence = _("Your %(money)s has arrived. %(left)s is left to pay.") % values
    elif state.is_undecided and receipt is money.receipt:
        sentence = _unmatched_sentence(receipt, money, mpesa_order)
    elif state.is_decided:
        sentence = order_messages.decision_message(receipt)
    return PayersMoney(amount=receipt.amount, number=receipt.number or "", paid_at=receipt.paid_at, sentence=sentence)


def part_paid_sentence(mpesa_order: MpesaOrder, money: OrderMoney) -> str:
    """Say what arrived of an order that is not paid in full, and what is left to pay; empty for all others."""
    if money.state is not PaymentPageState.PART_PAID:
        return ""
    return order_messages.part_paid_message(mpesa_order, received=money.worth, is_confirmed=not money.claims)
