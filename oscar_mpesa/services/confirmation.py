"""Confirm unconfirmed callbacks by Safaricom's answer to a query."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from oscar_mpesa.daraja.stk_query import StkQueryReply
from oscar_mpesa.domain.receipt_number import is_well_formed
from oscar_mpesa.models import CallbackReason, EventType, MpesaPayment, Verdict
from oscar_mpesa.services import audit
from oscar_mpesa.services.callback_reports import Report, unconfirmed_reports
from oscar_mpesa.services.callbacks import set_verdict
from oscar_mpesa.services.commit import durable_transaction
from oscar_mpesa.services.deadlocks import repeat_on_deadlock
from oscar_mpesa.services.expected_callbacks import is_new, known_numbers
from oscar_mpesa.services.locks import lock_payment
from oscar_mpesa.services.payment_updates import apply_update
from oscar_mpesa.services.update_sources import update_from_query


@repeat_on_deadlock
def apply_paid_reply(payment: MpesaPayment, reply: StkQueryReply, *, checkout_id: str, now: datetime) -> None:
    """Apply a query's result 0, with the M-PESA code of an unconfirmed callback if exactly one code is reported.

    The result proves that the push of ``checkout_id`` was paid once, in the amount asked, and nothing else. If
    callbacks report another amount only, the money has the amount asked and no code, and waits for a decision. Money
    that has its code gets no other one.
    Must run outside a transaction. Locks the order, then the payment.
    """
    with durable_transaction():
        locked = lock_payment(payment)
        if locked.checkout_request_id is None:
            locked.checkout_request_id = checkout_id
            locked.save(update_fields=["checkout_request_id"])
        reports = [each for each in unconfirmed_reports(payment) if each[1].checkout_request_id == checkout_id]
        believed = _believed(locked, reports)
        verdict = apply_update(payment, believed[1], now=now) if believed else Verdict.UNMATCHED
        if verdict is Verdict.UNMATCHED:  # the money is proven, and no report tells its code
            _mark_other_amounts(locked, reports, now)
            apply_update(payment, update_from_query(reply), now=now)
            believed = None
        for callback, update in reports:
            if believed and callback.pk == believed[0].pk:
                set_verdict(callback, verdict)
            elif not update.receipt_number or (believed and update.receipt_number == believed[1].receipt_number):
                set_verdict(callback, Verdict.DUPLICATE)
        ended = {"unconfirmed_at": None, "confirming_since": None, "next_query_at": None}
        MpesaPayment.objects.filter(pk=payment.pk).update(**ended)


def _believed(payment: MpesaPayment, reports: list[Report]) -> Report | None:
    """Return the report of the amount asked, with the M-PESA code that is believed.

    Returns None if several codes are reported, because the query does not say which one is right.
    """
    if known_numbers(payment) - {None}:
        return None
    exact, _ = _usable(payment, reports)
    if len({update.receipt_number for _, update in exact}) != 1:
        return None
    callback, update = exact[0]
    return callback, replace(update, amount=Decimal(payment.amount), is_confirmed=True)


def _mark_other_amounts(payment: MpesaPayment, reports: list[Report], now: datetime) -> None:
    """Give reports of another amount their verdict, if none has the amount asked. The new money is not used then."""
    exact, others = _usable(payment, reports)
    if exact or known_numbers(payment):
        return
    for callback, update in others:
        set_verdict(callback, Verdict.MISMATCH, reason=CallbackReason.OTHER_AMOUNT)
        audit.record(EventType.RECEIPT_AMOUNT_CONFLICT, payment, now=now, amount=str(update.amount))


def _usable(payment: MpesaPayment, reports: list[Report]) -> tuple[list[Report], list[Report]]:
    """Return the reports that may be about the money: those of the amount asked or none, and those of another one."""
    usable = [report for report in reports if _has_usable_code(report, payment)]
    exact = [report for report in usable if report[1].amount in {None, payment.amount}]
    return exact, [report for report in usable if report not in exact]


def _has_usable_code(report: Report, payment: MpesaPayment) -> bool:
    update = report[1]
    number, is_money = update.receipt_number or "", update.amount is None or update.amount > 0
    return is_money and is_well_formed(number) and is_new(number, payment)
