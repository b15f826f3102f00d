"""Say how an order's last payment stands, for states that are not about money that arrived."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from oscar_mpesa.alerts.readiness import seems_down
from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain import outcomes, push_codes, result_codes
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.oscar_adapter import order_messages
from oscar_mpesa.payment_page.page_state import PaymentPageState
from oscar_mpesa.services.exceptions import NotPayable

MISCONFIGURED, NOT_SENT = "misconfigured", push_codes.PUSH_CODES["not-sent"]


def payment_sentence(
    payment: MpesaPayment,
    state: PaymentPageState,
    now: datetime,
    *,
    outcome: outcomes.Outcome,
    number: str = "",
    suggests_other_method: bool = True,
) -> str:
    """Say what happened to an order's last payment and what to do next; empty for states that need no sentence.

    ``outcome`` is the payment's ``present_outcome``. ``number`` is the phone as the reader may see it. Without it, the
    sentence names no phone. Without ``suggests_other_method``, it names the support contact instead.
    """
    if state.is_closed:
        has_open_claim = bool(getattr(payment, "has_open_claim", False))
        return order_messages.closed_order_message(payment.mpesa_order, now=now, has_open_claim=has_open_claim)
    if state.is_confirming:
        values = {"amount": ksh(payment.amount), "number": payment.mpesa_order.order.number}
        sentence = _("M-PESA has reported %(amount)s for order %(number)s. We're confirming it; don't pay again.")
        return sentence % values
    if state.is_not_waiting:
        return _(NotPayable.sentence)
    if state.is_unpaid:
        return order_messages.unpaid_order_message(payment.mpesa_order)
    if state.is_checking:
        return order_messages.outcome_message(result_codes.NO_ANSWER)
    if state.is_ended:
        return order_messages.outcome_message(outcome, number=number, suggests_other_method=suggests_other_method)
    return ""


def present_outcome(payment: MpesaPayment, now: datetime) -> outcomes.Outcome:
    """Return the outcome to show. Once wrong settings are fixed, only that the prompt was not sent."""
    if payment.result_code != MISCONFIGURED or get_settings().available_to == "nobody" or seems_down(now):
        return payment.outcome
    return NOT_SENT
