"""Decide whether a callback's success is believed at once, or only after a query confirms it."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db.models import Q

from oscar_mpesa.conf import get_settings
from oscar_mpesa.daraja.callback_addresses import PUBLISHED_ADDRESSES
from oscar_mpesa.domain.payment_status import PaymentStatus
from oscar_mpesa.domain.push_codes import PUSH_CODES
from oscar_mpesa.domain.receipt_number import is_well_formed
from oscar_mpesa.models import CallbackReason, MpesaOrder, MpesaPayment, MpesaReceipt, Verdict
from oscar_mpesa.services.callback_reports import reported_receipt_numbers
from oscar_mpesa.services.update_sources import PaymentUpdate

#: A success that comes later after the push is queried before it is believed.
EXPECTED_WITHIN = timedelta(hours=24)


#: Doubts about when, in which order or from where a callback came. Its facts are right.
CIRCUMSTANCES = frozenset(
    {
        CallbackReason.OTHER_RESULT,
        CallbackReason.TOO_LATE,
        CallbackReason.NOT_FIRST,
        CallbackReason.OTHER_ADDRESS,
    }
)


def doubt_about(payment: MpesaPayment, update: PaymentUpdate, *, now: datetime) -> CallbackReason | None:
    """Return why a callback's success needs a confirmation, or None if it is expected. Makes at most three queries.

    Expected is the first callback of a payment, within 24 hours of its push, with the checkout id that Safaricom
    returned, the amount that was asked, and a new and well-formed M-PESA code, unless Safaricom has already named
    another result. The secret in the URL only says which payment it is about. Money that Safaricom has proven can get
    its missing code, and never a second one. The caller locks the payment.
    """
    numbers, is_new_number = _look_up(payment, update.receipt_number)
    if update.receipt_number in numbers - {None}:
        return None  # it repeats what is known
    if numbers - {None}:
        return CallbackReason.SECOND_CODE if _has_right_id(payment, update) else CallbackReason.OTHER_ID
    doubt = _doubt_about_facts(payment, update, is_new_number=is_new_number)
    if doubt is None and None in numbers:
        return _doubt_about_missing_code(payment, update, now)
    return doubt or _doubt_about_circumstances(payment, update, now)


def known_numbers(payment: MpesaPayment) -> set[str | None]:
    """Return the M-PESA codes of the payment's money, None for money without one."""
    return set(MpesaReceipt.objects.counted().filter(payment=payment).values_list("number", flat=True))


def is_new(number: str, payment: MpesaPayment) -> bool:
    """Return whether no other payment's money has this M-PESA code. What staff recorded proves nothing."""
    known = MpesaReceipt.objects.filter(environment=payment.environment, number=number)
    return not known.exclude(payment_id=payment.pk).exists()


def has_doubtful_amount(receipt: MpesaReceipt) -> bool:
    """Return whether another amount arrived than the push asked for, or callbacks only named another one (M5).

    Makes one query for money without a code. The code of its payment's amount ends the doubt.
    """
    if receipt.number is not None or receipt.payment is None:
        return not receipt.is_of_right_amount
    return receipt.payment.callbacks.filter(verdict=Verdict.MISMATCH).exists()


def is_confirming(mpesa_order: MpesaOrder, now: datetime) -> bool:
    """Return whether a payment of the order waits for the confirmation of a reported success. Makes one query."""
    return any(payment.is_confirming(now) for payment in mpesa_order.payments.exclude(confirming_since=None))


def is_from_elsewhere(address: str | None) -> bool:
    """Return whether a callback's address makes a confirmation necessary.

    Only with ``MPESA_CALLBACK_IP_POLICY=confirm``, for an address outside ``MPESA_ALLOWED_IPS``, or outside Safaricom's
    published list if that is empty. An unknown address needs a confirmation too. False in test mode without Safaricom.
    """
    ours = get_settings()
    if ours.CALLBACK_IP_POLICY != "confirm" or ours.is_simulated:
        return False
    networks = ours.ALLOWED_IPS or PUBLISHED_ADDRESSES
    return address is None or not any(ip_address(address) in ip_network(network) for network in networks)


def _look_up(payment: MpesaPayment, number: str | None) -> tuple[set[str | None], bool]:
    """Return ``known_numbers``, and whether a code ``is_new``, from one query."""
    own, same = Q(payment=payment, same_as=None), Q(environment=payment.environment, number=number or "")
    rows = list(MpesaReceipt.objects.filter(own | same).values_list("payment_id", "number"))
    numbers = {known for payment_id, known in rows if payment_id == payment.pk}
    return numbers, all(payment_id == payment.pk for payment_id, _ in rows)


def _doubt_about_facts(payment: MpesaPayment, update: PaymentUpdate, *, is_new_number: bool) -> CallbackReason | None:
    """Doubt what the callback says."""
    if not _has_right_id(payment, update):
        return CallbackReason.OTHER_ID
    if not update.amount or not update.receipt_number:
        return CallbackReason.INCOMPLETE
    if update.amount != payment.amount:
        return CallbackReason.OTHER_AMOUNT
    if not is_well_formed(update.receipt_number):
        return CallbackReason.INVALID_CODE
    return None if is_new_number else CallbackReason.KNOWN_CODE


def _has_right_id(payment: MpesaPayment, update: PaymentUpdate) -> bool:
    return bool(update.checkout_request_id) and update.checkout_request_id == payment.checkout_request_id


def _doubt_about_missing_code(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> CallbackReason | None:
    """Doubt the code for money that a query found, if other callbacks name another code."""
    if reported_receipt_numbers(payment) - {update.receipt_number}:
        return CallbackReason.SECOND_CODE
    if _is_too_late(payment, update, now):
        return CallbackReason.TOO_LATE
    return CallbackReason.OTHER_ADDRESS if update.is_from_elsewhere else None


def _doubt_about_circumstances(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> CallbackReason | None:
    """Doubt when, in which order and from where the callback came."""
    if _has_other_result(payment):
        return CallbackReason.OTHER_RESULT
    if _is_too_late(payment, update, now):
        return CallbackReason.TOO_LATE
    if update.has_predecessor:
        return CallbackReason.NOT_FIRST
    return CallbackReason.OTHER_ADDRESS if update.is_from_elsewhere else None


def _is_too_late(payment: MpesaPayment, update: PaymentUpdate, now: datetime) -> bool:
    arrived_at = update.received_at or now
    return payment.push_sent_at is None or arrived_at > payment.push_sent_at + EXPECTED_WITHIN


def _has_other_result(payment: MpesaPayment) -> bool:
    """Return whether Safaricom named a failure. Our own clock, and our own errors, do not contradict a success."""
    if payment.is_live or payment.is_paid or payment.was_unanswered:
        return False
    is_our_word = payment.result_code in PUSH_CODES or not payment.result_code
    return payment.status == PaymentStatus.EXPIRED.value or not is_our_word
