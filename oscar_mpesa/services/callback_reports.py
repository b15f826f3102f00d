"""Read again what stored callbacks of a payment say."""

from __future__ import annotations

from typing import TypeAlias

from django.db.models import QuerySet

from oscar_mpesa.daraja.stk_push import CallbackUnreadable, parse_callback
from oscar_mpesa.models import CallbackReason, MpesaCallback, MpesaPayment, Verdict
from oscar_mpesa.services.update_sources import PaymentUpdate, update_from_callback

#: A stored callback, and what it says.
Report: TypeAlias = tuple[MpesaCallback, PaymentUpdate]

#: The most callbacks of one payment to read, newest first. A flood of posts must not fill the memory.
MAX_REPORTS = 50


def unconfirmed_reports(payment: MpesaPayment) -> list[Report]:
    """Return the successes that wait for a confirmation, oldest first. Leaves out those with another checkout id."""
    waiting = MpesaCallback.objects.filter(payment=payment, verdict=Verdict.UNCONFIRMED)
    return _read_all(waiting.exclude(reason=CallbackReason.OTHER_ID) if payment.checkout_request_id else waiting)


def reported_result_codes(payment: MpesaPayment) -> set[str]:
    """Return the result codes that the payment's callbacks name."""
    return {update.code for _, update in _read_all(MpesaCallback.objects.filter(payment=payment)) if update.code}


def reported_receipt_numbers(payment: MpesaPayment) -> set[str]:
    """Return the M-PESA codes that callbacks with the payment's checkout id name for its amount, believed or not."""
    updates = [update for _, update in _read_all(MpesaCallback.objects.filter(payment=payment))]
    own = (update for update in updates if update.checkout_request_id == payment.checkout_request_id)
    exact = (update for update in own if update.amount in {None, payment.amount})
    return {update.receipt_number for update in exact if update.receipt_number}


def reported_checkout_id(payment: MpesaPayment) -> str | None:
    """Return a checkout id that unconfirmed callbacks name, if the reply to the push was lost and brought none.

    Ids of other payments are left out. Each query takes the next id, because some may be invented.
    """
    named = {
        update.checkout_request_id: None for _, update in unconfirmed_reports(payment) if update.checkout_request_id
    }
    taken = MpesaPayment.objects.filter(checkout_request_id__in=named).values_list("checkout_request_id", flat=True)
    ids = [checkout_id for checkout_id in named if checkout_id not in set(taken)]
    ids.sort(key=lambda checkout_id: not checkout_id.endswith(payment.phone[-9:]))  # Safaricom's end with the phone
    return ids[payment.query_count % len(ids)] if ids else None


def _read_all(callbacks: QuerySet[MpesaCallback]) -> list[Report]:
    newest = callbacks.order_by("-pk")[:MAX_REPORTS]
    pairs = ((callback, _read(callback)) for callback in reversed(newest))
    return [(callback, update) for callback, update in pairs if update is not None]


def _read(callback: MpesaCallback) -> PaymentUpdate | None:
    try:
        return update_from_callback(parse_callback(bytes(callback.body)))
    except CallbackUnreadable:
        return None
