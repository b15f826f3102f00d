"""The summary of a payment: whether it is paid, and what staff say to a caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from oscar_mpesa.daraja.redaction import redact
from oscar_mpesa.dashboard.dates import day_and_time, format_day
from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.outcomes import Retry
from oscar_mpesa.models import MpesaPayment, MpesaReceipt
from oscar_mpesa.oscar_adapter.order_messages import decision_message, receipt_name
from oscar_mpesa.payment_page.page import PaymentPage

_SEND_AGAIN = gettext_lazy(
    "No money has reached us from this prompt. If an M-PESA SMS says Confirmed, do not pay "
    "again and tell us its code. Otherwise we can send the prompt again."
)
_PAY_OTHERWISE = gettext_lazy(
    "No money has reached us from this prompt. If an M-PESA SMS says Confirmed, do not pay "
    "again and tell us its code. Otherwise pay from another number, or in another way."
)
_UNKNOWN = gettext_lazy(
    "We do not know yet. If an M-PESA SMS says Confirmed, you have paid: do not pay again, "
    "and tell us its code. Otherwise wait a moment while we check with Safaricom."
)
_PAID = gettext_lazy("Your payment arrived. There is nothing more to pay.")
_WAITING = gettext_lazy(
    "The prompt is on the phone. Enter the M-PESA PIN there, or press Cancel. We never ask for the PIN."
)
_UNSENT = gettext_lazy("The prompt has not been sent yet. Wait a minute.")
_DECIDING = gettext_lazy("Your money arrived. We are deciding what to do with it and will tell you; do not pay again.")
_DECIDING_BESIDE = gettext_lazy(
    "Your order is paid. More money arrived for it. We are deciding what to do with that and "
    "will tell you; do not pay again."
)
_ORDER_PAID = gettext_lazy("Your order is paid.")
_ORDER_UNPAID = gettext_lazy("Your order is not paid yet.")
_PAID_OTHERWISE = gettext_lazy("Money for your order has already arrived. Do not pay again.")
_CLOSED = gettext_lazy(
    "The order is closed, and no money for it has reached us. If an M-PESA SMS says Confirmed, tell us its code. "
    "Otherwise order again."
)

#: What to say after a payment that failed.
_NEXT: Mapping[Retry, Any] = {
    Retry.NOW: _SEND_AGAIN,
    Retry.WAIT: _SEND_AGAIN,
    Retry.AFTER_QUERY: _UNKNOWN,
    Retry.OTHER_NUMBER: _PAY_OTHERWISE,
    Retry.NEVER: _PAY_OTHERWISE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSummary:
    """A headline, what happened, and what staff say to a caller; ``color`` is Bootstrap's."""

    headline: Any
    happened: str
    say: str
    color: str


def payment_summary(
    payment: MpesaPayment,
    page: PaymentPage,
    ledger: OrderLedger,
    *,
    newest: MpesaPayment,
    phone: str,
    shows_phones: bool,
) -> PaymentSummary:
    """Return the summary of a payment.

    ``page`` is the order's payment page, ``newest`` the order's last payment, ``ledger`` the order's money. ``phone``
    is already masked if necessary; without ``shows_phones`` other numbers are masked too.
    """
    receipt = ledger.receipt_of(payment)
    if receipt is not None:
        return _with_receipt(receipt, page, ledger, shows_phones=shows_phones)
    if page.state.is_confirming:
        return PaymentSummary(
            headline=_("Money was reported, and Safaricom has not confirmed it yet."),
            happened=page.sentence,
            say=str(_UNKNOWN),
            color="info",
        )
    if payment.is_live:
        return _while_open(payment, ledger, phone)
    return _after_end(payment, page, ledger, newest, phone)


def _with_receipt(
    receipt: MpesaReceipt, page: PaymentPage, ledger: OrderLedger, *, shows_phones: bool
) -> PaymentSummary:
    values = {
        "money": receipt_name(receipt),
        "moment": day_and_time(receipt.paid_at),
        "use": ledger.use_of(receipt),
    }
    happened = _("%(money)s arrived on %(moment)s: %(use)s.") % values
    refunds = [*_refund_sentences(receipt, ledger, shows_phones=shows_phones)]
    if receipt.needs_decision or ledger.undecided:
        say = " ".join([str(_DECIDING_BESIDE if ledger.mpesa_order.is_paid else _DECIDING), *refunds])
        return PaymentSummary(headline=_("Money needs attention."), happened=happened, say=say, color="warning")
    if ledger.worth_here(receipt) > 0:
        return _with_counting_receipt(happened, refunds, ledger)
    decision = [decision_message(receipt, order=ledger.mpesa_order.order)] if not refunds else []
    say = " ".join([*_order_sentences(page, ledger), *refunds, *decision])
    return PaymentSummary(headline=_("Money arrived and was resolved."), happened=happened, say=say, color="info")


def _with_counting_receipt(happened: str, refunds: list[str], ledger: OrderLedger) -> PaymentSummary:
    """Return the summary of money that counts for the order. A part is never called *paid* without more words."""
    if not ledger.mpesa_order.is_paid:
        say = " ".join([_part_paid(ledger), *refunds])
        return PaymentSummary(headline=pgettext("label", "Partly paid."), happened=happened, say=say, color="warning")
    headline = _("Paid, and partly refunded.") if refunds else pgettext("label", "Paid.")
    say = " ".join([str(_PAID), *refunds])
    return PaymentSummary(headline=headline, happened=happened, say=say, color="success")


def _order_sentences(page: PaymentPage, ledger: OrderLedger) -> Iterator[str]:
    """Yield whether the order is paid."""
    if ledger.mpesa_order.is_paid and ledger.kept_amount > 0:
        yield str(_ORDER_PAID)
    elif page.can_retry:
        yield _part_paid(ledger) if ledger.kept_amount > 0 else str(_ORDER_UNPAID)


def _part_paid(ledger: OrderLedger) -> str:
    values = {"received": ksh(ledger.kept_amount), "missing": ksh(ledger.missing)}
    if ledger.unconfirmed:
        return _("%(received)s is recorded for your order. %(missing)s is still missing.") % values
    return _("We received %(received)s for your order. %(missing)s is still missing.") % values


def _refund_sentences(receipt: MpesaReceipt, ledger: OrderLedger, *, shows_phones: bool) -> Iterator[str]:
    """Yield each refund with the reference that the caller finds in an M-PESA SMS."""
    for refund in ledger.refunds_of_receipt(receipt):
        yield _("Of %(money)s we refunded %(part)s on %(day)s: %(reference)s.") % {
            "part": ksh(refund.amount),
            "day": format_day(refund.happened_at),
            "money": receipt_name(receipt),
            "reference": redact(refund.code, shows_phones=shows_phones),
        }


def _while_open(payment: MpesaPayment, ledger: OrderLedger, phone: str) -> PaymentSummary:
    if payment.push_sent_at is None:
        happened = _("The prompt to %(phone)s has not been sent yet.") % {"phone": phone}
        return PaymentSummary(headline=_("Not sent yet."), happened=happened, say=str(_UNSENT), color="info")
    values = {"phone": phone, "moment": day_and_time(payment.push_sent_at)}
    happened = _("The prompt went to %(phone)s on %(moment)s and has no answer so far.") % values
    say = _PAID_OTHERWISE if has_enough(ledger) else _WAITING
    return PaymentSummary(headline=_("Waiting for the phone."), happened=happened, say=str(say), color="info")


def _after_end(
    payment: MpesaPayment, page: PaymentPage, ledger: OrderLedger, newest: MpesaPayment, phone: str
) -> PaymentSummary:
    values = {
        "phone": phone,
        "amount": ksh(payment.amount),
        "what": _(payment.outcome.meaning),
        "moment": day_and_time(payment.ended_at or payment.created_at),
    }
    happened = _("The prompt for %(amount)s to %(phone)s ended on %(moment)s: %(what)s.") % values
    if has_enough(ledger):
        return _with_other_money(page, ledger, happened)
    headline, say = _end_headline(payment, ledger), _what_to_say(newest, page, ledger)
    return PaymentSummary(headline=headline, happened=happened, say=say, color="warning")


def _end_headline(payment: MpesaPayment, ledger: OrderLedger) -> str:
    if ledger.kept_amount > 0:
        return _("The order is partly paid, but not by this payment.")
    if payment.was_unanswered:
        return pgettext("label", "No answer.")
    return _("No clear answer.") if payment.needs_query else pgettext("label", "Not paid.")


def _with_other_money(page: PaymentPage, ledger: OrderLedger, happened: str) -> PaymentSummary:
    """Return the summary if the order's money came by another payment, or by a payment that staff recorded."""
    arrived = _("%(money)s arrived for the order.") % {"money": ", ".join(page.kept)}
    is_paid = ledger.mpesa_order.is_paid
    paid, unpaid = _("The order is paid, but not by this payment."), _("Money arrived, but not from this payment.")
    return PaymentSummary(
        headline=paid if is_paid else unpaid,
        happened=f"{arrived} {happened}",
        say=str(_PAID_OTHERWISE),
        color="success" if is_paid and not ledger.undecided else "warning",
    )


def _what_to_say(newest: MpesaPayment, page: PaymentPage, ledger: OrderLedger) -> str:
    """Return what to say by the order's last payment, which can be later than the page's payment."""
    if page.is_live:
        return str(_WAITING)
    if page.state.is_closed:
        return str(_CLOSED)
    if not page.state.is_ended and not _owes_as_enrolled(
        page, ledger
    ):  # the money was refunded, or the order needs none
        return " ".join([page.sentence, *page.decisions])
    if ledger.kept_amount > 0:
        return _part_paid(ledger)
    return _("The last payment: %(what)s.") % {"what": _(newest.outcome.meaning)} + f" {_NEXT[newest.outcome.retry]}"


def _owes_as_enrolled(page: PaymentPage, ledger: OrderLedger) -> bool:
    """Return whether only staff may collect what is missing, because the order came by another payment method."""
    return page.state.is_not_waiting and ledger.mpesa_order.is_enrolled and ledger.missing > 0


def has_enough(ledger: OrderLedger) -> bool:
    """Return whether money pays the order or waits for a decision, so that nobody should pay again."""
    return (ledger.mpesa_order.is_paid and ledger.kept_amount > 0) or bool(ledger.undecided)
